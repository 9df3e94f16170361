package sql

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// checkStatement is what holds of every statement, accepted or not.
func checkStatement(t *testing.T, st *Statement, text string) {
	t.Helper()
	if st.Refusal != nil {
		if st.Understood || st.Refusal.At < -1 || st.Refusal.At > len(text) || st.Refusal.Hint == "" || len(st.Refusal.SQLSTATE) != 5 {
			t.Fatalf("%s: refusal %+v, understood %v", text, st.Refusal, st.Understood)
		}
		return
	}
	if !st.Understood {
		t.Fatalf("%s: neither understood nor refused", text)
	}
	last := 0
	for i, l := range st.Literals {
		ghost := l.At.Start == l.At.End && i > 0 && l.Before != "" && l.Text == st.Literals[i-1].Text
		if l.At.Start < last || !ghost && (l.At.End <= l.At.Start || literalEnd(text, l.At.Start) != l.At.End) || l.At.End > len(text) {
			t.Fatalf("%s: literal %d at %v", text, i, l.At)
		}
		last = l.At.End
	}
	last = 0
	for i, e := range st.Edits {
		if e.At.Start < last || e.At.End < e.At.Start || e.At.End > len(text) {
			t.Fatalf("%s: edit %d at %v", text, i, e.At)
		}
		last = e.At.End
	}
	for _, c := range st.Columns {
		if c.Table < 0 || c.Table >= len(st.Tables) || c.Use == 0 && st.Verb != "lock table" || c.At.Start < 0 || c.At.End > len(text) || c.At.End < c.At.Start {
			t.Fatalf("%s: column %+v", text, c)
		}
	}
	for i, p := range st.Params {
		if p.Upstream != i+1 {
			t.Fatalf("%s: parameter %d goes upstream as $%d", text, i, p.Upstream)
		}
	}
	for _, r := range st.Results {
		if r.Origin.Table >= len(st.Tables) {
			t.Fatalf("%s: result %+v", text, r)
		}
	}
	if len(st.Literals)+len(st.Edits) > 0 {
		if _, bad := parse(sentText(st, text)); bad != nil {
			t.Fatalf("%s: sent %s: %v", text, sentText(st, text), bad)
		}
	}
}

// FuzzDML: no text makes analysis fail, and what it says fits the text.
func FuzzDML(f *testing.F) {
	files, _ := filepath.Glob("testdata/dml_*.txt")
	catalogText := ""
	for _, file := range files {
		var cases []goldenCase
		catalogText, cases = readGolden(f, file)
		for _, c := range cases {
			f.Add(c.sql)
		}
	}
	cat := testCatalog(f, catalogText)
	f.Fuzz(func(t *testing.T, text string) {
		all := Analyze(cat, dmlPath, text)
		if len(all) == 1 && isDMLVerb(all[0].Verb) {
			if r := all[0].Refusal; r != nil && r.Code == codeInternal {
				t.Fatalf("%q: %s", text, r.Message)
			}
			checkStatement(t, all[0], text)
		}
	})
}

func isDMLVerb(v string) bool {
	return v == "select" || v == "insert" || v == "update" || v == "delete"
}

// TestDMLCanaries plants a constant of its own for every plain string of every golden statement. Those that meet a protected column are
// gone from the text that is sent, and which ones these are does not depend on their values.
func TestDMLCanaries(t *testing.T) {
	files, _ := filepath.Glob("testdata/dml_*.txt")
	planted := 0
	for _, file := range files {
		catalogText, cases := readGolden(t, file)
		cat := testCatalog(t, catalogText)
		for _, k := range cases {
			text, places := plant(k.sql)
			before, after := Analyze(cat, dmlPath, k.sql), Analyze(cat, dmlPath, text)
			for i, st := range after {
				if before[i].Refusal != nil && before[i].Refusal.Code == codeSentPlain {
					continue // equal constants, of which these are none
				}
				if (st.Refusal == nil) != (before[i].Refusal == nil) {
					t.Errorf("%s is refused (%v), %s is not (%v)", text, st.Refusal, k.sql, before[i].Refusal)
				}
				if st.Refusal != nil {
					continue
				}
				sent := sentText(st, text)
				for n, at := range places {
					sealed := false
					for _, l := range before[i].Literals {
						sealed = sealed || l.At.Start <= at && at < l.At.End
					}
					for _, e := range before[i].Edits { // a part of a pattern that is put together
						sealed = sealed || e.At.Start <= at && at < e.At.End && !strings.HasPrefix(strings.TrimSpace(e.Text), "'")
					}
					if gone := !strings.Contains(sent, canary(n)); at < st.At.Start || gone != sealed {
						t.Errorf("%s: is canary %d gone: %v, is the constant sealed in %s: %v", text, n, gone, k.sql, sealed)
					}
					if sealed {
						planted++
					}
				}
			}
		}
	}
	if planted < 100 {
		t.Errorf("only %d canaries were planted", planted)
	}
}

func canary(n int) string { return fmt.Sprintf("canary%dx", n) }

// plant replaces the plain string constants of a text by canaries and says where the constants stood. It leaves arrays, dates, numbers and patterns.
func plant(text string) (string, []int) {
	var out strings.Builder
	var places []int
	last := 0
	unicode := strings.Contains(text, "UESCAPE") || strings.Contains(text, "varchar(")
	for at := 0; !unicode; {
		tok, ok := nextToken(text, at)
		if !ok {
			break
		}
		at = tok.End
		body := text[tok.Start+1 : max(tok.Start+1, tok.End-1)]
		if tok.Kind == KindString && !strings.ContainsAny(body, "{[-%_0123456789") {
			fmt.Fprintf(&out, "%s'%s'", text[last:tok.Start], canary(len(places)))
			places = append(places, tok.Start)
			last = tok.End
		}
	}
	return out.String() + text[last:], places
}

// TestViewChains: views on views are read to a limit, and a statement can't make analysis expand them without end.
func TestViewChains(t *testing.T) {
	lines := "table public.customers: id int4, email text equality\n" +
		"view public.v0: id int4, email bytea = SELECT customers.id, customers.email FROM public.customers\n"
	double := lines
	for i := 1; i < 30; i++ {
		lines += fmt.Sprintf("view public.v%d: id int4, email bytea = SELECT v%d.id, v%d.email FROM public.v%d\n", i, i-1, i-1, i-1)
		double += fmt.Sprintf("view public.v%d: id int4, email bytea = SELECT a.id, a.email FROM public.v%d a, public.v%d b\n", i, i-1, i-1)
	}
	cases := []struct {
		catalog, text, code string
	}{
		{lines, "SELECT email FROM v14 WHERE email = 'x'", ""},
		{lines, "SELECT email FROM v29", codeViewDepth},
		{double, "SELECT email FROM v5", ""},
		{double, "SELECT email FROM v12", codeViewDepth},
	}
	for _, c := range cases {
		st := Analyze(testCatalog(t, c.catalog), dmlPath, c.text)[0]
		code := ""
		if st.Refusal != nil {
			code = st.Refusal.Code
		}
		if code != c.code {
			t.Errorf("%s: %q, want %q (%v)", c.text, code, c.code, st.Refusal)
		}
	}
}
