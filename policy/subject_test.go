package policy

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"maya", "maya", true}, {"maya", "Maya", false}, {"maya", "maya2", false}, {"maya", "", false}, {"*", "", true},
		{"*", "anyone", true}, {"svc_*", "svc_", true}, {"svc_*", "svc_sync", true}, {"svc_*", "asvc_sync", false},
		{"*_ro", "crm_ro", true}, {"*_ro", "crm_row", false}, {"a*b*c", "aXXbYYc", true}, {"a*b*c", "abc", true},
		{"a*b*c", "acb", false}, {"a**c", "abc", true}, {"", "", true}, {"", "x", false}, {"a?c", "abc", false}, {"[a-z]", "q", false},
		{"*a*", "bab", true}, {"*ab", "aab", true},
	} {
		if got := matches(c.pattern, c.s); got != c.want {
			t.Errorf("matches(%q, %q) = %t", c.pattern, c.s, got)
		}
	}
}

func TestMatchesIsNotExponential(t *testing.T) {
	from := time.Now()
	if matches(strings.Repeat("a*", 100)+"b", strings.Repeat("a", 20000)) {
		t.Error("matched")
	}
	if d := time.Since(from); d > 2*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestRolesOf(t *testing.T) {
	p := mustCompile(t, `
version: 1
unlisted: pass
roles:
  support: {who: {users: [maya, "sup_*"], databases: [crm, "crm_*"]}, record: statements}
  reader:  {who: {users: ["*"], databases: [wiki]}}
  dba:     {who: {users: [maya]}}
  nobody:  {who: {users: []}}
`)
	for _, c := range []struct {
		user, database string
		want           []string
		privileged     bool
	}{
		{"maya", "crm", []string{"support", "dba"}, true},
		{"maya", "wiki", []string{"reader", "dba"}, false},
		{"sup_1", "crm_test", []string{"support"}, true},
		{"sup_1", "other", nil, false},
		{"otto", "crm", nil, false},
	} {
		set := p.RolesOf(Subject{User: c.user, Database: c.database})
		if got := p.RoleNames(set); !slices.Equal(got, c.want) || set.Empty() != (c.want == nil) {
			t.Errorf("%s in %s holds %v, want %v", c.user, c.database, got, c.want)
		}
		if p.Privileged(set) != c.privileged {
			t.Errorf("%s in %s: privileged %t", c.user, c.database, p.Privileged(set))
		}
		if again := p.RolesOf(Subject{User: c.user, Database: c.database}); again != set {
			t.Error("the same subject has two role sets")
		}
	}
	if !p.RecordsStatements() {
		t.Error("a role records statements")
	}
}

// TestManyRoles holds the last of as many roles as a file may have.
func TestManyRoles(t *testing.T) {
	r := &Rules{}
	for i := range maxRoles {
		name := "r" + strings.Repeat("x", i)
		r.Roles = append(r.Roles, Role{Name: name, Users: []string{name}, Databases: []string{"*"}})
	}
	p, err := Compile(r, testSpec(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 63, 64, maxRoles - 1} {
		set := p.RolesOf(Subject{User: r.Roles[i].Name, Database: "d"})
		if got := p.RoleNames(set); len(got) != 1 || got[0] != r.Roles[i].Name {
			t.Errorf("role %d: %v", i, got)
		}
	}
}
