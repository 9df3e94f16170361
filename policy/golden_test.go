package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

// suite is a policy with statements to judge: testdata/NAME.cases holds lines "user: SQL", and comments. "all: SQL" stands for
// every user of the suite, and {table} in it for every table of the database.
type suite struct {
	name, policy string
	cases        []suiteCase
	worlds       map[string]*world
}

type suiteCase struct{ user, text, comment string }

func suites(t testing.TB) []suite {
	t.Helper()
	files, err := filepath.Glob("testdata/*.cases")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d suites, %v", len(files), err)
	}
	var all []suite
	for _, file := range files {
		s := suite{name: strings.TrimSuffix(filepath.Base(file), ".cases")}
		policy := "testdata/" + s.name + ".yaml"
		if s.name == "example" {
			policy = "../examples/policy.yaml"
		}
		s.policy = read(t, policy)
		for _, line := range strings.Split(read(t, file), "\n") {
			if line == "" || line[0] == '#' {
				s.cases = append(s.cases, suiteCase{comment: line})
				continue
			}
			user, text, ok := strings.Cut(line, ": ")
			if !ok {
				t.Fatalf("%s: %q", file, line)
			}
			s.cases = append(s.cases, suiteCase{user: user, text: strings.ReplaceAll(text, `\n`, "\n")})
		}
		all = append(all, s)
	}
	return all
}

func read(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// world is a catalog with the analyses made against it; the suite keeps one for each set of listed tables.
type world struct {
	cat      *sql.Catalog
	analyses map[string][]*sql.Statement
}

func (s *suite) world(t testing.TB, p *Policy) *world {
	t.Helper()
	spec := p.Extend(testSpec())
	key := fmt.Sprint(spec.Listed, spec.AllListed)
	if s.worlds == nil {
		s.worlds = map[string]*world{}
	}
	if s.worlds[key] == nil {
		s.worlds[key] = &world{cat: testCatalog(t, p, testSpec()), analyses: map[string][]*sql.Statement{}}
	}
	return s.worlds[key]
}

func (w *world) analyze(cat *sql.Catalog, path []string, text string, _ sql.Names) []*sql.Statement {
	st, ok := w.analyses[text]
	if !ok {
		st = sql.Analyze(cat, path, text)
		w.analyses[text] = st
	}
	return st
}

// verdicts judges every case of the suite under rules, one line each.
func (s *suite) verdicts(t testing.TB, rules *Rules) []string {
	t.Helper()
	p, err := Compile(rules, testSpec(), testOptions(t))
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	w := s.world(t, p)
	var lines []string
	for _, c := range s.cases {
		if c.user == "" {
			lines = append(lines, c.comment)
			continue
		}
		if c.user == "all" {
			lines = append(lines, s.matrix(t, p, w, c.text)...)
			continue
		}
		plan := judgeCase(t, p, w, c)
		lines = append(lines, fmt.Sprintf("%s: %s\n    %s", c.user, strings.ReplaceAll(c.text, "\n", `\n`), verdictLine(plan, c.text)))
	}
	return lines
}

func judgeCase(t testing.TB, p *Policy, w *world, c suiteCase) *Plan {
	t.Helper()
	plan := p.plan(p.RolesOf(Subject{User: c.user, Database: "crm"}), w.cat, testPath(), c.text, reading{w.analyze, sql.Normalize})
	invariants(t, c, plan)
	return plan
}

// matrix is one line a table: every user's verdict in a word.
func (s *suite) matrix(t testing.TB, p *Policy, w *world, text string) []string {
	t.Helper()
	var users []string
	for _, c := range s.cases {
		if c.user != "" && c.user != "all" && !slices.Contains(users, c.user) {
			users = append(users, c.user)
		}
	}
	slices.Sort(users)
	lines := []string{"all: " + text}
	for _, name := range testTableNames() {
		line := fmt.Sprintf("    %-20s", name)
		for _, user := range users {
			plan := judgeCase(t, p, w, suiteCase{user: user, text: strings.ReplaceAll(text, "{table}", name)})
			word := "allowed"
			if plan.Refusal != nil {
				word = plan.Refusal.Code
			} else if plan.Plain {
				word = "plain"
			}
			line += " " + user + "=" + word
		}
		lines = append(lines, line)
	}
	return lines
}

// invariants hold for every plan whatsoever.
func invariants(t testing.TB, c suiteCase, p *Plan) {
	t.Helper()
	if p.Allowed == (p.Refusal != nil) {
		t.Errorf("%s: %s: allowed %t with refusal %v", c.user, c.text, p.Allowed, p.Refusal)
	}
	for _, s := range p.Statements {
		for _, r := range append(s.Results, s.Copied...) {
			switch {
			case p.Refusal != nil && len(s.Refusals) > 0 && r.Do != Refuse:
				t.Errorf("%s: %s: a refused statement has slot %+v", c.user, c.text, r)
			case p.Allowed && r.Do == Refuse:
				t.Errorf("%s: %s: an allowed statement has a slot without a verdict", c.user, c.text)
			case r.Do == Open && r.Protection == nil && len(r.Holds) == 0, (r.Do == Mask) != (r.Mask != nil):
				t.Errorf("%s: %s: slot %+v", c.user, c.text, r)
			}
		}
	}
	if p.Refusal != nil && (p.Refusal.Code == "" || len(p.Refusal.SQLSTATE) != 5 || p.Refusal.Message == "") {
		t.Errorf("%s: %s: refusal %+v", c.user, c.text, p.Refusal)
	}
}

func TestSuites(t *testing.T) {
	for _, s := range suites(t) {
		golden(t, s.name+".golden", strings.Join(s.verdicts(t, mustLoad(t, s.policy)), "\n"))
	}
}
