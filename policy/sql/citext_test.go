package sql

import (
	"strings"
	"testing"
)

// TestCitextProblems: what pgveil check says of indexes over cells, foreign keys and the locale.
func TestCitextProblems(t *testing.T) {
	c := testCatalog(t, `
		table public.a: id int4 pk, c citext equality key=k normalize=lower unique, d citext equality key=k normalize=lower index
		table public.b: c citext equality key=k normalize=lower
		foreign public.b(c) public.a(c)`)
	var got []string
	for _, p := range c.Problems() {
		got = append(got, p.Table.String()+"."+p.Column+map[bool]string{true: " fatal: ", false: ": "}[p.Fatal]+p.Message)
	}
	want := []string{
		"public.a.c fatal: index a_c_key is over cells, which differ where values of citext differ by case",
		"public.a.d: index a_d_key is over cells, which differ where values of citext differ by case",
		"public.b.c fatal: foreign key fk leads to public.a.c, which is not sealed alike",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for ctype, warned := range map[string]bool{"C": true, "POSIX": true, "tr_TR.UTF-8": true, "az_AZ": true, "C.UTF-8": false, "en_US.UTF-8": false, "": false} {
		f := &problemFinder{c: c}
		c.foldsASCII = ctype == "C" || ctype == "POSIX"
		f.locale(&snapshot{Ctype: ctype})
		if (len(f.all) == 3) != warned || !warned && len(f.all) != 0 {
			t.Errorf("ctype %q: %v", ctype, f.all)
		}
	}
}

// TestCitextView: what a view's body compares is cells, whoever wrote it, and is refused.
func TestCitextView(t *testing.T) {
	cat := testCatalog(t, `
		table public.t: id int4, c citext equality key=k normalize=lower, d citext equality key=k normalize=lower
		view public.same: id int4 = SELECT t.id FROM t WHERE (t.c = t.d)
		view public.plain: id int4, c bytea = SELECT t.id, t.c FROM t`)
	for text, code := range map[string]string{
		"select id from same":                                   codeCitext,
		"select id from plain where c = 'a'":                    "",
		"select id from plain where c in ('a', $1)":             "",
		"select id from plain order by c":                       codeCitext,
		"update plain set id = 1 where c = 'a'":                 "",
		"select p.id from plain p join t on p.c = t.d":          "",
		"select p.id from plain p join t using (c)":             codeCitext,
		"create view v as select id from t where c = d":         codeCreateView,
		"create view v as select id, c from t":                  "",
		"create table public.t2 (like public.t)":                codeLike,
		"create temporary table x as select c from t":           "",
		"create table x as select c from t":                     codeCreateAs,
		"select id from t where c = ($1)::public.citext":        "",
		"select id from t where c = $1 or id::text = $1":        codeCitext,
		"select id from t where c = $1 or d = $1 or $1 is null": "",
	} {
		st := Analyze(cat, dmlPath, text)[0]
		got := ""
		if st.Refusal != nil {
			got = st.Refusal.Code
		}
		if got != code {
			t.Errorf("%s: %v, want %q", text, st.Refusal, code)
		}
		if code == codeCreateAs && !strings.Contains(st.Refusal.Hint, "{type: citext, search: equality, key: k}") {
			t.Errorf("the hint is no configuration: %s", st.Refusal.Hint)
		}
	}
}
