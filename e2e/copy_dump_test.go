package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

const dumpEncrypt = `  public.dumped:
    email: {type: text, search: equality}
    ssn:   {type: varchar(40)}
    age:   {type: int8, search: equality}
    photo: {type: bytea}
`

// tool runs one of PostgreSQL's programs and returns what it printed.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// random is what newer versions of pg_dump write of their own around a dump.
var random = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

func readDump(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return random.ReplaceAllString(string(content), "")
}

// restore runs pg_restore. What a pg_dump of 17 or newer writes holds a setting that no older server has: there it goes by way of a script.
func restore(t *testing.T, file, dsn string) {
	t.Helper()
	if programMajor(t, "pg_restore") < 17 || serverMajor() >= 17 {
		tool(t, "pg_restore", "--no-owner", "-e", "-d", dsn, file)
		return
	}
	script := file + ".sql"
	tool(t, "pg_restore", "--no-owner", "-f", script, file)
	runScript(t, script, dsn)
}

// newSettings are what pg_dump sets since version 17.
var newSettings = regexp.MustCompile(`(?m)^SET transaction_timeout = 0;$`)

// runScript runs what pg_dump has written as SQL.
func runScript(t *testing.T, file, dsn string) {
	t.Helper()
	if serverMajor() < 17 {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		file += ".older"
		if err := os.WriteFile(file, newSettings.ReplaceAll(text, nil), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tool(t, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", dsn, "-f", file)
}

// TestDumps: pg_dump and its restoring, through the proxy and around it, by a role that sees values and by one that gets cells.
func TestDumps(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += "\n" + dumpEncrypt
		o.Policy = rulesOn("public.dumped")
		o.Policy = strings.Replace(o.Policy, "    allow:\n      - {id: keeper-people", "    allow:\n      - {id: keeper-dumps, on: public.dumped, do: [all], "+
			"show: \"*\", sealed: \"*\", write: \"*\"}\n      - {id: keeper-people", 1)
	})
	app := session(t, own, "app")
	rowsOf(t, app, "create table dumped (id serial primary key, name text, email text unique, ssn varchar(40) not null, age int8 default '7', photo bytea, at timestamptz default now())")
	defer direct("shop", "drop table dumped")
	rowsOf(t, app, "create index dumped_age on dumped (age)")
	rowsOf(t, app, `insert into dumped (id, name, email, ssn, age, photo) select i, E'n\t\\' || i, null, 'x', null, null from generate_series(101, 103) i`)
	for i := 1; i <= 50; i++ {
		rowsOf(t, app, fmt.Sprintf(`insert into dumped (name, email, ssn, age, photo) values ('n%[1]d', E'cnry-%[1]d\t\\N', E'cnry"\n%[1]d', %[1]d, '\x636e7279%02[1]x')`, i))
	}
	rowsOf(t, app, "grant select on dumped, dumped_id_seq to keeper")
	const contents = "select id, name, email, ssn, age, photo, at from dumped order by id"
	want := contentsOf(app, contents)
	if !strings.Contains(want, "cnry-50") {
		t.Fatal(want)
	}
	through := func(user, database string) string { return own.DSN(user, password(user), database, "") }
	around := func(database string) string {
		return shared.pg.DSN(postgres.Superuser, postgres.Password, database, "sslmode=require")
	}
	files := t.TempDir()
	at := func(name string) string { return filepath.Join(files, name) }
	common := []string{"-t", "dumped", "--no-owner", "--no-privileges"}
	dump := func(format, file, dsn string) {
		tool(t, "pg_dump", append([]string{"-F", format, "-f", at(file), "-d", dsn}, common...)...)
	}
	dump("c", "clear.dump", through("app", "shop"))
	dump("p", "clear.sql", through("app", "shop"))
	dump("c", "sealed.dump", through("keeper", "shop"))
	dump("p", "sealed.sql", through("keeper", "shop"))
	dump("c", "direct.dump", around("shop"))
	dump("p", "direct.sql", around("shop"))
	if clear := readDump(t, at("clear.sql")); !strings.Contains(clear, "cnry-50") || !strings.Contains(clear, "email text") || !strings.Contains(clear, "ssn character varying(40)") ||
		strings.Contains(clear, "c57e91") || strings.Contains(clear, "pgveil") {
		t.Errorf("a dump of values:\n%.2000s", clear)
	}
	sealed, stored := readDump(t, at("sealed.sql")), readDump(t, at("direct.sql"))
	if sealed != stored || !strings.Contains(sealed, "email bytea") || strings.Contains(sealed, "cnry") {
		t.Errorf("a dump of cells is not what it is around the proxy: %s", firstDifference(sealed, stored))
	}

	for name, into := range map[string]func(database string){
		"values, custom, through": func(db string) { restore(t, at("clear.dump"), through("app", db)) },
		"values, plain, through": func(db string) {
			runScript(t, at("clear.sql"), through("app", db))
		},
		"cells, custom, through": func(db string) {
			restore(t, at("sealed.dump"), through("keeper", db))
		},
		"cells, plain, through": func(db string) {
			runScript(t, at("sealed.sql"), through("keeper", db))
		},
		"cells, custom, around":  func(db string) { restore(t, at("sealed.dump"), around(db)) },
		"direct, custom, around": func(db string) { restore(t, at("direct.dump"), around(db)) },
	} {
		t.Run(name, func(t *testing.T) {
			db := "restored_" + strings.NewReplacer(", ", "_").Replace(name)
			direct("postgres", "create database "+db)
			defer direct("postgres", "drop database if exists "+db+" with (force)")
			direct(db, "grant all on schema public to app, keeper")
			into(db)
			direct(db, "grant all on all tables in schema public to app; grant all on all sequences in schema public to app")
			c := connect(through("app", db))
			defer c.Close(t.Context())
			if got := contentsOf(c, contents); got != want {
				t.Errorf("restored otherwise: %s", firstDifference(got, want))
			}
			if got := contentsOf(c, `select id from dumped where email = E'cnry-7\t\\N' and age = 7`); !strings.Contains(got, `"7"`) {
				t.Errorf("a search finds %s", got)
			}
			if got := contentsOf(c, "select column_default from information_schema.columns where table_name = 'dumped' and column_name = 'age'"); !strings.Contains(got, "'7'::bigint") {
				t.Errorf("the default is shown as %s", got)
			}
			guards := direct(db, "select count(*) from pg_constraint where conrelid = 'dumped'::regclass and conname like 'pgveil%'")
			if got := string(guards[0].Rows[0][0]); got != "4" {
				t.Errorf("%s guards", got)
			}
			rowsOf(t, c, "insert into dumped (id, name, email, ssn) values (1000, 'new', 'cnry-new', 'cnry')")
		})
	}
}
