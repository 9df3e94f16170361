package crypto

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

const (
	storeFileName = "store.json"
	storeFormat   = "pgveil key store"
	keyFormat     = "pgveil column key"
	storeVersion  = 1
	// maxStoreFile bounds what is read of a file; a keyset of a hundred versions has about 15 kB.
	maxStoreFile = 1 << 20
)

// storeFile is store.json.
type storeFile struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Realm   hexBytes  `json:"realm"`
	Created time.Time `json:"created"`
	// Master is the URI of the master key at the time of the first key: a hint for people, never followed.
	Master string `json:"master,omitempty"`
	// MasterCheck is a constant wrapped by the master key. It tells a wrong master key from an altered key file.
	MasterCheck base64Bytes `json:"master_check,omitempty"`
}

// keyFile is the file of one column key.
type keyFile struct {
	Format  string   `json:"format"`
	Version int      `json:"version"`
	ID      ColumnID `json:"id"`
	Name    string   `json:"name"`
	Mode    Mode     `json:"mode"`
	// Normalize are the steps by which values are normalised for the index, in ModeIndexed.
	Normalize string      `json:"normalize,omitempty"`
	Created   time.Time   `json:"created"`
	Check     hexBytes    `json:"check"`
	Keyset    base64Bytes `json:"keyset"` // Tink's EncryptedKeyset, binary
}

type hexBytes []byte

func (b hexBytes) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, b), nil }

func (b *hexBytes) UnmarshalText(text []byte) (err error) {
	*b, err = hex.DecodeString(string(text))
	return err
}

// base64Bytes is standard base64, refused when it isn't in its only canonical form.
type base64Bytes []byte

func (b base64Bytes) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

func (b *base64Bytes) UnmarshalText(text []byte) (err error) {
	*b, err = base64.StdEncoding.Strict().DecodeString(string(text))
	return err
}

// MarshalText writes the mode's name.
func (m Mode) MarshalText() ([]byte, error) {
	if m.Overhead() == 0 {
		return nil, ErrVersion
	}
	return []byte(m.String()), nil
}

// UnmarshalText reads the mode's name.
func (m *Mode) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMode(string(text))
	return err
}

func keyFileName(id ColumnID) string { return fmt.Sprintf("%010d.json", id) }

var keyFilePattern = regexp.MustCompile(`^[0-9]{10}\.json$`)

// keyFiles names the key files of a store, in order of their numbers.
func keyFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("crypto: key store: %w", err)
	}
	var names []string
	for _, e := range entries {
		if keyFilePattern.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func readStoreFile(dir string) (storeFile, error) {
	path := filepath.Join(dir, storeFileName)
	var f storeFile
	err := readJSON(path, &f)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return f, fmt.Errorf("%w in %s: there is no %s; pgveil keys init makes one", ErrNoStore, dir, storeFileName)
	case err != nil:
		return f, err
	case f.Format != storeFormat || f.Version != storeVersion:
		return f, fmt.Errorf("%w: %s is no %s of version %d", ErrTampered, path, storeFormat, storeVersion)
	case len(f.Realm) != realmSize:
		return f, fmt.Errorf("%w: %s: the realm hasn't %d bytes", ErrTampered, path, realmSize)
	}
	return f, nil
}

func readKeyFile(dir, name string) (keyFile, error) {
	path := filepath.Join(dir, name)
	var f keyFile
	if err := readJSON(path, &f); err != nil {
		return keyFile{}, err
	}
	var problem string
	switch {
	case f.Format != keyFormat || f.Version != storeVersion:
		return keyFile{}, fmt.Errorf("%w: %s is no %s of version %d", ErrTampered, path, keyFormat, storeVersion)
	case f.ID == 0 || keyFileName(f.ID) != name:
		problem = fmt.Sprintf("it says that it is key %d; was it swapped with %s?", f.ID, keyFileName(f.ID))
	case checkName(f.Name) != nil:
		problem = "bad name"
	case f.Mode.Overhead() == 0:
		problem = "no mode"
	case f.Normalize != "" && f.Mode != ModeIndexed:
		problem = "it names steps of normalisation, which its mode hasn't"
	case len(f.Check) != keyCheckSize:
		problem = fmt.Sprintf("its check hasn't %d bytes", keyCheckSize)
	case len(f.Keyset) == 0:
		problem = "no keyset"
	default:
		return f, nil
	}
	return f, fmt.Errorf("%w: %s: %s", ErrTampered, path, problem)
}

// readJSON is strict: an unknown key or anything after the object is an error.
func readJSON(path string, into any) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("crypto: key store: %w", err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxStoreFile+1))
	if err != nil {
		return fmt.Errorf("crypto: key store: %w", err)
	}
	if len(text) > maxStoreFile {
		return fmt.Errorf("%w: %s is longer than %d bytes", ErrTampered, path, maxStoreFile)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrTampered, path, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("%w: %s: something follows the JSON object", ErrTampered, path)
	}
	return nil
}

// createJSON makes a durable file, whole or not at all, and fails with fs.ErrExist when there is one.
func createJSON(path string, v any) error { return writeJSON(path, v, os.Link) }

// replaceJSON replaces a file durably, whole or not at all.
func replaceJSON(path string, v any) error { return writeJSON(path, v, os.Rename) }

func writeJSON(path string, v any, place func(temp, path string) error) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("crypto: key store: %w", err)
	}
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("crypto: key store: %w", err)
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(append(text, '\n'))
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err == nil {
		err = place(temp.Name(), path)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("crypto: key store: write %s: %w", path, err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
