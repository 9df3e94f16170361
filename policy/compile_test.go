package policy

import (
	"slices"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

func TestCompileProblems(t *testing.T) {
	r := mustLoad(t, `version: 1
unlisted: pass
roles:
  a:
    who: {users: [x]}
    allow:
      - {id: r1, on: public.customers, do: select, mask: {born: last(2), email: hash, phone: email}}
      - {id: r2, on: "*", do: select, mask: {born: redact}}
      - {id: r3, on: public.orders, do: select, mask: {born: redact}}
      - {id: r4, on: public.customers, do: select, mask: {born: "null"}}
`)
	_, err := Compile(r, testSpec(), Options{})
	want := strings.Join([]string{
		"policy.yaml:7:59: rule r1: mask last(2) needs text, but column public.customers.born is a date; use null",
		"policy.yaml:7:74: rule r1 masks column email by hash, but there is no mask key",
		"policy.yaml:8:46: rule r2: mask redact needs text, but column public.customers.born is a date; use null",
	}, "\n")
	if err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestTables(t *testing.T) {
	p := mustCompile(t, `
version: 1
unlisted: pass
roles:
  a: {who: {users: [x]}, allow: [{id: r, on: [public.t, other.u, "public.*"], do: select}]}
forbid:
  - {id: f, on: public.v, do: select, why: because}
  - {id: g, on: "*", do: copy_to, why: because}
`)
	want := []sql.TableName{{Schema: "other", Name: "u"}, table("t"), table("v")}
	if got := p.Tables(); !slices.Equal(got, want) {
		t.Errorf("tables %v, want %v", got, want)
	}
	spec := p.Extend(sql.Spec{Listed: []sql.TableName{table("own")}})
	if !slices.Equal(spec.Listed, append([]sql.TableName{table("own")}, want...)) || spec.AllListed {
		t.Errorf("spec %+v", spec)
	}
	for _, text := range []string{
		"version: 1\nunlisted: deny\nroles: {}\n",
		"version: 1\nunlisted: pass\nroles: {}\nforbid: [{id: f, on: \"*\", do: select, columns: [x], why: because}]\n",
	} {
		if !mustCompile(t, text).Extend(sql.Spec{}).AllListed {
			t.Errorf("not every table is listed for\n%s", text)
		}
	}
}

// TestProblems is what pgveil check reports of a policy that does not fit the database.
func TestProblems(t *testing.T) {
	p := mustCompile(t, `version: 1
unlisted: pass
roles:
  a:
    who: {users: [x]}
    allow:
      - {id: r1, on: public.customers, do: [select, update], show: [id, nmae], mask: {email: email}, write: [note]}
      - {id: r2, on: [public.order, public.people], do: select, mask: {age: last(2), email: last(2), secret: "null"}}
      - {id: r3, on: public.directory, do: select, show: [id], mask: {email: redact}}
forbid:
  - {id: f, on: public.weather, do: select, columns: [city], why: because}
`)
	got := strings.Join(p.Problems(testCatalog(t, p, testSpec())), "\n")
	golden(t, "problems.golden", got+"\n")
	fine := mustCompile(t, read(t, "../examples/policy.yaml"))
	if problems := fine.Problems(testCatalog(t, fine, testSpec())); len(problems) > 0 {
		t.Errorf("examples/policy.yaml: %v", problems)
	}
}

// TestMonotone adds rules to a policy and expects that nothing that was allowed is refused or shows less, and that a forbid
// never allows anything.
func TestMonotone(t *testing.T) {
	openness := func(p *Plan) []int {
		if !p.Allowed {
			return nil
		}
		var all []int
		for _, s := range p.Statements {
			for _, r := range s.Results {
				n := map[Action]int{Refuse: 0, Null: 1, Mask: 2, Open: 3, Pass: 3}[r.Do]
				all = append(all, n)
			}
		}
		return all
	}
	for _, s := range suites(t) {
		base, wider, stricter := mustLoad(t, s.policy), mustLoad(t, s.policy), mustLoad(t, s.policy)
		wider.Roles = append(wider.Roles, Role{Name: "extra", Users: []string{"*"}, Databases: []string{"*"}, Allow: []Allow{{ID: "extra",
			On: []Target{{Table: sql.TableName{Schema: "public", Name: "*"}}}, Do: sql.EffectSelect | sql.EffectLock,
			Show: Columns{Names: []Name{{Text: "notes"}, {Text: "email"}}}}}})
		stricter.Forbids = append(stricter.Forbids, Forbid{ID: "extra", On: []Target{{Table: table("customers")}}, Do: sql.EffectSelect, Why: "w"})
		b, w, f := s.plans(t, base), s.plans(t, wider), s.plans(t, stricter)
		moved := 0
		for i := range b {
			if b[i].Allowed && !w[i].Allowed {
				t.Errorf("%s: an allow more refuses: %s", s.name, s.cases[i].text)
			}
			if !b[i].Allowed && f[i].Allowed {
				t.Errorf("%s: a forbid more allows: %s", s.name, s.cases[i].text)
			}
			if b[i].Allowed && !f[i].Allowed || !b[i].Allowed && w[i].Allowed {
				moved++
			}
			was, is := openness(b[i]), openness(w[i])
			for k := range was {
				if k < len(is) && is[k] < was[k] {
					t.Errorf("%s: an allow more shows less: %s", s.name, s.cases[i].text)
				}
			}
		}
		if moved == 0 {
			t.Errorf("%s: the added rules change nothing", s.name)
		}
	}
}

// plans judges the suite's single statements.
func (s *suite) plans(t testing.TB, r *Rules) []*Plan {
	t.Helper()
	p, err := Compile(r, testSpec(), testOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	w := s.world(t, p)
	all := make([]*Plan, len(s.cases))
	for i, c := range s.cases {
		all[i] = &Plan{}
		if c.user != "" && c.user != "all" {
			all[i] = judgeCase(t, p, w, c)
		}
	}
	return all
}
