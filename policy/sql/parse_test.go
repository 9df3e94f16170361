package sql

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseGuards(t *testing.T) {
	for _, k := range []struct {
		name, text, code string
		at               int
	}{
		{"nul", "SELECT 1\x00; DROP TABLE t", codeNotText, 8},
		{"utf-8", "SELECT '\xff'", codeNotText, -1},
		{"long", "SELECT '" + strings.Repeat("x", maxText) + "'", codeTooLong, -1},
		{"chain", "SELECT 1" + strings.Repeat("+1", 100000), codeTooDeep, -2},
		{"parens", "SELECT " + strings.Repeat("(", 100000), codeTooDeep, -2},
		{"unions over commas", "SELECT 1,1" + strings.Repeat(" UNION SELECT 1,1", 100000), codeTooDeep, -2},
		{"not", "SELECT " + strings.Repeat("NOT ", 100000) + "true", codeTooDeep, -2},
		{"casts", "SELECT 1" + strings.Repeat("::int", 100000), codeTooDeep, -2},
		{"joins", "SELECT 1 FROM a" + strings.Repeat(" NATURAL JOIN a", 100000), codeTooDeep, -2},
		{"array", "SELECT " + strings.Repeat("ARRAY[", 100000), codeTooDeep, -2},
		{"param 0", "SELECT $0", codeParamNumber, 7},
		{"param 65536", "SELECT $1, $65536", codeParamNumber, 11},
		{"huge param", "SELECT $99999999999999999999", codeParamNumber, 7},
		{"syntax", "SELECT é FORM x y", codeSyntax, 15},
		{"unterminated", "SELECT 'a", codeSyntax, 7},
		{"comment", "SELECT /* a", codeSyntax, 7},
		{"junk", "SELECT $1a", codeSyntax, -2},
	} {
		t.Run(k.name, func(t *testing.T) {
			_, r := parse(k.text)
			if r == nil || r.Code != k.code || k.at != -2 && r.At != k.at {
				t.Fatalf("refusal %+v, want code %s at %d", r, k.code, k.at)
			}
			if refusalDoc(r.Code).SQLSTATE != r.SQLSTATE || r.Hint == "" {
				t.Errorf("refusal %+v lacks its code's SQLSTATE or hint", r)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	rows := strings.Repeat("(1, 'a', $1), ", 5000)
	for _, text := range []string{
		"", ";", "SELECT $65535", "SELECT 1" + strings.Repeat("+1", 2000), "INSERT INTO t VALUES " + rows + "(1, 2, 3)",
		"SELECT " + strings.Repeat("/*", 20000) + strings.Repeat("*/", 20000) + " 1",
		"SELECT 'a\u00e9', \"\u00e9\" FROM t; SELECT 2",
		"SELECT 1 WHERE a IN (" + strings.Repeat("1,", 20000) + "1)",
	} {
		if _, r := parse(text); r != nil {
			t.Errorf("%.60q…: %v", text, r)
		}
	}
}

// A syntax error must not repeat what may be a value.
func TestSyntaxErrorHidesValues(t *testing.T) {
	for _, text := range []string{
		"SELECT FROM WHERE 'secret'", "INSERT INTO t VALUES (1 'secret')", "SELECT 1 2 $q$secret$q$", `SELECT "a" "b" 'secret'`,
		"SELECT 'secret", "SELECT E'secret", "SELECT $q$secret", "UPDATE t SET a = = 'secret'", "SELECT U&'secret\\zz'", "SELECT E'\\uZZsecret'",
		"SELECT x'secret'", "SELECT 1 B'secret'", "SELECT 123456secret",
	} {
		_, r := parse(text)
		if r == nil {
			continue
		}
		if strings.Contains(r.Message+r.Hint, "secret") {
			t.Errorf("%q: %s", text, r.Message)
		}
	}
}

func TestBlankCommentsKeepsOffsets(t *testing.T) {
	text := "SELECT '/* a /* b', /* c /* d\n */ e */ x -- /* y /* \n, \"/* /*\", $$/* /*$$"
	got := blankComments(text)
	want := "SELECT '/* a /* b', /*              */ x -- /* y /* \n, \"/* /*\", $$/* /*$$"
	if got != want {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// The deepest texts that the guard lets through must not harm the parser.
func TestDeepestAllowed(t *testing.T) {
	for _, k := range []struct{ head, unit, tail string }{
		{"SELECT 1", "+1", ""}, {"SELECT ", "(", ""}, {"SELECT ", "- ", "1"}, {"SELECT ", "NOT ", "true"}, {"SELECT 1", "::int", ""},
		{"SELECT 1,1", " UNION SELECT 1,1", ""}, {"SELECT 1 FROM a", " CROSS JOIN a", ""}, {"SELECT ", "CASE WHEN a THEN ", ""}, {"SELECT ", "f(", ""},
		{"SELECT a", "[1]", ""}, {"SELECT ", "(SELECT ", ""}, {"SELECT a", ".b", ""}, {"SELECT a", " IS NULL", ""}, {"SELECT a", " COLLATE c", ""},
	} {
		n := 1
		for guard(k.head+strings.Repeat(k.unit, n)+k.tail) == nil && n < 1<<16 {
			n *= 2
		}
		for step := n / 2; step > 0; step /= 2 {
			if guard(k.head+strings.Repeat(k.unit, n-step)+k.tail) != nil {
				n -= step
			}
		}
		text := k.head + strings.Repeat(k.unit, n-1) + k.tail
		if guard(text) != nil {
			t.Fatalf("%q × %d is not allowed", k.unit, n-1)
		}
		t.Run(fmt.Sprintf("%s×%d", strings.TrimSpace(k.unit), n-1), func(t *testing.T) {
			parse(text) // any answer will do, as long as there is one
		})
	}
}
