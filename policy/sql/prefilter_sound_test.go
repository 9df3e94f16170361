package sql

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// soundCatalogs are databases in which part of what a corpus names is protected or listed, so that the cheap check has something to let pass.
func soundCatalogs(t testing.TB) []*Catalog {
	var all []*Catalog
	for _, lines := range []string{
		analyzeCatalog,
		prefilterCatalog,
		// The tables of e2e/testdata/shapes.sql, one protected at a time.
		"table public.logins: id int4 pk, person int4, email text equality, secret text\ntable public.people: id int4 pk, email text, name text\n" +
			"view public.people_view: id int4 = SELECT id FROM people\nview public.both: id int4 = SELECT p.id FROM people p JOIN logins l ON l.person = p.id",
		"table public.people: id int4 pk, email text equality, ssn text none, name text\ntable public.logins: id int4 pk, person int4, email text\ntable public.things: id int4 pk, label text",
		// Those of PostgreSQL's regression tests.
		"table public.onek: unique1 int4 equality, stringu1 text\ntable public.tenk1: unique1 int4, stringu1 text\ntable public.int4_tbl: f1 int4\nlisted public.int4_tbl\n" +
			"config public.foo: f1 int4 none\nlisted public.emp\nfunction public.f(sql): SELECT unique1 FROM onek\nview public.v1: a int4 = SELECT unique1 FROM onek",
	} {
		all = append(all, testCatalog(t, lines))
	}
	return all
}

// checkSound holds for every text whatever: what MayTouch lets pass unread, analysis lets pass as it is. Only what is no SQL, or more of it than
// is analysed, analysis would refuse, and then there is nothing that it knows of the text. It reports whether the text passes unread.
func checkSound(t testing.TB, c *Catalog, text string) bool {
	t.Helper()
	if c.MayTouch(text) {
		return false
	}
	for _, st := range Analyze(c, dmlPath, text) {
		if st.Refusal != nil && st.Verb == "unknown" && slices.Contains([]string{codeSyntax, codeNotText, codeTooLong, codeTooDeep, codeParamNumber}, st.Refusal.Code) {
			continue
		}
		_, _, target := protectedSlots(st)
		switch {
		case st.Refusal != nil:
			t.Errorf("%q passes unread and is refused: %s %s", text, st.Refusal.Code, st.Refusal.Message)
		case st.Sensitive || !st.Understood:
			t.Errorf("%q passes unread, sensitive %v, understood %v", text, st.Sensitive, st.Understood)
		case target:
			t.Errorf("%q passes unread and has a protected literal, parameter or result", text)
		}
	}
	return true
}

// protectedSlots reports what of a statement is sealed or opened.
func protectedSlots(st *Statement) (literals, results int, any bool) {
	for _, r := range st.Results {
		if r.Protection != nil {
			results++
		}
	}
	literals = len(st.Literals)
	return literals, results, literals+results > 0 || st.Temporary.holding() != nil
}

// soundTexts are the golden files and the shapes of the differential test, regressionTexts PostgreSQL's own where make test-compat has put them.
func soundTexts(t testing.TB) []string {
	texts := append(goldenTexts(t), "ALTER TABLE plain ADD CHECK (ok(plain.*))", "CREATE TABLE a (b int, CHECK (ok(a.*)))")
	shapes, err := os.ReadFile("../../e2e/testdata/shapes.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(shapes), "\n") {
		line, _, _ = strings.Cut(line, " ## ")
		texts = append(texts, line)
	}
	return texts
}

func regressionTexts(t testing.TB) (texts []string) {
	files, _ := filepath.Glob("../../bin/compat/postgresql/source/src/test/regress/sql/*.sql")
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.Split(string(content), ";\n")...)
	}
	return texts
}

func TestMayTouchIsSound(t *testing.T) {
	texts, catalogs := soundTexts(t), soundCatalogs(t)
	for i, c := range catalogs {
		passed := 0
		if i == len(catalogs)-1 {
			texts = append(texts, regressionTexts(t)...)
		}
		for _, text := range texts {
			if checkSound(t, c, text) {
				passed++
			}
		}
		t.Logf("catalog %d: of %d texts %d pass unread", i, len(texts), passed)
		if passed < len(texts)/20 || passed == len(texts) {
			t.Errorf("catalog %d: %d of %d texts pass unread, which shows little", i, passed, len(texts))
		}
	}
}

// Words of the corpora put together at random name things in all kinds of places.
func TestMayTouchIsSoundForMutations(t *testing.T) {
	texts, catalogs := soundTexts(t), soundCatalogs(t)
	passed := 0
	for i := range texts {
		words, other := strings.Fields(texts[i]), strings.Fields(texts[(i*7919+13)%len(texts)])
		if len(words) == 0 || len(other) == 0 {
			continue
		}
		at, from := i%len(words), (i*31)%len(other)
		for _, text := range []string{
			strings.Join(words[:at], " ") + " " + strings.Join(other[from:], " "),
			strings.Join(slices.Insert(slices.Clone(words), at, other[from]), " "),
			strings.ToUpper(strings.Join(words, "/**/")),
			strings.Join(words, " ") + "; " + strings.Join(other, " "),
		} {
			if checkSound(t, catalogs[i%len(catalogs)], text) {
				passed++
			}
		}
	}
	if passed < 500 {
		t.Errorf("only %d texts pass unread", passed)
	}
}

func FuzzMayTouch(f *testing.F) {
	for i, text := range soundTexts(f) {
		if i%5 == 0 {
			f.Add(text, uint8(i/5))
		}
	}
	catalogs := soundCatalogs(f)
	f.Fuzz(func(t *testing.T, text string, which uint8) {
		if len(text) < 10000 {
			checkSound(t, catalogs[int(which)%len(catalogs)], text)
		}
	})
}
