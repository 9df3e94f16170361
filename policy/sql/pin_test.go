package sql

import "testing"

// TestPin: which names get their schema. public.t is protected, and others of that name are not; so is people, of which there is one.
func TestPin(t *testing.T) {
	c := testCatalog(t, `
		table public.t: id int4 pk, email text equality
		table other.t: a text
		table public.people: ssn text none
		table public.plain: a text`)
	plain := []string{"other", "public"}
	for _, test := range []struct {
		path       []string
		text, want string
	}{
		{plain, "select a || '!' from t", `select a || '!' from "other".t`},
		{plain, "select 1 from only t x, (table t) y for update of x", `select 1 from only "other".t x, (table "other".t) y for update of x`},
		{plain, "select 1 from t for update of t", `select 1 from "other".t for update of t`},
		{plain, "insert into t select * from t on conflict do nothing", `insert into "other".t select * from "other".t on conflict do nothing`},
		{plain, "update t set a = 1 from t u where exists (select from t)", `update "other".t set a = 1 from "other".t u where exists (select from "other".t)`},
		{plain, "delete from t where a in (select a from t)", `delete from "other".t where a in (select a from "other".t)`},
		{plain, "explain select * from t", `explain select * from "other".t`},
		{plain, "copy t to stdout", `copy "other".t to stdout`},
		{plain, "copy (select * from t) to stdout", `copy (select * from "other".t) to stdout`},
		{plain, "select * from other.t", "select * from other.t"},
		{plain, "select * from plain", "select * from plain"},
		{dmlPath, "select email from t", `select email from "public".t`},
	} {
		st := Analyze(c, test.path, test.text)[0]
		if st.Refusal != nil {
			t.Errorf("%s: refused: %v", test.text, st.Refusal)
			continue
		}
		if sent := sentWith(t, c, st, test.text); sent != test.want {
			t.Errorf("got %s\nwant %s", sent, test.want)
		}
	}
	for _, text := range []string{"with t as (select 1) select * from t", "with x as (select a || '!' from t), t as (select 1) select * from x, t"} {
		if st := Analyze(c, plain, text)[0]; st.Refusal == nil || st.Refusal.Code != codeSeveral {
			t.Errorf("%s: %v", text, st.Refusal)
		}
	}
}
