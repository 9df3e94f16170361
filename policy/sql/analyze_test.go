package sql

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
)

const analyzeCatalog = `
table public.customers: id int4 notnull pk, email text equality key=mail unique, ssn text none, name text
table public.orders: id int4 notnull pk, customer_id int4, note text
table public.audit: id int4 notnull pk, note text
view public.v: id int4, mail bytea = SELECT c.id, c.email AS mail FROM customers c
listed public.audit
config public.people: id int4, mail text equality key=mail guard, pin varchar(10) none guard
foreign public.orders(customer_id) public.customers(id)
function public.hidden(plpgsql): BEGIN EXECUTE 'x'; END
`

// goldenTexts are the statements of all golden files.
func goldenTexts(t testing.TB) []string {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	var texts []string
	for _, f := range files {
		_, cases := readGolden(t, f)
		for _, c := range cases {
			if c.sql != "" {
				texts = append(texts, c.sql)
			}
		}
	}
	return texts
}

// checkAnalysis holds for every text whatever: no panic, at least one statement, exactly one of Understood and Refusal, spans inside the
// text, no defect of our own, and soundness of the prefilter: what analysis finds sensitive, MayTouch does not let pass.
func checkAnalysis(t testing.TB, c *Catalog, text string) {
	t.Helper()
	all := Analyze(c, dmlPath, text)
	if len(all) == 0 {
		t.Fatalf("%q: no statement", text)
	}
	inside := func(s Span, what string) {
		if s.Start < 0 || s.End < s.Start || s.End > len(text) {
			t.Fatalf("%q: %s has span %v", text, what, s)
		}
	}
	for _, st := range all {
		if st.Understood == (st.Refusal != nil) {
			t.Fatalf("%q: understood %v, refusal %v", text, st.Understood, st.Refusal)
		}
		inside(st.At, "statement")
		for _, u := range st.Tables {
			inside(u.At, "table")
		}
		if st.Refusal == nil {
			last := Span{}
			for _, l := range st.Literals {
				inside(l.At, "literal")
			}
			for _, e := range st.Edits {
				inside(e.At, "edit")
			}
			_ = last
		}
		if r := st.Refusal; r != nil {
			if r.Code == codeInternal {
				t.Fatalf("%q: %s", text, r.Message)
			}
			if r.At < -1 || r.At > len(text) || r.SQLSTATE == "" || r.Hint == "" {
				t.Fatalf("%q: refusal %+v", text, *r)
			}
			if refusalDoc(r.Code).Title == "refused" {
				t.Fatalf("%q: code %s is not documented", text, r.Code)
			}
		}
		if st.Sensitive && st.Verb != "unknown" && !c.MayTouch(text) {
			t.Fatalf("%q: sensitive, but MayTouch is false", text)
		}
	}
}

func TestAnalyzeGoldenTexts(t *testing.T) {
	c := testCatalog(t, analyzeCatalog)
	for _, text := range goldenTexts(t) {
		checkAnalysis(t, c, text)
	}
}

// Random splices of golden statements: many still parse.
func TestAnalyzeMutations(t *testing.T) {
	c := testCatalog(t, analyzeCatalog)
	texts := goldenTexts(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 4000 {
		words := strings.Fields(texts[rng.IntN(len(texts))])
		other := strings.Fields(texts[rng.IntN(len(texts))])
		for range 1 + rng.IntN(3) {
			i := rng.IntN(len(words) + 1)
			switch rng.IntN(4) {
			case 0:
				j := rng.IntN(len(other) + 1)
				words = append(words[:i:i], other[j:]...)
			case 1:
				words = append(words[:i:i], append([]string{other[rng.IntN(len(other))]}, words[i:]...)...)
			case 2:
				words = append(words[:i:i], append([]string{"("}, append(append([]string(nil), other...), append([]string{")"}, words[i:]...)...)...)...)
			case 3:
				if i < len(words) {
					words[i] = other[rng.IntN(len(other))]
				}
			}
		}
		checkAnalysis(t, c, strings.Join(words, " "))
	}
}

func FuzzAnalyze(f *testing.F) {
	for _, text := range goldenTexts(f) {
		f.Add(text)
	}
	c := testCatalog(f, analyzeCatalog)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 10000 {
			checkAnalysis(t, c, text)
		}
	})
}
