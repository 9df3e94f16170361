package value

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestPatternMatches(t *testing.T) {
	for _, c := range []struct {
		text, pattern string
		like, ilike   bool
	}{
		{"", "", true, true}, {"", "%", true, true}, {"", "_", false, false}, {"a", "", false, false},
		{"Anna Meier", "%Meier", true, true}, {"Anna Meier", "%meier", false, true}, {"Anna Meier", "Anna%", true, true},
		{"Anna Meier", "%a M%", true, true}, {"Anna Meier", "A__a%r", true, true}, {"Anna Meier", "A_a%", false, false},
		{"100%", `100\%`, true, true}, {"1000", `100\%`, false, false}, {`a\b`, `a\\b`, true, true},
		{"Ärger", "ä%", false, true}, {"a\nb", "a%b", true, true}, {"aXbXc", "%X%X%", true, true}, {"aXbc", "%X%X%", false, false},
		{"abcd", "abc%bcd", false, false}, {"日本語", "_本_", true, true},
	} {
		for _, fold := range []bool{false, true} {
			p, err := ParsePattern(c.pattern, map[bool]Folding{true: FoldUnicode}[fold])
			if err != nil {
				t.Fatal(err)
			}
			if want := fold && c.ilike || !fold && c.like; p.Match([]byte(c.text)) != want {
				t.Errorf("%q LIKE %q (fold %v) should be %v", c.text, c.pattern, fold, want)
			}
		}
	}
	if p, _ := ParsePattern("%öA%", FoldASCII); p.Match([]byte("Öa")) || !p.Match([]byte("öa")) {
		t.Error("ILIKE in the C locale folds more than ASCII")
	}
	if _, err := ParsePattern(`abc\`, FoldNone); err == nil {
		t.Error("a pattern that ends in its escape character was accepted")
	}
}

// Every text that matches has all grams of the pattern; matching agrees with a regular expression.
func TestPatternAgainstRegexp(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	letters := []string{"a", "b", "B", "ä", "%", "_", `\%`, `\_`, `\\`, `\a`}
	exps := []string{"a", "b", "B", "ä", "(?s:.*)", "(?s:.)", "%", "_", `\\`, "a"}
	matched := 0
	for range 20000 {
		var pattern, exp, text strings.Builder
		for range rnd.IntN(8) {
			i := rnd.IntN(len(letters))
			pattern.WriteString(letters[i])
			exp.WriteString(exps[i])
		}
		for range rnd.IntN(8) {
			text.WriteString([]string{"a", "b", "B", "ä", "%", "_", `\`}[rnd.IntN(7)])
		}
		p, err := ParsePattern(pattern.String(), FoldNone)
		if err != nil {
			t.Fatal(err)
		}
		want := regexp.MustCompile("^(?:" + exp.String() + ")$").MatchString(text.String())
		if got := p.Match([]byte(text.String())); got != want {
			t.Fatalf("%q LIKE %q is %v", text.String(), pattern.String(), got)
		}
		if want {
			matched++
			have := Grams([]byte(text.String()))
			for _, g := range p.Grams() {
				if !slices.Contains(have, g) {
					t.Fatalf("%q matches %q and lacks gram %q", text.String(), pattern.String(), g)
				}
			}
		}
	}
	if matched < 200 {
		t.Fatalf("only %d texts matched", matched)
	}
}

func TestGrams(t *testing.T) {
	for text, want := range map[string]string{"": "", "ab": "", "Abc": "abc", "abcab": "abc bca cab", "ababab": "aba bab", "Ähm!": "ähm hm!"} {
		if got := strings.Join(Grams([]byte(text)), " "); got != want {
			t.Errorf("%q has grams %q, got %q", text, want, got)
		}
	}
	for pattern, want := range map[string]string{"%abc%": "abc", "%ab%bc%": "", "abcd%xyz": "abc bcd xyz", "a_bcd": "bcd", `50\%_off`: "50% off"} {
		p, err := ParsePattern(pattern, FoldNone)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(p.Grams(), " "); got != want {
			t.Errorf("%q needs grams %q, got %q", pattern, want, got)
		}
	}
}
