package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// traps are what an administrator may have left in a database, from which a masked role could profit.
const traps = `SET ROLE app;
CREATE VIEW vappall AS SELECT id AS i, name AS n, email AS e, note FROM people;
CREATE VIEW vappcount AS SELECT count(*) FILTER (WHERE name = 'Name 3') AS c FROM people;
CREATE VIEW vappexpr AS SELECT id, upper(name) AS up FROM people;
CREATE MATERIALIZED VIEW mvapp AS SELECT id, name, email FROM people;
CREATE FUNCTION fatomic() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT name FROM people LIMIT 1; END;
CREATE FUNCTION fsecdef() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT name FROM people LIMIT 1';
CREATE FUNCTION fdyn() RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT name FROM peo'||'ple LIMIT 1' INTO r; RETURN r; END $$;
CREATE FUNCTION fimm(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT name FROM peo'||'ple LIMIT 1' INTO r; RETURN r; END $$;
CREATE FUNCTION fstate(text, text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT name FROM peo'||'ple LIMIT 1' INTO r; RETURN r; END $$;
CREATE FUNCTION ftrig() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'SELECT name FROM peo'||'ple LIMIT 1' INTO new.n; RETURN new; END $$;
CREATE PROCEDURE pdyn() LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT name FROM peo'||'ple LIMIT 1' INTO r; RAISE EXCEPTION '%', r; END $$;
CREATE FUNCTION fcol(things) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE 'SELECT name FROM peo'||'ple LIMIT 1' INTO r; RETURN r; END $$;
CREATE FUNCTION fset() RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'SELECT name FROM peo'||'ple LIMIT 1'; END $$;
CREATE OPERATOR ### (LEFTARG = text, RIGHTARG = text, FUNCTION = fstate);`

const untrap = `DROP VIEW vappall, vappcount, vappexpr; DROP MATERIALIZED VIEW mvapp; DROP FUNCTION fstate CASCADE;
DROP FUNCTION fatomic, fsecdef, fdyn, fimm, ftrig, fcol, fset; DROP PROCEDURE pdyn`

// seen matches what nobody but app may see: rows are named "Name 1" and so on, and no attack guesses these two.
var seen = regexp.MustCompile(`(?i)Name [12]|cnry|636e7279|c57e91`)

// TestAttacksOfAMaskedRole runs every attempt in the simple and in the extended protocol.
func TestAttacksOfAMaskedRole(t *testing.T) {
	app := connect(shared.DSN("app", password("app"), "shop", ""))
	defer app.Close(context.Background())
	fill(app)
	direct("shop", traps)
	defer func() {
		direct("shop", untrap)
		awaitTraps(t, app, false)
	}()
	a := attacker{dsn: shared.DSN("support", password("support"), "shop", ""), seen: seen, excused: "ERROR 42601"} // several commands can't be prepared
	a.connect(t)
	awaitTraps(t, a.conn, true)
	a.try(t, attempts(t, "testdata/attacks.sql", 300))
}

// attacker is a session that makes attempts, each in a transaction that is rolled back.
type attacker struct {
	dsn     string
	seen    *regexp.Regexp // matches what it may not see, in results, errors or notices
	excused string         // an attempt whose outcome holds this need not be refused by the proxy; empty: none
	conn    *pgconn.PgConn
	notices strings.Builder
}

// connect begins a session, which ends with the test.
func (a *attacker) connect(t *testing.T) {
	config, err := pgconn.ParseConfig(a.dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { fmt.Fprint(&a.notices, n.Message, n.Detail, n.Hint, n.Where) }
	c, err := pgconn.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	a.conn = c
}

// try makes every attempt in the simple and in the extended protocol. One that begins with "? " need not be refused.
func (a *attacker) try(t *testing.T, all []string) {
	for _, line := range all {
		attempt, harmless := strings.CutPrefix(line, "? ")
		for _, w := range ways[:2] {
			refused, text := a.attempt(t, w, attempt)
			if found := a.seen.FindString(text + a.notices.String()); found != "" {
				t.Errorf("%s: %s shows %q: %s %s", w.name, attempt, found, text, a.notices.String())
			}
			if !refused && !harmless && (a.excused == "" || !strings.Contains(text, a.excused)) {
				t.Errorf("%s: %s was not refused: %s", w.name, attempt, text)
			}
			a.notices.Reset()
		}
	}
}

// attempt runs the statements of one attempt. text is all that it was told.
func (a *attacker) attempt(t *testing.T, w way, attempt string) (refused bool, text string) {
	a.conn.Exec(context.Background(), "begin").ReadAll()
	for _, statement := range strings.Split(attempt, " ;; ") {
		r, err := w.run(a.conn, shape{sql: statement})
		o := outcomeOf(r, err, true)
		refused = refused || o.code != ""
		text += o.text
		if err != nil {
			text += fmt.Sprintf("%+v", err)
		}
		if len(r) > 0 && r[len(r)-1].Err != nil {
			text += fmt.Sprintf("%+v", r[len(r)-1].Err)
		}
		if a.conn.IsClosed() {
			t.Errorf("%s: %s: the session has ended: %v", w.name, attempt, err)
			a.connect(t)
		}
	}
	a.conn.Exec(context.Background(), "rollback").ReadAll()
	return refused, text
}

// awaitTraps waits until the proxy has read the catalog with them, or without.
func awaitTraps(t *testing.T, c *pgconn.PgConn, set bool) {
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		_, err := c.Exec(context.Background(), "SELECT fdyn()").ReadAll()
		if err != nil && strings.Contains(err.Error(), "[PV108]") == set {
			return
		}
	}
	t.Error("the proxy does not learn of a change of functions")
}

// attempts are the lines of a file, of which there are at least so many.
func attempts(t *testing.T, file string, least int) (all []string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && line[0] != '#' {
			all = append(all, strings.ReplaceAll(line, `\n`, "\n"))
		}
	}
	if len(all) < least {
		t.Fatalf("only %d attempts", len(all))
	}
	return all
}

// TestExecuteAfterRefusedPrepare: a script that goes on after its PREPARE was refused must not hand the server the values.
func TestExecuteAfterRefusedPrepare(t *testing.T) {
	c := connect(shared.DSN("app", password("app"), "shop", ""))
	defer c.Close(context.Background())
	for _, step := range []struct{ sql, code string }{
		{"PREPARE q AS SELECT id FROM people WHERE email || 'x' = $1", "PV140"},
		{"EXECUTE q('cnry-after-refusal')", "PV012"},
		{"EXPLAIN EXECUTE q('cnry-after-refusal')", "PV012"},
		{"PREPARE q(text) AS SELECT label FROM things WHERE label = $1", ""},
		{"EXECUTE q('label 3')", ""},
	} {
		r, err := c.Exec(context.Background(), step.sql).ReadAll()
		if o := outcomeOf(r, err, true); o.code != step.code {
			t.Errorf("%s: got %q (%v), want %q", step.sql, o.code, err, step.code)
		}
	}
}
