package crypto_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tink-crypto/tink-go/v2/daead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/kms"
	"github.com/pgveil/pgveil/crypto/kms/file"
)

// site is a store with its master key.
type site struct {
	dir    string
	master kms.KMS
	store  *crypto.Store
}

func newSite(t *testing.T) site {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	if err := crypto.InitStore(dir); err != nil {
		t.Fatal(err)
	}
	store, err := crypto.OpenStore(dir)
	if err != nil {
		t.Fatal(err)
	}
	return site{dir: dir, master: newMaster(t), store: store}
}

func newMaster(t *testing.T) kms.KMS {
	t.Helper()
	path := filepath.Join(t.TempDir(), "master.key")
	if err := file.Create(path); err != nil {
		t.Fatal(err)
	}
	k, err := file.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (s site) create(t *testing.T, name string, mode crypto.Mode) crypto.ColumnID {
	t.Helper()
	id, err := s.store.CreateKey(t.Context(), s.master, name, mode)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (s site) load(t *testing.T) *crypto.Keyring {
	t.Helper()
	r, err := s.store.Load(t.Context(), s.master)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (s site) path(id int) string { return filepath.Join(s.dir, fmt.Sprintf("%010d.json", id)) }

// edit changes a JSON file's object.
func edit(t *testing.T, path string, change func(m map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	if text, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestStore makes keys, loads them twice, and opens with the second what the first sealed.
func TestStore(t *testing.T) {
	s := newSite(t)
	if got := s.load(t).Names(); len(got) != 0 {
		t.Fatalf("a new store has keys %q", got)
	}
	a := s.create(t, "public.customers.email", crypto.ModeEqual)
	b := s.create(t, "Größe der \"Akte\"", crypto.ModeRandom)
	if a != 1 || b != 2 {
		t.Errorf("numbers are %d and %d, want 1 and 2", a, b)
	}
	for path, want := range map[string]fs.FileMode{s.dir: fs.ModeDir | 0o700, s.path(1): 0o600, filepath.Join(s.dir, "store.json"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: mode %v, error %v; want %v", path, info.Mode(), err, want)
		}
	}
	reopened, err := crypto.OpenStore(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := reopened.Load(t.Context(), s.master)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range s.load(t).Names() {
		cell := mustSeal(t, mustKey(t, s.load(t), name), "value")
		if got, err := mustKey(t, second, name).Open(nil, cell); err != nil || string(got) != "value" {
			t.Errorf("%s: Open = %q, %v", name, got, err)
		}
	}
	if k, ok := second.Key("Größe der \"Akte\""); !ok || k.Name() != "Größe der \"Akte\"" || k.Mode() != crypto.ModeRandom || k.ID() != b {
		t.Errorf("Key of number %d = %v, %v", b, k, ok)
	}
	infos := reopened.List()
	if len(infos) != 2 || infos[0].Name != "public.customers.email" || infos[0].Mode != crypto.ModeEqual || infos[0].ID != 1 ||
		infos[0].Problem != nil || infos[0].Created.IsZero() {
		t.Errorf("List = %+v", infos)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("the store holds %v, %v: something was left behind", entries, err)
	}
}

// TestStoreNeverReplaces checks that neither a store nor a key is made twice.
func TestStoreNeverReplaces(t *testing.T) {
	s := newSite(t)
	s.create(t, "k", crypto.ModeRandom)
	before := read(t, s.path(1)) + read(t, filepath.Join(s.dir, "store.json"))
	if err := crypto.InitStore(s.dir); !errors.Is(err, crypto.ErrStoreExists) {
		t.Errorf("InitStore again: %v, want ErrStoreExists", err)
	}
	for _, mode := range []crypto.Mode{crypto.ModeRandom, crypto.ModeEqual} {
		if _, err := s.store.CreateKey(t.Context(), s.master, "k", mode); !errors.Is(err, crypto.ErrKeyExists) {
			t.Errorf("CreateKey again: %v, want ErrKeyExists", err)
		}
	}
	if read(t, s.path(1))+read(t, filepath.Join(s.dir, "store.json")) != before {
		t.Error("files changed")
	}
	if err := os.Remove(filepath.Join(s.dir, "store.json")); err != nil {
		t.Fatal(err)
	}
	if err := crypto.InitStore(s.dir); !errors.Is(err, crypto.ErrStoreExists) {
		t.Errorf("InitStore over key files: %v, want ErrStoreExists", err)
	}
	if _, err := crypto.OpenStore(s.dir); !errors.Is(err, crypto.ErrNoStore) {
		t.Errorf("OpenStore without store.json: %v, want ErrNoStore", err)
	}
	if _, err := crypto.OpenStore(filepath.Join(s.dir, "none")); !errors.Is(err, crypto.ErrNoStore) {
		t.Errorf("OpenStore of nothing: %v, want ErrNoStore", err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCreateKeyRefuses checks names and modes that no key may have.
func TestCreateKeyRefuses(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"", " k", "k ", "a\nb", "a\x00b", "a\x1b[31mb", "\xff", strings.Repeat("n", 201), "a\u202eb"} {
		if _, err := s.store.CreateKey(t.Context(), s.master, name, crypto.ModeRandom); err == nil {
			t.Errorf("name %q was taken", name)
		}
	}
	for _, mode := range []crypto.Mode{0, 5, 8, 9, 255} {
		if _, err := s.store.CreateKey(t.Context(), s.master, "k", mode); err == nil {
			t.Errorf("mode %d was taken", mode)
		}
	}
	if got := s.store.List(); len(got) != 0 {
		t.Errorf("refused keys left %+v", got)
	}
}

// TestWrongMaster tells a wrong master key from an altered store, on loading and on making keys.
func TestWrongMaster(t *testing.T) {
	s := newSite(t)
	s.create(t, "k", crypto.ModeRandom)
	wrong := newMaster(t)
	_, err := s.store.Load(t.Context(), wrong)
	if !errors.Is(err, crypto.ErrMasterKey) || errors.Is(err, crypto.ErrTampered) ||
		!strings.Contains(err.Error(), wrong.URI()) || !strings.Contains(err.Error(), s.master.URI()) {
		t.Errorf("Load: %v; want ErrMasterKey and both URIs", err)
	}
	if _, err := s.store.CreateKey(t.Context(), wrong, "k2", crypto.ModeRandom); !errors.Is(err, crypto.ErrMasterKey) {
		t.Errorf("CreateKey: %v, want ErrMasterKey", err)
	}
	if _, err := s.store.AddVersion(t.Context(), wrong, "k"); !errors.Is(err, crypto.ErrMasterKey) {
		t.Errorf("AddVersion: %v, want ErrMasterKey", err)
	}
	if len(s.store.List()) != 1 {
		t.Error("a key was made under the wrong master key")
	}
}

// failingKMS can't be reached.
type failingKMS struct {
	kms.KMS
	err error
}

func (f failingKMS) Wrap(context.Context, []byte, []byte) ([]byte, error)   { return nil, f.err }
func (f failingKMS) Unwrap(context.Context, []byte, []byte) ([]byte, error) { return nil, f.err }

// TestUnreachableMaster keeps apart a master key that is away and one that is wrong.
func TestUnreachableMaster(t *testing.T) {
	s := newSite(t)
	s.create(t, "k", crypto.ModeRandom)
	away := errors.New("connection refused")
	for _, err := range []error{
		func() error { _, err := s.store.Load(t.Context(), failingKMS{s.master, away}); return err }(),
		func() error {
			_, err := s.store.CreateKey(t.Context(), failingKMS{s.master, away}, "k2", crypto.ModeRandom)
			return err
		}(),
		func() error {
			_, err := newSite(t).store.CreateKey(t.Context(), failingKMS{s.master, away}, "k2", crypto.ModeRandom)
			return err
		}(),
	} {
		if !errors.Is(err, away) || errors.Is(err, crypto.ErrMasterKey) || errors.Is(err, crypto.ErrTampered) {
			t.Errorf("got %v; want the KMS's own error", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.store.Load(ctx, s.master); !errors.Is(err, context.Canceled) {
		t.Errorf("Load with a cancelled context: %v", err)
	}
}

// TestTampered alters a store in every way that we could think of; each must be refused and named.
func TestTampered(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(t *testing.T, s site)
		want   error
		text   string
	}{
		{"keyset altered", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) {
				b := []byte(m["keyset"].(string))
				b[20] ^= 3
				m["keyset"] = string(b)
			})
		}, crypto.ErrTampered, "0000000001.json"},
		{"keyset of another key", func(t *testing.T, s site) {
			var other any
			edit(t, s.path(2), func(m map[string]any) { other = m["keyset"] })
			edit(t, s.path(1), func(m map[string]any) { m["keyset"] = other })
		}, crypto.ErrTampered, "doesn't authenticate"},
		{"files swapped", func(t *testing.T, s site) {
			one, two := read(t, s.path(1)), read(t, s.path(2))
			if err := errors.Join(os.WriteFile(s.path(1), []byte(two), 0o600), os.WriteFile(s.path(2), []byte(one), 0o600)); err != nil {
				t.Fatal(err)
			}
		}, crypto.ErrTampered, "swapped with 0000000002.json"},
		{"files swapped and numbers mended", func(t *testing.T, s site) {
			one, two := read(t, s.path(1)), read(t, s.path(2))
			if err := errors.Join(os.WriteFile(s.path(1), []byte(two), 0o600), os.WriteFile(s.path(2), []byte(one), 0o600)); err != nil {
				t.Fatal(err)
			}
			edit(t, s.path(1), func(m map[string]any) { m["id"] = 1 })
			edit(t, s.path(2), func(m map[string]any) { m["id"] = 2 })
		}, crypto.ErrTampered, "doesn't authenticate"},
		{"names swapped", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) { m["name"] = "b" })
			edit(t, s.path(2), func(m map[string]any) { m["name"] = "a" })
		}, crypto.ErrTampered, "its name, mode, normalize or check was changed"},
		{"mode changed", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) { m["mode"] = "equal" })
		}, crypto.ErrTampered, "another kind"},
		{"mode unknown", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) { m["mode"] = "none" })
		}, crypto.ErrTampered, "unknown mode"},
		{"mode gone", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) { delete(m, "mode") })
		}, crypto.ErrTampered, "no mode"},
		{"check altered", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) { m["check"] = strings.Repeat("00", 16) })
		}, crypto.ErrTampered, "check was changed"},
		{"check shortened", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) { m["check"] = "" })
		}, crypto.ErrTampered, "16 bytes"},
		{"unknown field", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) { m["allow"] = "all" })
		}, crypto.ErrTampered, "allow"},
		{"future version", func(t *testing.T, s site) {
			edit(t, s.path(1), func(m map[string]any) { m["version"] = 2 })
		}, crypto.ErrTampered, "version 1"},
		{"cut short", func(t *testing.T, s site) {
			text := read(t, s.path(1))
			if err := os.WriteFile(s.path(1), []byte(text[:len(text)/2]), 0o600); err != nil {
				t.Fatal(err)
			}
		}, crypto.ErrTampered, "0000000001.json"},
		{"something behind", func(t *testing.T, s site) {
			if err := os.WriteFile(s.path(1), []byte(read(t, s.path(1))+"{}"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, crypto.ErrTampered, "follows"},
		{"copied as another key", func(t *testing.T, s site) {
			if err := os.WriteFile(s.path(3), []byte(read(t, s.path(1))), 0o600); err != nil {
				t.Fatal(err)
			}
		}, crypto.ErrTampered, "0000000003.json"},
		{"copied under another number", func(t *testing.T, s site) {
			if err := os.WriteFile(s.path(3), []byte(read(t, s.path(1))), 0o600); err != nil {
				t.Fatal(err)
			}
			edit(t, s.path(3), func(m map[string]any) { m["id"] = 3 })
		}, crypto.ErrDuplicate, `both named "a"`},
		{"file of another store", func(t *testing.T, s site) {
			other := newSite(t)
			other.master = s.master
			other.create(t, "a", crypto.ModeRandom)
			if err := os.WriteFile(s.path(1), []byte(read(t, other.path(1))), 0o600); err != nil {
				t.Fatal(err)
			}
		}, crypto.ErrTampered, "doesn't authenticate"},
		{"realm altered", func(t *testing.T, s site) {
			edit(t, filepath.Join(s.dir, "store.json"), func(m map[string]any) { m["realm"] = strings.Repeat("00", 16) })
		}, crypto.ErrMasterKey, "realm"},
		{"realm shortened", func(t *testing.T, s site) {
			edit(t, filepath.Join(s.dir, "store.json"), func(m map[string]any) { m["realm"] = "00" })
		}, crypto.ErrTampered, "realm"},
		{"master check gone", func(t *testing.T, s site) {
			edit(t, filepath.Join(s.dir, "store.json"), func(m map[string]any) { delete(m, "master_check") })
		}, crypto.ErrTampered, "master_check"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			s.create(t, "a", crypto.ModeRandom)
			s.create(t, "b", crypto.ModeRandom)
			s.load(t)
			tt.change(t, s)
			ring, err := loadAgain(t, s)
			if ring != nil || !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.text) || !strings.Contains(err.Error(), s.dir) && tt.want != crypto.ErrDuplicate {
				t.Errorf("Load = %v, %v; want %v, the path and %q", ring, err, tt.want, tt.text)
			}
		})
	}
}

func loadAgain(t *testing.T, s site) (*crypto.Keyring, error) {
	store, err := crypto.OpenStore(s.dir)
	if err != nil {
		return nil, err
	}
	return store.Load(t.Context(), s.master)
}

// TestRealmChangesUnderneath checks that an open store notices when another is put in its place.
func TestRealmChangesUnderneath(t *testing.T) {
	s, other := newSite(t), newSite(t)
	s.create(t, "k", crypto.ModeRandom)
	other.master = s.master
	other.create(t, "k", crypto.ModeRandom)
	for _, name := range []string{"store.json", filepath.Base(s.path(1))} {
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(read(t, filepath.Join(other.dir, name))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.store.Load(t.Context(), s.master); !errors.Is(err, crypto.ErrTampered) || !strings.Contains(err.Error(), "realm") {
		t.Errorf("Load: %v; want ErrTampered and the realm", err)
	}
}

// TestLoadReportsAll checks that one load names every broken key, and makes no keyring of the others.
func TestLoadReportsAll(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		s.create(t, name, crypto.ModeEqual)
	}
	edit(t, s.path(1), func(m map[string]any) { m["name"] = "x" })
	edit(t, s.path(2), func(m map[string]any) { m["id"] = 9 })
	if err := os.WriteFile(s.path(4), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	ring, err := s.store.Load(t.Context(), s.master)
	if ring != nil || err == nil {
		t.Fatalf("Load = %v, %v", ring, err)
	}
	for _, id := range []int{1, 2, 4} {
		if !strings.Contains(err.Error(), s.path(int(id))) {
			t.Errorf("error doesn't name key %d: %v", id, err)
		}
	}
	if strings.Contains(err.Error(), s.path(3)) {
		t.Errorf("error names the good key: %v", err)
	}
	infos := s.store.List()
	if len(infos) != 4 || infos[1].Problem == nil || infos[2].Problem != nil || infos[3].Problem == nil {
		t.Errorf("List = %+v", infos)
	}
	if _, err := s.store.CreateKey(t.Context(), s.master, "e", crypto.ModeEqual); !errors.Is(err, crypto.ErrTampered) {
		t.Errorf("CreateKey beside broken files: %v, want ErrTampered", err)
	}
}

// TestAddVersion checks rotation: new cells under the new version, old ones still open, an old keyring doesn't know it.
func TestAddVersion(t *testing.T) {
	s := newSite(t)
	s.create(t, "r", crypto.ModeRandom)
	s.create(t, "e", crypto.ModeEqual)
	before := s.load(t)
	old := mustSeal(t, mustKey(t, before, "r"), "old")
	id, err := s.store.AddVersion(t.Context(), s.master, "r")
	if err != nil {
		t.Fatal(err)
	}
	after := s.load(t)
	fresh := mustSeal(t, mustKey(t, after, "r"), "new")
	if f, ok := crypto.ParseFooter(fresh); !ok || f.Key != id {
		t.Errorf("footer %+v, %v; want key %d", f, ok, id)
	}
	for want, cell := range map[string][]byte{"old": old, "new": fresh} {
		if got, err := mustKey(t, after, "r").Open(nil, cell); err != nil || string(got) != want {
			t.Errorf("Open = %q, %v; want %q", got, err, want)
		}
	}
	if _, err := mustKey(t, before, "r").Open(nil, fresh); !errors.Is(err, crypto.ErrUnknownKey) {
		t.Errorf("the old keyring opens the new cell: %v, want ErrUnknownKey", err)
	}
	if !bytes.Equal(mustKey(t, before, "r").GuardSuffix(), mustKey(t, after, "r").GuardSuffix()) {
		t.Error("the guard changed")
	}
	if _, err := s.store.AddVersion(t.Context(), s.master, "e"); !errors.Is(err, crypto.ErrWrongMode) {
		t.Errorf("AddVersion in ModeEqual: %v, want ErrWrongMode", err)
	}
	for _, mode := range []crypto.Mode{crypto.ModeIndexed, crypto.ModeOrdered} {
		s.create(t, mode.String(), mode)
		if _, err := s.store.AddVersion(t.Context(), s.master, mode.String()); !errors.Is(err, crypto.ErrWrongMode) {
			t.Errorf("AddVersion in %v: %v, want ErrWrongMode", mode, err)
		}
	}
	if _, err := s.store.AddVersion(t.Context(), s.master, "none"); !errors.Is(err, crypto.ErrKeyNotFound) {
		t.Errorf("AddVersion of no key: %v, want ErrKeyNotFound", err)
	}
}

// TestCreateKeyConcurrent makes keys from many goroutines: each gets its own number.
func TestCreateKeyConcurrent(t *testing.T) {
	s := newSite(t)
	var wg sync.WaitGroup
	ids := make([]crypto.ColumnID, 8)
	for i := range ids {
		wg.Go(func() {
			var err error
			if ids[i], err = s.store.CreateKey(t.Context(), s.master, fmt.Sprint("k", i), crypto.ModeEqual); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	slices.Sort(ids)
	if len(slices.Compact(ids)) != 8 || len(s.load(t).Names()) != 8 {
		t.Errorf("numbers %v", ids)
	}
}

// TestStockTinkReadsStore opens a cell with nothing of ours: the master key's file, the key file, Tink. docs/FORMAT.md
// describes these steps.
func TestStockTinkReadsStore(t *testing.T) {
	s := newSite(t)
	s.create(t, "first", crypto.ModeRandom)
	id := s.create(t, "e", crypto.ModeEqual)
	cell := mustSeal(t, mustKey(t, s.load(t), "e"), "\x04value")

	var storeFile struct{ Realm hexText }
	if err := json.Unmarshal([]byte(read(t, filepath.Join(s.dir, "store.json"))), &storeFile); err != nil {
		t.Fatal(err)
	}
	var keyFile struct{ Keyset []byte } // encoding/json reads base64
	if err := json.Unmarshal([]byte(read(t, s.path(int(id)))), &keyFile); err != nil {
		t.Fatal(err)
	}
	ad := slices.Concat([]byte("pgveil1 keyset"), storeFile.Realm, []byte{0, 0, 0, byte(id)})
	h, err := keyset.ReadWithAssociatedData(keyset.NewBinaryReader(bytes.NewReader(keyFile.Keyset)), tinkAEAD{s.master}, ad)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := daead.New(h); err != nil {
		t.Fatal(err)
	}
	if got, err := openWithTink(storeFile.Realm, h, crypto.ModeEqual, cell); err != nil || string(got) != "\x04value" {
		t.Fatalf("Tink gives %q, %v", got, err)
	}
}

// tinkAEAD is the master key as Tink's interface without contexts.
type tinkAEAD struct{ kms.KMS }

func (a tinkAEAD) Encrypt(plaintext, ad []byte) ([]byte, error) {
	return a.Wrap(context.Background(), plaintext, ad)
}

func (a tinkAEAD) Decrypt(wrapped, ad []byte) ([]byte, error) {
	return a.Unwrap(context.Background(), wrapped, ad)
}

// TestIndexedKeyRemembersSteps checks that a key file's steps come back, and can't be altered or given to a key of another mode.
func TestIndexedKeyRemembersSteps(t *testing.T) {
	s := newSite(t)
	id, err := s.store.CreateIndexedKey(t.Context(), s.master, "login", "nfc,lower")
	if err != nil {
		t.Fatal(err)
	}
	s.create(t, "plain", crypto.ModeEqual)
	if k := mustKey(t, s.load(t), "login"); k.Normalize() != "nfc,lower" || k.Mode() != crypto.ModeIndexed {
		t.Errorf("%v: %v, normalised by %q", k, k.Mode(), k.Normalize())
	}
	if info := s.store.List()[0]; info.Normalize != "nfc,lower" {
		t.Errorf("List: %+v", info)
	}
	for _, change := range [][2]string{{`"nfc,lower"`, `"lower"`}, {`"normalize": "nfc,lower",`, ``}, {`"mode": "indexed"`, `"mode": "equal"`}} {
		text, err := os.ReadFile(s.path(int(id)))
		if err != nil {
			t.Fatal(err)
		}
		altered := strings.Replace(string(text), change[0], change[1], 1)
		if altered == string(text) {
			t.Fatalf("%s isn't in the file", change[0])
		}
		if err := os.WriteFile(s.path(int(id)), []byte(altered), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.store.Load(t.Context(), s.master); !errors.Is(err, crypto.ErrTampered) {
			t.Errorf("%s for %s: %v, want ErrTampered", change[1], change[0], err)
		}
		if err := os.WriteFile(s.path(int(id)), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.load(t)
}
