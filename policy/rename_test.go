package policy

import (
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

// TestRenames: a column that a rule of anybody names keeps its name, and no other column gets it.
func TestRenames(t *testing.T) {
	p := mustCompile(t, `version: 1
unlisted: pass
roles:
  dba:
    who: {users: [dba], databases: ["*"]}
    allow: [{id: all, on: [public.customers, public.orders], do: [all], show: "*", write: "*"}]
  support:
    who: {users: [support], databases: ["*"]}
    allow: [{id: some, on: public.customers, do: [select], show: [id], mask: {name: null}}]
forbid:
  - {id: no, on: public.customers, do: [delete], columns: [town], why: because}
`)
	roles := p.RolesOf(Subject{User: "dba", Database: "d"})
	for _, c := range []struct {
		table, from, to string
		want            string
	}{
		{"customers", "name", "fullname", codeRenamed}, {"customers", "note", "name", codeRenamed}, {"customers", "id", "key", codeRenamed},
		{"customers", "town", "city", codeRenamed}, {"customers", "note", "remark", ""}, {"orders", "name", "fullname", ""},
	} {
		table := sql.TableName{Schema: "public", Name: c.table}
		st := &sql.Statement{Understood: true, Sensitive: true, Verb: "alter column rename",
			Tables:  []sql.TableUse{{Table: table, Effects: sql.EffectAlter}},
			Renames: []sql.ColumnUse{{Name: c.from}, {Name: c.to}}}
		plan := p.judge(roles, known{}, nil, []*sql.Statement{st})
		got := ""
		if plan.Refusal != nil {
			got = plan.Refusal.Code
		}
		if got != c.want {
			t.Errorf("%s.%s to %s: %q, want %q", c.table, c.from, c.to, got, c.want)
		}
	}
	st := &sql.Statement{Understood: true, Sensitive: true, Renames: []sql.ColumnUse{{Table: 3}}}
	if plan := p.judge(roles, known{}, nil, []*sql.Statement{st}); plan.Refusal == nil {
		t.Error("a column of no table got a name")
	}
}
