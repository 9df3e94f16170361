package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestSecretNeverPrints(t *testing.T) {
	const value = "correct-horse"
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PGVEIL_TEST_SECRET", value)
	for _, ref := range []string{"env:PGVEIL_TEST_SECRET", "file:" + file, "file://" + file} {
		var s Secret
		if err := s.parse(ref, "/"); err != nil {
			t.Fatal(err)
		}
		got, err := s.Resolve()
		if err != nil || got != value {
			t.Fatalf("%s: %q, %v", ref, got, err)
		}
		asJSON, err := json.Marshal(struct{ S Secret }{s})
		if err != nil {
			t.Fatal(err)
		}
		asYAML, err := yaml.Marshal(struct{ S Secret }{s})
		if err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{
			fmt.Sprintf("%v %+v %#v %s %q %x", s, s, s, s, s, s), fmt.Sprintf("%v %+v %#v", &s, Service{Password: s}, Service{Password: s}),
			string(asJSON), string(asYAML),
		} {
			if strings.Contains(out, value) || strings.Contains(out, fmt.Sprintf("%x", value)) {
				t.Errorf("%s: printed in %s", ref, out)
			}
			if out == "" {
				t.Error("printed nothing")
			}
		}
	}
}

func TestSecretRefusals(t *testing.T) {
	dir := t.TempDir()
	open, empty := filepath.Join(dir, "open"), filepath.Join(dir, "empty")
	for name, mode := range map[string]os.FileMode{open: 0o644, empty: 0o600} {
		if err := os.WriteFile(name, nil, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PGVEIL_TEST_EMPTY", "")
	for ref, want := range map[string]string{
		"env:PGVEIL_TEST_UNSET":           "not set",
		"env:PGVEIL_TEST_EMPTY":           "is empty",
		"file:" + open:                    "every user of this machine can read it (mode 0644)",
		"file:" + empty:                   "is empty",
		"file:" + filepath.Join(dir, "x"): "no such file",
	} {
		var s Secret
		if err := s.parse(ref, dir); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Resolve(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", ref, err, want)
		}
	}
	if _, err := (Secret{}).Resolve(); err == nil {
		t.Error("the zero secret resolves")
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]Size{"1kB": 1 << 10, "1024": 1 << 10, "16MB": 16 << 20, "16 MB": 16 << 20, "1GB": 1 << 30} {
		var s Size
		if err := s.parse(text, ""); err != nil || s != want {
			t.Errorf("%s: %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "kB", "-1kB", "1023", "1 kb", "2GB", "99999999999999999999", "1048577kB", "1.5MB"} {
		var s Size
		if err := s.parse(text, ""); err == nil {
			t.Errorf("%q: accepted as %d", text, s)
		}
	}
}

func TestURIs(t *testing.T) {
	for text, want := range map[string]string{
		"file:master.key":        "file:///etc/pgveil/master.key",
		"file:///a/b":            "file:///a/b",
		"file:/a/../b":           "file:///b",
		"file:///a%20b/100%25":   "file:///a%20b/100%25",
		"file:a b":               "file:///etc/pgveil/a%20b",
		"vault://host/keys/main": "vault://host/keys/main",
		"file://a":               "",
		"file:":                  "",
		"file:%zz":               "",
		"/etc/master.key":        "",
		"":                       "",
	} {
		var u URI
		if err := u.parse(text, "/etc/pgveil"); string(u) != want || (err != nil) != (want == "") {
			t.Errorf("%q: %q, %v; want %q", text, u, err, want)
		}
	}
}
