package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/policy/sql"
)

// columns of people with a value in SQL and as a parameter, for the shapes that are tried on every one of them. Each value is
// that of row 3.
var columns = []struct{ name, literal, param, other string }{
	{"email", "'cnry3@x.test'", "cnry3@x.test", "cnry-other"},
	{"ssn", "'cnry-ssn-3'", "cnry-ssn-3", "cnry-other"},
	{"age", "33", "33", "77"},
	{"born", "'1980-01-03'", "1980-01-03", "1999-12-31"},
	{"balance", "3.00", "3.00", "7.25"},
	{"amount", "1.40", "1.40", "-0.0010"},
	{"rate", "1.5000", "1.5", "-0.001"},
	{"active", "true", "true", "false"},
	{"seen", "'2024-01-03 00:00:00+00'", "2024-01-03 00:00:00+00", "2025-06-07 08:09:10.5+02"},
	{"token", "'00000000-0000-0000-0000-000000000003'", "00000000-0000-0000-0000-000000000003", "11111111-2222-3333-4444-555555555555"},
	{"photo", `'\x03c57e91'`, `\x03c57e91`, `\x00`},
	{"extra", `'{"k": 3}'`, `{"k": 3}`, `{"k": [1, 2.50], "z": null}`},
	{"code", "'C3'", "C3", "C9"},
	{"big", "9000000003", "9000000003", "-5"},
	{"small", "3", "3", "-5"},
}

// templates use C for the column, L for a literal, O for another parameter's value.
var templates = []string{
	"select C from people where id = 3",
	"select C, id from people order by id",
	"select id from people where C = L order by id",
	"select id from people where C = $1 order by id ## P",
	"select id from people where C <> $1 order by id ## P",
	"select id from people where C in ($1, L) order by id ## O",
	"select id from people where C is not distinct from $1 order by id ## P",
	"select id from people where C is null order by id",
	"select id from people where C < L order by id",
	"select count(C), count(distinct C) from people",
	"select C, count(*) from people group by C",
	"select distinct C from people",
	"select C from people order by C, id",
	"select C::text from people where id = 3",
	"insert into people (id, name, C) values (900, 'n', $1) returning C ## O",
	"insert into people (id, name, C) values (900, 'n', L) returning C",
	"insert into people (id, name, C) values (900, 'n', null), (901, 'n', $1) returning C ## O",
	"update people set C = $1 where id = 3 returning C, id ## O",
	"update people set C = null where C = L",
	"delete from people where C = $1 returning id ## P",
}

type shape struct {
	sql    string
	params []any // string or nil
}

func shapes(t *testing.T) []shape {
	text, err := os.ReadFile("testdata/shapes.sql")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for _, c := range columns {
		for _, tpl := range templates {
			text, param, has := strings.Cut(tpl, " ## ")
			text = regexp.MustCompile(`\bC\b`).ReplaceAllString(text, c.name)
			text = regexp.MustCompile(`\bL\b`).ReplaceAllString(text, strings.ReplaceAll(c.literal, "$", "$$"))
			if has {
				text += " ## " + map[string]string{"P": c.param, "O": c.other}[param]
			}
			lines = append(lines, text)
		}
	}
	var all []shape
	for _, line := range lines {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		sql, params, has := strings.Cut(line, " ## ")
		s := shape{sql: sql}
		if has {
			for _, p := range strings.Split(params, "|") {
				if p == "NULL" {
					s.params = append(s.params, nil)
				} else {
					s.params = append(s.params, p)
				}
			}
		}
		all = append(all, s)
	}
	if len(all) < 300 {
		t.Fatalf("only %d shapes", len(all))
	}
	return all
}

// outcome is what a client sees of one statement.
type outcome struct {
	text     string // results or the error, in a comparable form
	sqlstate string
	code     string // PVnnn of a refusal
}

var refusalCode = regexp.MustCompile(`\[(PV[0-9]{3})\]`)

func outcomeOf(results []*pgconn.Result, err error, ordered bool) outcome {
	var o outcome
	var b strings.Builder
	for _, r := range results {
		for _, f := range r.FieldDescriptions {
			fmt.Fprintf(&b, "%s:%d:%d:%d:%d ", f.Name, f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format)
		}
		var rows []string
		for _, row := range r.Rows {
			var line strings.Builder
			for _, v := range row {
				if v == nil {
					line.WriteString(" NULL")
				} else {
					fmt.Fprintf(&line, " %q", v)
				}
			}
			rows = append(rows, line.String())
		}
		if !ordered {
			sort.Strings(rows)
		}
		fmt.Fprintf(&b, "\n%s\n%s\n", strings.Join(rows, "\n"), r.CommandTag)
		if err == nil {
			err = r.Err
		}
	}
	o.text = b.String()
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		o.sqlstate = pe.Code
		o.text += "ERROR " + pe.Code
		if m := refusalCode.FindStringSubmatch(pe.Message); m != nil {
			o.code = m[1]
		}
		if pe.Severity == "FATAL" {
			o.text += " FATAL"
		}
	} else if err != nil {
		o.text += "CLIENT " + err.Error()
	}
	return o
}

// way is one way to send a statement.
type way struct {
	name string
	run  func(c *pgconn.PgConn, s shape) ([]*pgconn.Result, error)
}

var update = flag.Bool("update", false, "write the list of what is refused anew")

var ways = []way{
	{"simple", func(c *pgconn.PgConn, s shape) ([]*pgconn.Result, error) {
		sql := s.sql
		for i := len(s.params); i > 0; i-- {
			literal := "null"
			if p, ok := s.params[i-1].(string); ok {
				literal = "'" + strings.ReplaceAll(p, "'", "''") + "'"
			}
			sql = strings.ReplaceAll(sql, fmt.Sprintf("$%d", i), literal)
		}
		return c.Exec(context.Background(), sql).ReadAll()
	}},
	{"extended text", func(c *pgconn.PgConn, s shape) ([]*pgconn.Result, error) { return execParams(c, s, nil) }},
	{"extended binary", func(c *pgconn.PgConn, s shape) ([]*pgconn.Result, error) { return execParams(c, s, []int16{1}) }},
	{"prepared", func(c *pgconn.PgConn, s shape) ([]*pgconn.Result, error) {
		ctx := context.Background()
		d, err := c.Prepare(ctx, "s", s.sql, nil)
		if err != nil {
			return nil, err
		}
		r := c.ExecPrepared(ctx, "s", params(s), nil, nil).Read()
		for _, oid := range d.ParamOIDs {
			switch oid { // in an IN list the server infers varchar and int4 where we say text and int2, which take the same values
			case sql.OIDVarchar:
				oid = sql.OIDText
			case sql.OIDInt2:
				oid = sql.OIDInt4
			}
			r.FieldDescriptions = append(r.FieldDescriptions, pgconn.FieldDescription{Name: "param", DataTypeOID: oid})
		}
		return []*pgconn.Result{r}, errors.Join(r.Err, c.Deallocate(ctx, "s"))
	}},
}

func params(s shape) [][]byte {
	values := make([][]byte, len(s.params))
	for i, p := range s.params {
		if text, ok := p.(string); ok {
			values[i] = []byte(text)
		}
	}
	return values
}

func execParams(c *pgconn.PgConn, s shape, formats []int16) ([]*pgconn.Result, error) {
	r := c.ExecParams(context.Background(), s.sql, params(s), nil, nil, formats).Read()
	return []*pgconn.Result{r}, r.Err
}

// contents is everything in the tables, to see what a statement has written.
const contents = "select * from people order by id; select * from logins order by id; select * from things order by id"

func fill(c *pgconn.PgConn) {
	var b strings.Builder
	b.WriteString("truncate logins, people, things;")
	for i := 1; i <= 40; i++ {
		age := 30 + i%7
		if i == 3 {
			age = 33
		}
		fmt.Fprintf(&b, "insert into people (id, name, email, ssn, age, born, balance, amount, rate, active, seen, token, photo, extra, code, big, small) "+
			"values (%d, 'Name %d', 'cnry%d@x.test', 'cnry-ssn-%d', %d, '1980-01-%02d', %d.00, 1.%d0, 1.%d, %v, '2024-01-%02d 00:00:00+00', "+
			"'00000000-0000-0000-0000-%012d', '\\x%02xc57e91', '{\"k\": %d}', 'C%d', %d, %d);",
			i, i, i, i, age, 1+i%28, i, 4+i%3, 4+i%3, i%2 == 1, 1+i%28, i, i, i, i, 9000000000+i, i)
	}
	for i := 1; i <= 10; i++ {
		fmt.Fprintf(&b, "insert into logins (id, person, email, secret) values (%d, %d, 'cnry%d@x.test', 'cnry-secret-%d');", i, i, i, i)
		fmt.Fprintf(&b, "insert into things (id, label, price) values (%d, 'label %d', %d.5);", i, i, i)
	}
	b.WriteString("insert into people (id, name) values (41, 'nothing')")
	for _, statement := range strings.Split(b.String(), ";") {
		if _, err := c.Exec(context.Background(), statement).ReadAll(); err != nil {
			panic(fmt.Sprintf("%s: %v", statement, err))
		}
	}
}

// TestDifferential runs every shape in every way on a plain database and through the proxy. Each outcome is equal or a refusal;
// what a statement writes is equal too.
func TestDifferential(t *testing.T) {
	for server, db := range map[*postgres.Server]string{shared.pg: "shop", shared.plain: "plain"} {
		asSuperuser(server, db, "select setval('people_id_seq', 1000), setval('logins_id_seq', 1000), setval('things_id_seq', 1000)")
	}
	proxied := connect(shared.DSN("app", password("app"), "shop", ""))
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer proxied.Close(context.Background())
	defer plain.Close(context.Background())
	fill(proxied)
	fill(plain)
	refused := map[string]int{}
	var refusals []string
	equal, total := 0, 0
	for _, s := range shapes(t) {
		if serverMajor() < 15 && strings.Contains(s.sql, "33order") {
			continue // a number that runs into a word is an error from 15 on, and for the proxy's parser
		}
		codes := map[string][]string{} // the ways in which it is refused
		for _, w := range ways {
			if strings.Contains(s.sql, "; ") && w.name != "simple" {
				continue
			}
			total++
			ordered := strings.Contains(s.sql, "order by")
			var got, gotAfter, want, wantAfter outcome
			atOnce(func() { got, gotAfter = try(proxied, w, s, ordered) }, func() { want, wantAfter = try(plain, w, s, ordered) })
			switch {
			case got.code != "" && got.sqlstate == want.sqlstate:
				equal++ // a value that both refuse
			case got.code != "":
				refused[got.code]++
				codes[got.code] = append(codes[got.code], w.name)
			case strings.HasPrefix(s.sql, "explain") && strings.Contains(got.text, "c57e91"):
				equal++ // a plan quotes the cell where the plain one quotes the value
			case got.text != want.text:
				t.Errorf("%s: %s %v\n%s", w.name, s.sql, s.params, firstDifference(got.text, want.text))
			case gotAfter.text != wantAfter.text:
				t.Errorf("%s: %s %v wrote something else\n%s", w.name, s.sql, s.params, firstDifference(gotAfter.text, wantAfter.text))
			default:
				equal++
			}
			if proxied.IsClosed() {
				proxied = connect(shared.DSN("app", password("app"), "shop", ""))
			}
		}
		for _, code := range slices.Sorted(maps.Keys(codes)) {
			line := code
			if len(codes[code]) < len(ways) && !strings.Contains(s.sql, "; ") {
				line += " (" + strings.Join(codes[code], ", ") + ")"
			}
			line += ": " + s.sql
			if len(s.params) > 0 {
				line += fmt.Sprintf(" ## %v", s.params)
			}
			refusals = append(refusals, line)
		}
	}
	t.Logf("%d statements: %d equal, %d refused: %v", total, equal, total-equal, refused)
	compareRefusals(t, refusals)
}

// compareRefusals keeps testdata/refused.txt, the list of what is refused: a statement that was carried out once and is refused now
// would otherwise not be noticed.
func compareRefusals(t *testing.T, refusals []string) {
	t.Helper()
	const file = "testdata/refused.txt"
	got := strings.Join(refusals, "\n") + "\n"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before := strings.Split(strings.TrimSpace(string(want)), "\n")
	for _, line := range refusals {
		if !slices.Contains(before, line) {
			t.Errorf("refused now: %s", line)
		}
	}
	for _, line := range before {
		if !slices.Contains(refusals, line) {
			t.Errorf("no longer refused, or otherwise: %s", line)
		}
	}
	if t.Failed() {
		t.Log("if this is meant: go test ./e2e -run Differential -update")
	}
}

// atOnce runs what goes to two servers on both at once.
func atOnce(one, other func()) {
	done := make(chan struct{})
	go func() { defer close(done); one() }()
	other()
	<-done
}

// firstDifference shows the first line that differs.
func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		line := func(l []string) string {
			if i < len(l) {
				return l[i]
			}
			return "(nothing)"
		}
		if line(g) != line(w) {
			return fmt.Sprintf("got  %s\nwant %s", line(g), line(w))
		}
	}
	return ""
}

// try runs one shape inside a transaction that is rolled back.
func try(c *pgconn.PgConn, w way, s shape, ordered bool) (result, after outcome) {
	ctx := context.Background()
	c.Exec(ctx, "begin").ReadAll()
	r, err := w.run(c, s)
	result = outcomeOf(r, err, ordered)
	if c.IsClosed() {
		result.text += " CLOSED"
		return result, after
	}
	if err == nil && !strings.HasPrefix(s.sql, "select") && !strings.HasPrefix(s.sql, "alter") {
		r, err := c.Exec(ctx, contents).ReadAll()
		after = outcomeOf(r, err, true)
	}
	c.Exec(ctx, "rollback").ReadAll()
	return result, after
}

// marker stands in every value that must never reach the server.
const marker = "cnry"

// sweep looks for planted plaintext in everything that the server and the proxy have written.
func sweep(roots map[string]string) error {
	var found []error
	forms := [][]byte{[]byte(marker), []byte(hex.EncodeToString([]byte(marker)))}
	for what, root := range roots {
		err := walkFiles(root, func(path string, content []byte) {
			for _, form := range forms {
				if i := bytes.Index(content, form); i >= 0 {
					found = append(found, fmt.Errorf("%s: plaintext in %s: %q", what, path, content[max(0, i-60):min(len(content), i+60)]))
				}
			}
		})
		if err != nil {
			found = append(found, err)
		}
	}
	return errors.Join(found...)
}
