package crypto

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/pgveil/pgveil/crypto/kms"
)

// Store is a directory that keeps one installation's realm and its column keys, wrapped by a master key. Its files are
// safe to back up, apart from the master key; never delete one while cells sealed under it are left. A Store may be
// used by several goroutines; two processes should not make keys in one store at the same time.
type Store struct {
	dir   string
	realm [realmSize]byte
	mu    sync.Mutex // held while changing files
}

// KeyInfo is what a key file says openly.
type KeyInfo struct {
	ID   ColumnID
	Name string
	Mode Mode
	// Normalize are the steps of a key of ModeIndexed.
	Normalize string
	Created   time.Time
	File      string // its name within the store
	// Problem says why the file can't be read; the other fields but File may then be zero. Whether its keyset opens is
	// known only after Load.
	Problem error
}

// InitStore makes a key store with a new realm in dir, which it creates (mode 0700) or which must be empty of one. It
// never replaces a store ([ErrStoreExists]): without the old realm no cell opens any more.
func InitStore(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("crypto: key store: %w", err)
	}
	if infos, err := keyFiles(dir); err != nil {
		return err
	} else if len(infos) > 0 {
		return fmt.Errorf("%w: %s holds key files of a store whose %s is missing", ErrStoreExists, dir, storeFileName)
	}
	var realm [realmSize]byte
	if _, err := rand.Read(realm[:]); err != nil {
		return fmt.Errorf("crypto: key store: %w", err)
	}
	err := createJSON(filepath.Join(dir, storeFileName), storeFile{
		Format: storeFormat, Version: storeVersion, Realm: realm[:], Created: now(),
	})
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrStoreExists, dir)
	}
	return err
}

// OpenStore opens the key store in dir. It reads no key.
func OpenStore(dir string) (*Store, error) {
	f, err := readStoreFile(dir)
	if err != nil {
		return nil, err
	}
	return &Store{dir: dir, realm: [realmSize]byte(f.Realm)}, nil
}

// List gives what the key files say openly, by number; files that can't be read come with their Problem.
func (s *Store) List() []KeyInfo {
	names, err := keyFiles(s.dir)
	if err != nil {
		return []KeyInfo{{Problem: err}}
	}
	infos := make([]KeyInfo, 0, len(names))
	for _, name := range names {
		f, err := readKeyFile(s.dir, name)
		infos = append(infos, KeyInfo{ID: f.ID, Name: f.Name, Mode: f.Mode, Normalize: f.Normalize, Created: f.Created, File: name, Problem: err})
	}
	return infos
}

// CreateKey makes a column key, wraps it with the master key and makes its file durable. Name must be new
// ([ErrKeyExists]), of 1 to 200 bytes, printable. The store must have been used with this master key, or with none yet
// ([ErrMasterKey]). Numbers are given in order, from 1.
func (s *Store) CreateKey(ctx context.Context, master kms.KMS, name string, mode Mode) (ColumnID, error) {
	return s.create(ctx, master, keyFile{Name: name, Mode: mode})
}

// CreateIndexedKey is CreateKey in ModeIndexed, for values that are normalised by the steps, joined by commas. The key file says so for ever:
// cells of other steps could not be found beside these.
func (s *Store) CreateIndexedKey(ctx context.Context, master kms.KMS, name, steps string) (ColumnID, error) {
	return s.create(ctx, master, keyFile{Name: name, Mode: ModeIndexed, Normalize: steps})
}

// create makes the key of which f has name, mode and steps.
func (s *Store) create(ctx context.Context, master kms.KMS, f keyFile) (ColumnID, error) {
	name := f.Name
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := checkName(name); err != nil {
		return 0, err
	}
	tmpl, err := template(f.Mode)
	if err != nil {
		return 0, err
	}
	id, err := s.nextID(name)
	if err != nil {
		return 0, err
	}
	if err := s.bindMaster(ctx, master); err != nil {
		return 0, err
	}
	handle, err := keyset.NewHandle(tmpl)
	if err != nil {
		return 0, fmt.Errorf("crypto: key %q: %w", name, err)
	}
	f.ID, f.Created = id, now()
	f, err = s.sealKeyFile(ctx, master, f, handle)
	if err != nil {
		return 0, err
	}
	// The file is named by its number and never overwritten, so two processes can't both take one number.
	if err := createJSON(filepath.Join(s.dir, keyFileName(id)), f); err != nil {
		return 0, err
	}
	return id, nil
}

// AddVersion gives a ModeRandom key a new version that seals from now on; what older versions sealed still opens. Other
// processes must load the store again before they can open what the new version seals. In all other modes it is refused:
// equal values would no longer give equal cells, nor ordered ones cells in their order. It returns the version's Tink key id.
func (s *Store) AddVersion(ctx context.Context, master kms.KMS, name string) (uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f, err := s.find(name)
	if err != nil {
		return 0, err
	}
	if f.Mode != ModeRandom {
		return 0, fmt.Errorf("%w: key %q is %s and can't have two versions", ErrWrongMode, name, f.Mode)
	}
	if err := s.checkMaster(ctx, master); err != nil {
		return 0, err
	}
	_, handle, err := s.openKeyFile(ctx, master, f)
	if err != nil {
		return 0, err
	}
	tmpl, err := template(f.Mode)
	if err != nil {
		return 0, err
	}
	m := keyset.NewManagerFromHandle(handle)
	version, err := m.Add(tmpl)
	if err != nil {
		return 0, fmt.Errorf("crypto: key %q: %w", name, err)
	}
	if err := m.SetPrimary(version); err != nil {
		return 0, fmt.Errorf("crypto: key %q: %w", name, err)
	}
	if handle, err = m.Handle(); err != nil {
		return 0, fmt.Errorf("crypto: key %q: %w", name, err)
	}
	if f, err = s.sealKeyFile(ctx, master, f, handle); err != nil {
		return 0, err
	}
	return version, replaceJSON(filepath.Join(s.dir, keyFileName(f.ID)), f)
}

// nextID refuses to number a key while any file can't be read: it might hold that number or name.
func (s *Store) nextID(name string) (ColumnID, error) {
	var last ColumnID
	for _, info := range s.List() {
		if info.Problem != nil {
			return 0, info.Problem
		}
		if info.Name == name {
			return 0, fmt.Errorf("%w: %q is column key %d", ErrKeyExists, name, info.ID)
		}
		last = max(last, info.ID)
	}
	if last == ^ColumnID(0) {
		return 0, errors.New("crypto: no column key numbers left")
	}
	return last + 1, nil
}

// find reads the file of the key of that name.
func (s *Store) find(name string) (keyFile, error) {
	var problems []error
	for _, info := range s.List() {
		if info.Problem == nil && info.Name == name {
			return readKeyFile(s.dir, info.File)
		}
		problems = append(problems, info.Problem)
	}
	return keyFile{}, errors.Join(fmt.Errorf("%w: %q", ErrKeyNotFound, name), errors.Join(problems...))
}

// bindMaster ties a store that has no key yet to its master key, and later checks that it is the same one.
func (s *Store) bindMaster(ctx context.Context, master kms.KMS) error {
	f, err := readStoreFile(s.dir)
	if err != nil {
		return err
	}
	if len(f.MasterCheck) > 0 {
		return s.checkMaster(ctx, master)
	}
	if len(s.List()) > 0 {
		return fmt.Errorf("%w: %s has keys but no master_check", ErrTampered, filepath.Join(s.dir, storeFileName))
	}
	f.MasterCheck, err = master.Wrap(ctx, []byte(masterPurpose), masterAD(s.realm))
	if err != nil {
		return fmt.Errorf("crypto: wrap with %s: %w", master.URI(), err)
	}
	f.Master = master.URI()
	return replaceJSON(filepath.Join(s.dir, storeFileName), f)
}

// checkName keeps names printable, since they stand in logs and in error texts.
func checkName(name string) error {
	printable := strings.IndexFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
	if name == "" || len(name) > 200 || !utf8.ValidString(name) || !printable || strings.TrimSpace(name) != name {
		return fmt.Errorf("crypto: key name %q: want 1 to 200 bytes of printable text", name)
	}
	return nil
}

// now is the time as key files hold it.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
