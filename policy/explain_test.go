package policy

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestExplain shows explanations as people see them and, of one, as programs do.
func TestExplain(t *testing.T) {
	p := mustCompile(t, read(t, "../examples/policy.yaml"))
	cat := testCatalog(t, p, testSpec())
	var b strings.Builder
	var last Explanation
	for _, c := range []struct{ user, text string }{
		{"otto", "select town from weather limit 1"},
		{"maya", "select id, email, phone, born\nfrom customers c\nwhere id = 1"},
		{"maya", "select * from customers"},
		{"maya", "select email from contacts; update customers set name = 'Bob', notes = email where phone = '1'"},
		{"maya", "not sql about customers"},
		{"olivia", "insert into customers (id, email, born) values (1, 'ada@example.org', $1), ($2, $1, null) returning id"},
		{"olivia", "select id from customers where email in ('ada@example.org', $1) or email = any('{a,b}'::text[])"},
	} {
		plan := p.Plan(p.RolesOf(Subject{User: c.user, Database: "crm"}), cat, testPath(), c.text)
		last = Explain(plan, c.text)
		b.WriteString(c.user + ": " + strings.ReplaceAll(c.text, "\n", "\n  ") + "\n" + last.String() + "\n")
	}
	j, err := json.MarshalIndent(last, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "explain.golden", b.String()+string(j)+"\n")
}

// TestExplainZero explains plans that no policy made.
func TestExplainZero(t *testing.T) {
	if e := Explain(&Plan{}, "select 1"); e.Verdict != "refused" || e.Rewritten != "" {
		t.Errorf("%+v", e)
	}
}
