package sql

import (
	"strings"
	"testing"
)

func TestNormalize(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"select 1", "select ?"},
		{"SELECT id FROM t\n\tWHERE email = 'ada@x' -- secret\n AND n=42", "SELECT id FROM t WHERE email = ? AND n=?"},
		{"select E'a\\'b', U&'x', $$y$$, $q$z$q$, B'1', X'ff', .5e3, 1_000", "select ?, ?, ?, ?, ?, ?, ?, ?"},
		{"select /* 'secret' */ \"Weird Name\", $1, $2::text", `select "Weird Name", $1, $2::text`},
		{"alter role bob password 'secret'", "alter role bob password ?"},
		{"set app.token to secretword; select x", "set app.token to ?; select x"},
		{"set app.token = secretword", "set app.token = ?"},
		{"alter role bob set app.token = secretword", "alter role bob set app.token = ?"},
		{"begin; SET x = secretword; select a = b", "begin; SET x = ?; select a = b"},
		{"update t set a = b where c = 'x'", "update t set a = b where c = ?"},
		{"select 'a\\' or 'secret'", "select …"},
		{"select 'unterminated secret", "select …"},
		{"select /* unterminated", "select …"},
		{"select '\xff secret'", "…"},
		{"select 'secret\x00'", "…"},
	} {
		if got := Normalize(c.text); got != c.want {
			t.Errorf("Normalize(%q)\n got %q\nwant %q", c.text, got, c.want)
		}
	}
	if got := Normalize(strings.Repeat("select a, ", 10_000)); len(got) > maxNormalized+100 || !strings.HasSuffix(got, "…") {
		t.Errorf("a long text gives %d bytes", len(got))
	}
}

// FuzzNormalize checks that a value never shows, whatever is around it.
func FuzzNormalize(f *testing.F) {
	f.Add("select ", " from t")
	f.Add("insert into t values (1,", ")")
	f.Add("set x to ", "")
	f.Fuzz(func(t *testing.T, before, after string) {
		if strings.ContainsAny(before, `'"$\`) || strings.Contains(before, "--") || strings.Contains(before, "/*") {
			return
		}
		if got := Normalize(before + " 'c4n4ry' " + after); strings.Contains(got, "c4n4ry") {
			t.Errorf("the value shows in %q", got)
		}
	})
}
