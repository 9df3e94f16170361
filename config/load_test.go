package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/pgveil/pgveil/policy/yamlfile"
)

var update = flag.Bool("update", false, "rewrite expected results")

// glob fails when nothing matches: a test over no files would test nothing.
func glob(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s (%v)", pattern, err)
	}
	return files
}

// Each testdata/*.bad.yaml ends in lines "# want LINE:COLUMN: message", which are all the problems of the file.
func TestBadFiles(t *testing.T) {
	for _, file := range glob(t, "testdata/*.bad.yaml") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".bad.yaml"), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			body, want := splitWants(string(raw))
			_, err = Parse([]byte(body), "f", "/dir")
			var ps yamlfile.Problems
			if !errors.As(err, &ps) {
				t.Fatalf("got %v, want Problems", err)
			}
			var got []string
			for _, p := range ps {
				got = append(got, "# want "+strings.TrimPrefix(p.String(), "f:"))
				if strings.Contains(p.Message, "hunter2") {
					t.Errorf("a problem repeats a secret: %s", p)
				}
			}
			if *update {
				if err := os.WriteFile(file, []byte(body+strings.Join(got, "\n")+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if !slices.Equal(want, got) {
				t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

func splitWants(text string) (body string, wants []string) {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "# want ") {
			wants = append(wants, strings.TrimSpace(line))
		} else {
			b.WriteString(line)
		}
	}
	return b.String(), wants
}

func TestGoodFilesRoundTrip(t *testing.T) {
	for _, file := range glob(t, "testdata/*.good.yaml") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			first, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			text, err := yaml.Marshal(first)
			if err != nil {
				t.Fatal(err)
			}
			second, err := Parse(text, "again", "/elsewhere")
			if err != nil {
				t.Fatalf("%v\nin\n%s", err, text)
			}
			if !reflect.DeepEqual(first, second) {
				t.Errorf("after a round trip:\n%+v\nwas\n%+v\nthrough\n%s", second, first, text)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	c, err := Load("testdata/minimal.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, got, want string }{
		{"listen", c.Listen, "127.0.0.1:6432"},
		{"tls.mode", string(c.TLS.Mode), "require"},
		{"sslmode", string(c.Upstream.SSLMode), "verify-full"},
		{"methods", string(c.SignIn.Methods[0]), "scram"},
		{"login", string(c.SignIn.Login), "own"},
		{"policy", string(c.Policy), filepath.Join(dir, "policy.yaml")},
		{"kms", string(c.Keys.KMS), "file://" + filepath.Join(dir, "master.key")},
		{"handshake_timeout", c.Limits.HandshakeTimeout.String(), "1m0s"},
		{"max_message_bytes", c.Limits.MaxMessageBytes.String(), "64MB"},
		{"metrics", c.Metrics.Listen, ""},
		{"log", string(c.Log.Level) + string(c.Log.Format), "infojson"},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
	full, err := Load("testdata/full.good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cols := full.Encrypt["public.customers"]
	if c := cols["a_text"]; !c.Guard || c.Key != "public.customers.a_text" {
		t.Errorf("column defaults: %+v", c)
	}
	if cols["a_blob"].Guard {
		t.Error("guard: false was not kept")
	}
	for name, mod := range map[string]int32{"a_varchar": 44, "a_varchar_any": -1, "a_numeric": -1, "a_price": 12<<16 | 2 + 4, "a_fraction": 3<<16 + 2046 + 4} {
		if got := cols[name].Type.SQL().Mod; got != mod {
			t.Errorf("%s: typmod %d, want %d", name, got, mod)
		}
	}
}

func TestLoadMissingFile(t *testing.T) {
	if _, err := Load("testdata/none.yaml"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.bad.yaml", "testdata/*.good.yaml"} {
		for _, file := range glob(f, pattern) {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text, "f", "/dir")
		if (c == nil) != (err != nil) {
			t.Fatalf("config %v, error %v", c, err)
		}
		if err != nil {
			var ps yamlfile.Problems
			if !errors.As(err, &ps) || len(ps) == 0 {
				t.Fatalf("not Problems: %v", err)
			}
			return
		}
		again, err := yaml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(again, "again", "/dir"); err != nil {
			t.Fatalf("does not load again: %v\n%s", err, again)
		}
	})
}
