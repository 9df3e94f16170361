package yamlfile

import (
	"strings"
	"testing"
)

func TestDocument(t *testing.T) {
	for text, want := range map[string]string{
		"a: 1\n":                          "",
		"--- \na: 1\n...\n":               "",
		"":                                "f:1:1: the file is empty",
		"# nothing\n":                     "f:1:1: the file is empty",
		"---\n":                           "",
		"a: 1\n---\nb: 2\n":               "f:2:1: a second document begins here; expected one",
		"a: 1\n---\n\tb: 2\n":             "f:3:1: not YAML: ",
		"a: 1\n b: 2\n":                   "f:2:1: not YAML: ",
		"password: 'hunter2\nlisten: x\n": "f:3:1: not YAML: ",
		"a: [1, 2\nb: hunter2\n":          "f:1:1: not YAML: ",
		"\xff\xfe\x00":                    "f:1:1: not YAML",
	} {
		root, problems := Document("f", []byte(text))
		if (root == nil) != (len(problems) > 0) || (want == "") != (problems == nil) {
			t.Errorf("%q: %v, %v", text, root, problems)
		}
		if !strings.HasPrefix(problems.Error(), want) || strings.Contains(problems.Error(), "hunter2") {
			t.Errorf("%q: %q, want %q", text, problems.Error(), want)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{"lisen", `; did you mean "listen"?`},
		{"EQUAL", `; did you mean "equality"?`},
		{"zzzzzz", "; expected one of listen, upstream, equality"},
	} {
		if got := DidYouMean(c.got, []string{"listen", "upstream", "equality"}); got != c.want {
			t.Errorf("%s: %s, want %s", c.got, got, c.want)
		}
	}
}

func TestOrder(t *testing.T) {
	ps := Problems{{File: "f", Line: 2, Column: 1, Message: "c"}, {File: "f", Line: 1, Column: 5, Message: "b"}, {File: "f", Message: "a"}}
	if got := ps.OrNil().Error(); got != "f: a\nf:1:5: b\nf:2:1: c" {
		t.Error(got)
	}
	if Problems(nil).OrNil() != nil {
		t.Error("no problem is a problem")
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"listen", "lisen", 1}, {"prot", "port", 1}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%s → %s: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
