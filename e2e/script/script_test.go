package script

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	all, err := Parse("# a comment\n== one\n~ a reason\nP \"s\" \"select $1\" 23 0\nB \"\" \"s\" [0 1] (\"a\" null x'00ff') []\nE \"\" 7\nS\n< Z 2\nX\n< end\n")
	if err != nil {
		t.Fatal(err)
	}
	want := "P\x00\x00\x00\x1as\x00select $1\x00\x00\x02\x00\x00\x00\x17\x00\x00\x00\x00" +
		"B\x00\x00\x00\x20\x00s\x00\x00\x02\x00\x00\x00\x01\x00\x03\x00\x00\x00\x01a\xff\xff\xff\xff\x00\x00\x00\x02\x00\xff\x00\x00" +
		"E\x00\x00\x00\x09\x00\x00\x00\x00\x07S\x00\x00\x00\x04"
	s := all[0]
	if len(all) != 1 || s.Name != "one" || s.Differs != "a reason" || len(s.steps) != 2 || s.Lines != 7 {
		t.Fatalf("%+v", all)
	}
	if got := string(s.steps[0].send); got != want || s.steps[0].until != 'Z' || s.steps[0].count != 2 || s.steps[1].until != 0 {
		t.Errorf("%q\n%q %+v", got, want, s.steps)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{"S\n< Z", "== a\nS", "== a\nS\n== b", "== a\nP \"s\n< Z", "== a\nE \"\" x\n< Z", "== a\nY\n< Z", "== a\nS 1\n< Z",
		"== a\nB \"\" \"\" [ (x) []\n< Z", "== a\nd x'0'\n< Z", "== a\nF 1 [] ()\n< Z", "== a\n<"} {
		if all, err := Parse(text); err == nil {
			t.Errorf("%q is taken for %+v", text, all)
		}
	}
}

func TestScriptsAreWhole(t *testing.T) {
	files, err := filepath.Glob("testdata/*.script")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	names := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all, err := Parse(string(text))
		if err != nil {
			t.Errorf("%s: %v", f, err)
		}
		for _, s := range all {
			if len(s.steps) == 0 || names[s.Name] != "" {
				t.Errorf("%s: %q is empty, or stands in %s too", f, s.Name, names[s.Name])
			}
			names[s.Name] = f
		}
	}
}

func TestAnswers(t *testing.T) {
	a := Answer{Type: 'T', Body: []byte("\x00\x01a\x00\x00\x00\x7f\x01\x00\x01\x00\x00\x00\x17\x00\x04\xff\xff\xff\xff\x00\x00")}
	if err := even(&a); err != nil || !strings.Contains(string(a.Body), "\x00\x00\x40\x00\x00\x01") {
		t.Errorf("%q %v", a.Body, err)
	}
	if err := even(&Answer{Type: 'T', Body: []byte("\x00\x02a\x00")}); err == nil {
		t.Error("a RowDescription that is cut off")
	}
	n := Answer{Type: 'A', Body: []byte("\x00\x01\x02\x03ch\x00\x00")}
	if err := even(&n); err != nil || string(n.Body) != "\x00\x00\x00\x00ch\x00\x00" {
		t.Errorf("%q %v", n.Body, err)
	}
	e := Answer{Type: 'E', Body: []byte("SERROR\x00C42P01\x00Mno pg_temp_12.t\x00Fx.c\x00L1\x00Rf\x00\x00")}
	if err := even(&e); err != nil || e.String() != `E S="ERROR" C="42P01" M="no pg_temp_0.t"` {
		t.Errorf("%s %v", e, err)
	}
}
