package policy

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

// testTables are the tables of the test database: name, kind, columns with their stored types.
const testTables = `
public.customers r: id int4, name text, country text, created_at timestamptz, email bytea, phone bytea, born bytea, notes text
public.orders r: id int4, customer_id int4, total numeric, placed_at timestamptz, comment text
public.invoices r: id int4, order_id int4, amount numeric
public.integrations r: id int4, provider text, access_token bytea
public.people r: id int4, email text, age int4, secret text
public.weather r: id int4, town text, degrees int4
public.contacts v: id int4, email bytea = SELECT customers.id, customers.email FROM customers
public.directory v: id int4, email text = SELECT people.id, people.email FROM people
other.customers r: id int4, email text
`

func testTableNames() []string {
	var names []string
	for _, line := range strings.Split(strings.TrimSpace(testTables), "\n") {
		name, _, _ := strings.Cut(line, " ")
		names = append(names, name)
	}
	return names
}

// testPath is the search path of the test session.
func testPath() []string { return []string{"pg_catalog", "public"} }

// testCatalog builds the test database's catalog for a policy, in the form of sql.CatalogQuery's answer.
func testCatalog(t testing.TB, p *Policy, spec sql.Spec) *sql.Catalog {
	t.Helper()
	types := map[string]uint32{"int4": sql.OIDInt4, "text": sql.OIDText, "bytea": sql.OIDBytea, "numeric": sql.OIDNumeric,
		"timestamptz": sql.OIDTimestamptz}
	type object = map[string]any
	oids := map[string]int{}
	var relations []object
	var depends [][]any
	for i, line := range strings.Split(strings.TrimSpace(testTables), "\n") {
		head, rest, _ := strings.Cut(line, ": ")
		columns, definition, _ := strings.Cut(rest, " = ")
		name, kind, _ := strings.Cut(head, " ")
		schema, table, _ := strings.Cut(name, ".")
		var cols [][]any
		for n, c := range strings.Split(columns, ", ") {
			column, typ, _ := strings.Cut(c, " ")
			if types[typ] == 0 {
				t.Fatalf("type %q", typ)
			}
			cols = append(cols, []any{n + 1, column, types[typ], -1, false, false, "", ""})
		}
		oids[table] = 20000 + i
		if kind == "v" {
			_, base, _ := strings.Cut(definition, " FROM ")
			depends = append(depends, []any{20000 + i, "r", oids[base]})
		}
		relations = append(relations, object{"oid": 20000 + i, "schema": schema, "name": table, "kind": kind, "columns": cols,
			"definition": definition})
	}
	snapshot, err := json.Marshal(object{"database": "crm", "encoding": "UTF8", "path": testPath(), "relations": relations, "depends": depends})
	if err != nil {
		t.Fatal(err)
	}
	cat, err := sql.NewCatalog(snapshot, p.Extend(spec))
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// verdictLine is a plan in one line: what a table of cases shows.
func verdictLine(p *Plan, text string) string {
	var b strings.Builder
	switch {
	case p.Refusal != nil:
		line, column := lineColumn(text, p.Refusal.At)
		fmt.Fprintf(&b, "%s %s at %d:%d: %s", p.Refusal.Code, p.Refusal.SQLSTATE, line, column, p.Refusal.Message)
		if p.Refusal.At < 0 {
			return fmt.Sprintf("%s %s: %s", p.Refusal.Code, p.Refusal.SQLSTATE, p.Refusal.Message)
		}
		return b.String()
	case !p.Allowed:
		return "not allowed, without a reason"
	case p.Plain:
		b.WriteString("plain")
	default:
		b.WriteString("allowed")
	}
	if p.Privileged {
		b.WriteString(", recorded")
	}
	for _, s := range p.Statements {
		if len(s.Rules) > 0 {
			fmt.Fprintf(&b, " by %s", strings.Join(s.Rules, " "))
		}
		var slots []string
		for _, r := range append(s.Results, s.Copied...) {
			word := r.Name + " " + r.Do.String()
			if r.Mask != nil {
				word += " " + r.Mask.String()
			}
			slots = append(slots, word)
		}
		for i, stored := range s.Stored {
			word := s.Statement.Copy.Columns[i].Name + " as it comes"
			if stored {
				word = s.Statement.Copy.Columns[i].Name + " stored"
			} else if s.Statement.Copy.Columns[i].Target != nil {
				word = s.Statement.Copy.Columns[i].Name + " sealed"
			}
			slots = append(slots, word)
		}
		if slots != nil {
			fmt.Fprintf(&b, " [%s]", strings.Join(slots, "; "))
		}
	}
	if n := len(p.Literals); n > 0 {
		fmt.Fprintf(&b, " %d sealed", n)
	}
	for _, q := range p.Params {
		if q.Target != nil {
			fmt.Fprintf(&b, " $%d for %s", q.Client, q.Target.Column)
		}
	}
	return b.String()
}
