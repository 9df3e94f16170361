package policy

import "testing"

// BenchmarkPlan is the cost of a statement that the cache has not seen: parse, analyse, judge.
func BenchmarkPlan(b *testing.B) {
	p := mustCompile(b, read(b, "../examples/policy.yaml"))
	cat := testCatalog(b, p, testSpec())
	roles := p.RolesOf(Subject{User: "maya", Database: "crm"})
	for name, text := range map[string]string{
		"lookup": "select id, name, email from customers where id = $1",
		"plain":  "select town from weather where id = $1",
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !p.Plan(roles, cat, testPath(), text).Allowed {
					b.Fatal("refused")
				}
			}
		})
	}
}
