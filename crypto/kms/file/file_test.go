package file_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/pgveil/pgveil/crypto/kms"
	"github.com/pgveil/pgveil/crypto/kms/file"
	"github.com/pgveil/pgveil/crypto/kms/kmstest"
)

func create(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "master.key")
	if err := file.Create(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, path string) *file.KMS {
	t.Helper()
	k, err := file.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestConformance(t *testing.T) {
	path := create(t)
	kmstest.Run(t, func(t *testing.T) kms.KMS { return open(t, path) })
}

// TestCreate checks mode, content and that nothing is ever overwritten.
func TestCreate(t *testing.T) {
	path := create(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("mode %v, error %v; want 0600", info.Mode(), err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "dir")
	link := filepath.Join(t.TempDir(), "link")
	if err := errors.Join(os.Mkdir(dir, 0o700), os.Symlink(filepath.Join(dir, "target"), link)); err != nil {
		t.Fatal(err)
	}
	for _, taken := range []string{path, dir, link} {
		if err := file.Create(taken); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), taken) {
			t.Errorf("Create over %s: %v, want fs.ErrExist and the path", taken, err)
		}
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Error("the file changed")
	}
	if err := file.Create(filepath.Join(dir, "missing", "key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Create in a missing folder: %v", err)
	}
	if other, err := os.ReadFile(create(t)); err != nil || bytes.Equal(before, other) {
		t.Error("two files hold the same key")
	}
}

// TestStockTink checks that Tink alone reads the file once its comment lines are away, and opens what we wrap.
func TestStockTink(t *testing.T) {
	path := create(t)
	wrapped, err := open(t, path).Wrap(t.Context(), []byte("secret"), []byte("ad"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(text), "# pgveil master key, format 1\n") {
		t.Errorf("the file doesn't say what it is: %.40q", text)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(strings.NewReader(strings.Join(lines, ""))))
	if err != nil {
		t.Fatal(err)
	}
	a, err := aead.New(h)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := a.Decrypt(wrapped, []byte("ad")); err != nil || string(got) != "secret" {
		t.Fatalf("Tink gives %q, %v", got, err)
	}
}

// TestOpenRefuses names what is wrong, where, and how to mend it.
func TestOpenRefuses(t *testing.T) {
	write := func(t *testing.T, text string) string {
		path := filepath.Join(t.TempDir(), "master.key")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	withMode := func(mode fs.FileMode) func(*testing.T) string {
		return func(t *testing.T) string {
			path := create(t)
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
			return path
		}
	}
	good := func(t *testing.T) string {
		text, err := os.ReadFile(create(t))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, tt := range []struct {
		name string
		path func(t *testing.T) string
		want error
		text string
	}{
		{"group may read", withMode(0o640), file.ErrPermission, "chmod 600 "},
		{"group may write", withMode(0o620), file.ErrPermission, "chmod 600 "},
		{"others may read", withMode(0o604), file.ErrPermission, "chmod 600 "},
		{"others may execute", withMode(0o601), file.ErrPermission, "chmod 600 "},
		{"missing", func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") }, fs.ErrNotExist, ""},
		{"a folder", func(t *testing.T) string { return t.TempDir() }, nil, "not a regular file"},
		{"a FIFO", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(path, 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}, nil, "not a regular file"},
		{"empty", func(t *testing.T) string { return write(t, "") }, file.ErrFormat, "first line"},
		{"no header", func(t *testing.T) string { return write(t, "{}") }, file.ErrFormat, "first line"},
		{"another format", func(t *testing.T) string { return write(t, strings.Replace(good(t), "format 1", "format 2", 1)) }, file.ErrFormat, "first line"},
		{"header alone", func(t *testing.T) string { return write(t, strings.SplitAfter(good(t), "\n")[0]) }, file.ErrFormat, ""},
		{"cut short", func(t *testing.T) string { g := good(t); return write(t, g[:len(g)-20]) }, file.ErrFormat, ""},
		{"something behind", func(t *testing.T) string { return write(t, good(t)+"x") }, file.ErrFormat, ""},
		{"too long", func(t *testing.T) string { return write(t, good(t)+strings.Repeat(" ", 1<<20)) }, file.ErrFormat, "longer"},
		{"another kind of key", func(t *testing.T) string {
			h, err := keyset.NewHandle(aead.ChaCha20Poly1305KeyTemplate())
			if err != nil {
				t.Fatal(err)
			}
			var text bytes.Buffer
			if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&text)); err != nil {
				t.Fatal(err)
			}
			return write(t, "# pgveil master key, format 1\n"+text.String())
		}, file.ErrFormat, "isn't AES-GCM"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := tt.path(t)
			k, err := file.Open(path)
			if k != nil || err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), tt.text) ||
				tt.want != nil && !errors.Is(err, tt.want) {
				t.Fatalf("Open = %v, %v; want %v, the path and %q", k, err, tt.want, tt.text)
			}
			if info, statErr := os.Stat(path); statErr == nil && info.Mode().IsRegular() {
				text, readErr := os.ReadFile(path)
				if readErr != nil {
					t.Fatal(readErr)
				}
				if _, value, ok := strings.Cut(string(text), `"value":"`); ok && strings.Contains(err.Error(), value[:20]) {
					t.Fatal("the error shows the key")
				}
			}
		})
	}
}

// TestOpenAllows checks a stricter mode, and a symbolic link as orchestrators mount secrets.
func TestOpenAllows(t *testing.T) {
	path := create(t)
	if err := os.Chmod(path, 0o400); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if _, err := file.Open(p); err != nil {
			t.Errorf("Open(%s): %v", p, err)
		}
	}
}

func TestPath(t *testing.T) {
	for _, tt := range []struct{ uri, want string }{
		{"file:///etc/pgveil/master.key", "/etc/pgveil/master.key"},
		{"file://localhost/etc/key", "/etc/key"},
		{"file:/etc/key", "/etc/key"},
		{"file:rel/path", "rel/path"},
		{"file:master.key", "master.key"},
		{"file:///with%20space", "/with space"},
		{"file:///with space", "/with space"},
		{"file://host/etc/key", ""},
		{"file://rel/path", ""},
		{"file://", ""},
		{"file:", ""},
		{"file:///a?b", ""},
		{"file:///a#b", ""},
		{"file:///a%00b", ""},
		{"file:///a%zz", ""},
		{"/etc/key", ""},
		{"aws-kms://x", ""},
		{"", ""},
	} {
		got, err := file.Path(tt.uri)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Path(%q) = %q, %v; want %q", tt.uri, got, err, tt.want)
		}
	}
	path := filepath.Join(t.TempDir(), "a b#c.key")
	if err := file.Create(path); err != nil {
		t.Fatal(err)
	}
	if back, err := file.Path(open(t, path).URI()); err != nil || back != path {
		t.Errorf("URI of %q leads to %q, %v", path, back, err)
	}
}

// TestPrintsNoKey formats the master key in many ways.
func TestPrintsNoKey(t *testing.T) {
	path := create(t)
	k := open(t, path)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text[bytes.IndexByte(text, '{'):])))
	if err != nil {
		t.Fatal(err)
	}
	keyID := fmt.Sprint(h.KeysetInfo().GetPrimaryKeyId())
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "k", k, "v", *k)
	for _, v := range []any{k, *k, struct{ K *file.KMS }{k}, []file.KMS{*k}} {
		for _, verb := range "vsqxXdT" {
			for _, flag := range []string{"", "+", "#"} {
				fmt.Fprintf(&log, "%"+flag+string(verb)+"\n", v)
			}
		}
		asJSON, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		log.Write(asJSON)
	}
	_, value, ok := strings.Cut(string(text), `"value":"`)
	if !ok {
		_, value, ok = strings.Cut(string(text), `"value": "`)
	}
	if !ok {
		t.Fatal("no key found in the file")
	}
	for _, secret := range []string{value[:20], keyID, "AESGCM", "aesgcm"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("output shows %q:\n%s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "master key file://") {
		t.Errorf("output doesn't name the key:\n%s", log.String())
	}
}
