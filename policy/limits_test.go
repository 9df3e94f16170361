package policy

import (
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

// TestLimits: of several roles the largest limit counts that one of them states.
func TestLimits(t *testing.T) {
	r, err := Load("p", []byte(`version: 1
unlisted: pass
roles:
  all: {who: {users: ["*"]}, limits: {idle: 10m, idle_in_transaction: 1m, statement: 30s, connections: 50}}
  batch: {who: {users: [batch, both]}, limits: {statement: 1h, connections: 5}}
  long: {who: {users: [long, both]}, limits: {statement: off, idle: off}}
  silent: {who: {users: [silent]}}
`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(r, sql.Spec{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]RoleLimits{
		"maya":   {600, 60, 30, 50},
		"silent": {600, 60, 30, 50},
		"batch":  {600, 60, 3600, 50},
		"long":   {0, 60, 0, 50},
		"both":   {0, 60, 0, 50},
	} {
		if got := p.Limits(p.RolesOf(Subject{User: user, Database: "d"})); got != want {
			t.Errorf("%s: %+v", user, got)
		}
	}
	if got := p.Limits(RoleSet{}); got != (RoleLimits{}) {
		t.Errorf("no role: %+v", got)
	}
	before := p.Version()
	r.Roles[0].Limits.Idle++
	if p, _ = Compile(r, sql.Spec{}, Options{}); p.Version() == before {
		t.Error("a change of limits does not show in the version")
	}
}
