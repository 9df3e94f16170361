package value

import (
	"strings"
	"testing"
	"unicode"
)

// TestNormalize pins each step, and that their order counts.
func TestNormalize(t *testing.T) {
	for _, c := range []struct{ in, steps, want string }{
		{"Ada@Example.ORG", "lower", "ada@example.org"},
		{" a  b ", "trim", "a  b"},
		{"\ta\u00a0 ", "trim", "\ta\u00a0"},
		{"e\u0301", "nfc", "é"},
		{"é", "nfc", "é"},
		{"Ünïcödé", "unaccent", "Unicode"},
		{"U\u0308n", "unaccent", "Un"},
		{"øßÆ", "unaccent", "øßÆ"},
		{"ÄÖÜßŁ", "lower", "äöüßł"},
		{"ΟΔΟΣ", "lower", "οδοσ"},
		{"İI", "lower", "ii"},
		{" É ", "nfc,lower,trim,unaccent", "e"},
		{"", "nfc,lower,trim,unaccent", ""},
		{"A\u030a", "lower,nfc", "å"},
	} {
		got, err := Normalize([]byte("x"), append([]byte{byte(TagText)}, c.in...), c.steps)
		if err != nil || string(got) != "x"+c.want {
			t.Errorf("%q by %s: %q, %v; want %q", c.in, c.steps, got, err, "x"+c.want)
		}
	}
	if got, err := Normalize(nil, append([]byte{byte(TagCitext)}, "Ada"...), "lower"); err != nil || string(got) != "ada" {
		t.Errorf("citext: %q, %v", got, err)
	}
	for _, c := range []struct{ in, steps string }{{"\x04a", ""}, {"\x04a", "upper"}, {"\x04a", "lower,"}, {"", "lower"}, {"\x05a", "lower"}} {
		if got, err := Normalize([]byte("x"), []byte(c.in), c.steps); err == nil || string(got) != "x" {
			t.Errorf("%q by %q: %q, %v; want an error", c.in, c.steps, got, err)
		}
	}
}

// testLower: the step lower is lower() of a database in UTF-8, for every character that both know.
func testLower(s *session) {
	var sets [][][]byte
	for r := rune(1); r < 0x20000; r++ {
		if r < 0xd800 || r > 0xdfff {
			if unicode.ToLower(r) != r || unicode.IsLetter(r) && r < 0x3000 {
				sets = append(sets, [][]byte{[]byte(string(r) + "x" + string(r))})
			}
		}
	}
	changed, differ := 0, []string{}
	for i, a := range s.ask(`select lower($1 collate "C.utf8")`, []uint32{OIDText}, sets, nil, nil) {
		got, err := Normalize(nil, append([]byte{byte(TagText)}, sets[i][0]...), "lower")
		if a.err != nil || err != nil {
			s.Fatalf("%q: %v, %v", sets[i][0], a.err, err)
		}
		if string(a.cells[0]) != string(sets[i][0]) {
			changed++
		}
		if string(got) != string(a.cells[0]) {
			differ = append(differ, string(sets[i][0]))
		}
	}
	// The library's tables may be of another version of Unicode than ours.
	if changed < 1000 || len(differ) > changed/50 {
		s.Errorf("of %d characters %d have a lower case, %d differ: %+q", len(sets), changed, len(differ), differ)
	}
}

// testPatterns: a pattern that is exact or a prefix matches as LIKE does.
func testPatterns(s *session) {
	texts := []string{"", "a", "ab", "abc", "a%", "a_b", `a\b`, `\`, "%", "b", "A", "é", "éa", "a\nb"}
	patterns := []string{"", "a", "a%", "ab%%", `a\%`, `a\_%`, `a\\%`, `\\`, "%", "é%", `\a%`, `\é%`, `a\%%`, "a_", "%a", "a%b", "_", `a\`, `\`, `%\`}
	kinds := map[PatternKind]int{}
	var sets [][][]byte
	for _, p := range patterns {
		for _, v := range texts {
			sets = append(sets, [][]byte{[]byte(v), []byte(p)})
		}
	}
	for i, a := range s.ask("select $1 like $2", []uint32{OIDText, OIDText}, sets, nil, nil) {
		v, p := string(sets[i][0]), string(sets[i][1])
		start, kind, err := LeadingText(nil, []byte(p))
		kinds[kind]++
		switch {
		case err != nil:
			if a.err != nil && a.err.Code != err.(*Error).SQLSTATE {
				s.Errorf("%q: the server says %v, we %v", p, a.err, err)
			}
		case a.err != nil:
			// The server finds a lone escape only where it gets to it.
			if kind != PatternOther {
				s.Errorf("%q: the server says %v", p, a.err)
			}
		case kind == PatternExact:
			if (string(a.cells[0]) == "t") != (v == string(start)) {
				s.Errorf("%q like %q: the server says %s; we have it for %q", v, p, a.cells[0], start)
			}
		case kind == PatternPrefix:
			if (string(a.cells[0]) == "t") != strings.HasPrefix(v, string(start)) {
				s.Errorf("%q like %q: the server says %s; we have it for what begins with %q", v, p, a.cells[0], start)
			}
		}
	}
	if kinds[PatternExact] == 0 || kinds[PatternPrefix] == 0 || kinds[PatternOther] == 0 {
		s.Errorf("kinds seen: %v", kinds)
	}
}
