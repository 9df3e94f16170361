package e2e

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
	"github.com/pgveil/pgveil/policy/sql"
)

const kindsEncrypt = `  public.none:
    c: {type: text, key: kinds-none}
    d: {type: text, key: kinds-none}
  public.equal:
    c: {type: text, search: equality, key: kinds-equal}
    d: {type: text, search: equality, key: kinds-equal}
  public.normal:
    c: {type: text, search: equality, normalize: [lower], key: kinds-normal}
    d: {type: text, search: equality, normalize: [lower], key: kinds-normal}
  public.ranged:
    c: {type: int4, search: range, key: kinds-ranged}
    d: {type: int4, search: range, key: kinds-ranged}
  public.rangedtext:
    c: {type: text, search: range, collation: C, key: kinds-text}
    d: {type: text, search: range, collation: C, key: kinds-text}
  public.matched:
    c: {type: text, search: match, key: kinds-match}
    d: {type: text, search: match, key: kinds-match}
  public.cited:
    c: {type: citext, search: equality, key: kinds-citext}
    d: {type: citext, search: equality, key: kinds-citext}
`

// kindTables are the tables of the kinds in the order of sql.Kinds, with values of the columns; the first is the literal L.
var kindTables = []struct {
	name, typ string
	values    []string
}{
	{"plain", "text", []string{"'b'", "'BAR'", "'bc'", "'bar'", "''", "'barn'"}},
	{"none", "text", []string{"'b'", "'BAR'", "'bc'", "'bar'", "''", "'barn'"}},
	{"equal", "text", []string{"'b'", "'BAR'", "'bc'", "'bar'", "''", "'barn'"}},
	{"normal", "text", []string{"'b'", "'BAR'", "'bc'", "'bar'", "''", "'barn'"}},
	{"ranged", "int4", []string{"5", "-7", "0", "2147483647", "6"}},
	{"rangedtext", "text", []string{"'b'", "'BAR'", "'bc'", "'bar'", "''", "'barn'"}},
	{"matched", "text", []string{"'b'", "'a BAR b'", "'foobar'", "'barb'", "''"}},
	{"cited", "citext", []string{"'b'", "'BAR'", "'bc'", "'bar'", "''", "'B'"}},
}

// kindsPair sets the tables up behind a proxy of their own and on a plain server.
func kindsPair(t *testing.T) (protected, plain *pgconn.PgConn) {
	t.Helper()
	protected, plain, _ = sideBySide(t, "kinds", func(o *stack.Options) {
		o.Encrypt += kindsEncrypt
		o.Policy = rulesOn("public.none, public.equal, public.normal, public.ranged, public.rangedtext, public.matched, public.cited")
	})
	for _, c := range []*pgconn.PgConn{protected, plain} {
		execOn(t, c, "CREATE EXTENSION citext")
		for _, k := range kindTables {
			execOn(t, c, fmt.Sprintf("CREATE TABLE %s (k int, n text, c %s, d %s)", k.name, k.typ, k.typ))
			for i := range 12 {
				c1, d1 := k.values[i%len(k.values)], k.values[i*2%len(k.values)]
				if i == 7 {
					c1 = "NULL"
				}
				execOn(t, c, fmt.Sprintf("INSERT INTO %s (k, n, c, d) VALUES (%d, 'n%d', %s, %s)", k.name, i, i%3, c1, d1))
			}
		}
	}
	return protected, plain
}

// TestKinds runs every cell of the table of sql.Operations on a plain database and through the proxy, simple, extended and binary: what the
// table allows gives equal rows and leaves equal tables, what it refuses is refused by its code.
func TestKinds(t *testing.T) {
	t.Parallel()
	protected, plain := kindsPair(t)
	if len(kindTables) != len(sql.Kinds()) {
		t.Fatal("a kind has no table")
	}
	ran := 0
	for _, o := range sql.Operations() {
		for i, a := range o.Cells {
			s := shape{sql: o.Fill(kindTables[i].name, kindTables[i].values[0])}
			for _, w := range ways[:3] {
				got, gotAfter := kindsTry(protected, w, s, kindTables[i].name)
				if a.Code != "" {
					if got.code != a.Code {
						t.Errorf("%s: %s: %s, the table says %s", w.name, s.sql, got.text, a.Code)
					}
					continue
				}
				want, wantAfter := kindsTry(plain, w, s, kindTables[i].name)
				if got.text != want.text || gotAfter.text != wantAfter.text {
					t.Errorf("%s: %s\n%s\n%s", w.name, s.sql, firstDifference(got.text, want.text), firstDifference(gotAfter.text, wantAfter.text))
				}
				if want.sqlstate != "" {
					t.Errorf("%s: %s is an error: %s", w.name, s.sql, want.text)
				}
				ran++
			}
		}
	}
	if ran < 500 {
		t.Errorf("only %d statements were compared", ran)
	}
	t.Logf("%d statements compared", ran)
}

func kindsTry(c *pgconn.PgConn, w way, s shape, table string) (result, after outcome) {
	ctx := context.Background()
	c.Exec(ctx, "begin").ReadAll()
	defer func() { c.Exec(ctx, "rollback").ReadAll() }()
	r, err := w.run(c, s)
	withoutNumbers(r)
	result = outcomeOf(r, err, strings.HasPrefix(s.sql, "SELECT K") && strings.Contains(s.sql, "ORDER BY"))
	if err == nil && !strings.HasPrefix(s.sql, "SELECT") {
		r, err := c.Exec(ctx, "SELECT * FROM "+table+" ORDER BY k, n").ReadAll()
		withoutNumbers(r)
		after = outcomeOf(r, err, false)
	}
	lines := strings.Split(after.text, "\n")
	sort.Strings(lines)
	after.text = strings.Join(lines, "\n")
	return result, after
}

// withoutNumbers leaves out the numbers of types that the database defines, of citext and of a table's rows: two databases have others.
func withoutNumbers(results []*pgconn.Result) {
	for _, r := range results {
		for i := range r.FieldDescriptions {
			if f := &r.FieldDescriptions[i]; f.DataTypeOID >= 16384 {
				f.DataTypeOID = 0
			}
		}
	}
}
