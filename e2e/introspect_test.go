package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// introspections are the statements of testdata/introspect.sql.
func introspections(t *testing.T) (all []string) {
	t.Helper()
	file, err := os.ReadFile("testdata/introspect.sql")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, line := range strings.Split(string(file), "\n") {
		if line == "" || strings.HasPrefix(line, "--") {
			continue
		}
		b.WriteString(line)
		if text, ok := strings.CutSuffix(b.String(), ";"); ok {
			all = append(all, text)
			b.Reset()
		} else {
			b.WriteString("\n")
		}
	}
	if len(all) < 30 {
		t.Fatalf("%d statements", len(all))
	}
	return all
}

// table is a result as text: its columns' names and types, then its rows.
func table(t *testing.T, r *pgconn.Result) string {
	t.Helper()
	if r.Err != nil {
		t.Errorf("%v", r.Err)
	}
	var b strings.Builder
	for _, f := range r.FieldDescriptions {
		fmt.Fprintf(&b, "%s:%d:%d:%d ", f.Name, f.DataTypeOID, f.DataTypeSize, f.TypeModifier)
	}
	for _, row := range r.Rows {
		b.WriteString("\n" + string(bytes.Join(row, []byte("|"))))
	}
	return b.String()
}

// TestIntrospection: what drivers and ORMs ask of the system catalogs is answered as by a plain database, in the simple and the extended
// protocol, prepared or not.
func TestIntrospection(t *testing.T) {
	ctx := context.Background()
	veiled := session(t, shared.Stack, "app")
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer plain.Close(ctx)
	for _, text := range introspections(t) {
		text = strings.ReplaceAll(text, "select * from information_schema.columns", "select table_schema, table_name, column_name, ordinal_position, column_default, is_nullable, "+
			"data_type, character_maximum_length, character_octet_length, numeric_precision, numeric_precision_radix, numeric_scale, datetime_precision, interval_type, "+
			"domain_name, udt_schema, udt_name, collation_name, dtd_identifier, is_identity, is_generated, is_updatable from information_schema.columns")
		want := table(t, plain.ExecParams(ctx, text, nil, nil, nil, nil).Read())
		if got := table(t, veiled.ExecParams(ctx, text, nil, nil, nil, nil).Read()); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		surrounded := "\n\t-- asked\n" + text + " /* by a program */\n"
		if got := table(t, veiled.ExecParams(ctx, surrounded, nil, nil, nil, nil).Read()); got != want {
			t.Errorf("with blanks and comments around: %s\n got %s\nwant %s", text, got, want)
		}
		simple, err := veiled.Exec(ctx, text).ReadAll()
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := table(t, simple[0]); got != want {
			t.Errorf("simple: %s\n got %s\nwant %s", text, got, want)
		}
	}
	for _, user := range []string{"support", "analyst", "nobody"} {
		c := session(t, shared.Stack, user)
		got := string(bytes.Join(flat(rowsOf(t, c, "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'people'::regclass and attnum in (3, 6, 9) order by attnum")), []byte(",")))
		if got != "text,date,numeric(10,4)" {
			t.Errorf("%s sees %s", user, got)
		}
	}
}

// TestCatalogsUnderOtherRelations: a relation of the user's with the name of a system catalog is itself.
func TestCatalogsUnderOtherRelations(t *testing.T) {
	for _, extended := range []bool{false, true} {
		veiled := session(t, shared.Stack, "app")
		plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
		for _, text := range []string{
			"create temp table pg_attribute (attrelid oid, attname text, atttypid int)", "insert into pg_attribute values (1, 'own', 2)",
			"select attname, atttypid from pg_attribute", "select count(*) > 100 from pg_catalog.pg_attribute", "alter table pg_attribute rename to pg_constraint",
			"select * from pg_constraint", "select count(*) > 100 from pg_attribute", "drop table pg_temp.pg_constraint", "select count(atttypid) > 100 from pg_attribute",
			"begin", "create schema z_own", "create table z_own.pg_class (relchecks text)", "insert into z_own.pg_class values ('own')", "set local search_path = z_own, pg_catalog",
			"select relchecks from pg_class", "create view z_own.pg_attrdef as select 1 as adnum", "select * from pg_attrdef", "rollback",
			"select relname, relchecks from pg_class where relname = 'people'",
		} {
			compareDDL(t, "own catalogs", veiled, plain, text, extended)
		}
		plain.Close(context.Background())
	}
}

func flat(rows [][][]byte) (all [][]byte) {
	for _, r := range rows {
		all = append(all, r...)
	}
	return all
}

// TestIntrospectionByPsql: \d and its kin look as they do on a plain database.
func TestIntrospectionByPsql(t *testing.T) {
	for _, input := range []string{`\d people`, `\d+ logins`, `\d people_email_key`, `\d *.people`, `\dt`, `select email, born, rate from people where false \gdesc`} {
		want := psql(t, shared.plain.DSN("app", password("app"), "plain", ""), input)
		if got := psql(t, shared.DSN("app", password("app"), "shop", ""), input); got != want {
			t.Errorf("%s\n got %s\nwant %s", input, got, want)
		}
	}
}

// TestIntrospectionFollowsTheSchema: a prepared statement over the system catalogs tells of what was made after it was prepared.
func TestIntrospectionFollowsTheSchema(t *testing.T) {
	ctx := context.Background()
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += "\n  public.later:\n    secret: {type: varchar(7)}\n"
		o.Policy = rulesOn("public.later")
	})
	c := session(t, own, "app")
	const text = "select format_type(atttypid, atttypmod) from pg_attribute where attrelid = to_regclass($1) and attname = $2"
	if _, err := c.Prepare(ctx, "s", text, nil); err != nil {
		t.Fatal(err)
	}
	ask := func(table, column string) string {
		t.Helper()
		r := c.ExecPrepared(ctx, "s", [][]byte{[]byte(table), []byte(column)}, nil, nil).Read()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		if len(r.Rows) == 0 {
			return ""
		}
		return string(r.Rows[0][0])
	}
	if got := ask("later", "secret"); got != "" {
		t.Errorf("a table that does not exist has a column of type %s", got)
	}
	rowsOf(t, c, "begin")
	rowsOf(t, c, "create table later (id int, secret varchar(7))")
	if got := ask("later", "secret"); got != "character varying(7)" {
		t.Errorf("in its transaction: %s", got)
	}
	rowsOf(t, c, "rollback")
	if got := ask("later", "secret"); got != "" {
		t.Errorf("rolled back: %s", got)
	}
	rowsOf(t, c, "create table later (id int, secret varchar(7))")
	defer direct("shop", "drop table if exists later")
	rowsOf(t, c, "create view later_view as select secret as s from later")
	if got := ask("later", "secret") + ", " + ask("later_view", "s"); got != "character varying(7), character varying(7)" {
		t.Errorf("after it was made: %s", got)
	}
	rowsOf(t, c, "drop table later cascade")
	if got := ask("later", "secret"); got != "" {
		t.Errorf("dropped: %s", got)
	}
	if got := ask("people", "email"); got != "text" {
		t.Errorf("email is %s", got)
	}
}

// TestIntrospectionUsesIndexes: one table's columns are found by the index, as without the proxy.
func TestIntrospectionUsesIndexes(t *testing.T) {
	c := session(t, shared.Stack, "app")
	for _, text := range introspections(t)[:1] {
		plan := string(bytes.Join(flat(rowsOf(t, c, "explain (costs off) "+text)), []byte("\n")))
		if !strings.Contains(plan, "pg_attribute_relid_att") || strings.Contains(plan, "Seq Scan on pg_attribute") {
			t.Errorf("%s", plan)
		}
	}
}
