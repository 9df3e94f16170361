package policy

import (
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

// TestReadsSealed: the system catalogs tell a subject what is stored only if it gets protected columns as cells and none otherwise.
func TestReadsSealed(t *testing.T) {
	for allow, want := range map[string]bool{
		`{id: a, on: public.customers, do: [select], show: [id], sealed: "*"}`:    true,
		`{id: a, on: "public.*", do: [select], show: "*", sealed: "*"}`:           true,
		`{id: a, on: public.customers, do: [select], show: "*"}`:                  false,
		`{id: a, on: public.customers, do: [select], show: "*", sealed: [email]}`: false,
		`{id: a, on: public.customers, do: [select], show: [id]}`:                 false,
	} {
		p := mustCompile(t, "version: 1\nunlisted: pass\nroles:\n  r:\n    who: {users: [u], databases: [\"*\"]}\n    allow: ["+allow+"]\n")
		roles := p.RolesOf(Subject{User: "u", Database: "d"})
		if got := p.readsSealed(roles); got != want {
			t.Errorf("%s: %v", allow, got)
		}
		st := &sql.Statement{Understood: true, Introspects: true, Splices: []sql.Edit{{At: sql.Span{Start: 0, End: 1}, Text: "x"}}}
		if plan := p.judge(roles, known{}, nil, []*sql.Statement{st}); plan.Refusal != nil || (len(plan.Edits) == 0) != want || plan.Plain != want {
			t.Errorf("%s: %+v", allow, plan)
		}
	}
	if mustCompile(t, "version: 1\nunlisted: pass\nroles: {}\n").readsSealed(RoleSet{}) {
		t.Error("nobody's dumps hold cells")
	}
}
