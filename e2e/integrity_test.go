package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
	"github.com/pgveil/pgveil/proxy/audit"
)

// tampered is one way to spoil the row 8001 of people behind the proxy's back; 8002 is another row of the same kind.
type tampered struct{ name, sql string }

// stored is a cell as the database holds it.
func stored(t *testing.T, sql string) []byte {
	t.Helper()
	text := direct("shop", sql)[0].Rows[0][0]
	b, err := hex.DecodeString(strings.TrimPrefix(string(text), `\x`))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func setCell(column string, cell []byte) string {
	return fmt.Sprintf(`update people set %s = '\x%x' where id = 8001`, column, cell)
}

func integrityRows(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	c := connect(shared.DSN("app", password("app"), "shop", ""))
	t.Cleanup(func() {
		must(c, "delete from logins where id between 8000 and 8999; delete from people where id between 8000 and 8999")
	})
	for i := 1; i <= 3; i++ {
		sql := fmt.Sprintf("insert into people (id, name, email, ssn, age, born, balance, active, photo, extra, code) values "+
			"(%d, 'Row %d', 'cnry-int-%d', 'cnry-is-%d', %d, '1990-02-%02d', %d.50, true, '\\x00%02x', '{\"a\": 1}', 'K%d')", 8000+i, i, i, i, 20+i, i, i, i, i)
		if _, err := c.Exec(ctx, sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Exec(ctx, "insert into logins (id, person, email, secret) values (8001, 8001, 'cnry-int-1', 'cnry-secret')").ReadAll(); err != nil {
		t.Fatal(err)
	}
}

// tamperings lists ways to spoil one cell, by the column that they spoil.
func tamperings(t *testing.T) map[string][]tampered {
	all := map[string][]tampered{}
	add := func(column, name string, cell []byte) {
		all[column] = append(all[column], tampered{name, setCell(column, cell)})
	}
	for _, column := range []string{"email", "ssn", "age", "balance", "photo"} {
		cell := stored(t, "select "+column+" from people where id = 8001")
		for i := range len(cell) * 8 {
			if i%5 != 0 && i > 40 && i < len(cell)*8-40 {
				continue // one in five of the middle, all at the ends
			}
			flipped := bytes.Clone(cell)
			flipped[i/8] ^= 1 << (i % 8)
			add(column, fmt.Sprintf("bit %d of byte %d", i%8, i/8), flipped)
		}
		for n := range len(cell) {
			add(column, fmt.Sprintf("cut to %d bytes", n), cell[:n])
			if n > 0 && n < 4 {
				add(column, fmt.Sprintf("without its first %d bytes", n), cell[n:])
			}
		}
		add(column, "a byte more", append(bytes.Clone(cell), 0))
		add(column, "its last byte twice", append(bytes.Clone(cell), cell[len(cell)-1]))
		add(column, "a byte in front", append([]byte{0}, cell...))
		add(column, "twice", append(bytes.Clone(cell), cell...))
		add(column, "plain bytes", []byte("stored by somebody else"))
		add(column, "nothing but a footer", cell[len(cell)-8:])
		for _, other := range []string{"email", "ssn", "age", "born", "balance", "active", "photo", "extra", "code"} {
			if other != column {
				add(column, "the cell of "+other, stored(t, "select "+other+" from people where id = 8001"))
			}
		}
		if column != "email" { // which shares its key with people.email
			add(column, "the cell of logins.email", stored(t, "select email from logins where id = 8001"))
		}
		add(column, "the cell of logins.secret", stored(t, "select secret from logins where id = 8001"))
		// The footer of the right column on another's body.
		secret := stored(t, "select secret from logins where id = 8001")
		if n := len(secret) - 8; n > 0 {
			add(column, "a foreign body with the right footer", append(bytes.Clone(secret[:n]), cell[len(cell)-8:]...))
		}
	}
	return all
}

// directly runs statements as superuser on one connection, where guards let plain bytes in.
func directly(t *testing.T) *pgconn.PgConn {
	t.Helper()
	c := connect(shared.pg.DSN("postgres", "throw-away", "shop", "sslmode=require"))
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// withoutGuards drops the checks on people that keep plain bytes out, and puts them back.
func withoutGuards(t *testing.T, su *pgconn.PgConn) {
	t.Helper()
	ctx := context.Background()
	rows := rowsOf(t, su, "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = 'public.people'::regclass and contype = 'c'")
	for _, r := range rows {
		rowsOf(t, su, fmt.Sprintf("alter table people drop constraint %q", r[0]))
	}
	t.Cleanup(func() {
		rowsOf(t, su, "delete from logins where id between 8000 and 8999; delete from people where id between 8000 and 8999")
		for _, r := range rows {
			if _, err := su.Exec(ctx, fmt.Sprintf("alter table people add constraint %q %s", r[0], r[1])).ReadAll(); err != nil {
				t.Error(err)
			}
		}
		time.Sleep(2200 * time.Millisecond) // until the proxy reads the catalog again: limits.catalog_age
	})
}

func rowsOf(t *testing.T, c *pgconn.PgConn, sql string) [][][]byte {
	t.Helper()
	r, err := c.Exec(context.Background(), sql).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(r) == 0 {
		return nil
	}
	return r[0].Rows
}

func TestTamperedCells(t *testing.T) {
	integrityRows(t)
	all := tamperings(t)
	su := directly(t)
	withoutGuards(t, su)
	app := connect(shared.DSN("app", password("app"), "shop", ""))
	defer app.Close(context.Background())
	before := failures(t)
	total := 0
	for column, list := range all {
		original := stored(t, "select "+column+" from people where id = 8001")
		for _, c := range list {
			total++
			rowsOf(t, su, c.sql)
			checkTampered(t, app, column, c.name)
		}
		rowsOf(t, su, setCell(column, original))
		if got := rowsOf(t, app, "select "+column+" from people where id = 8001"); len(got) != 1 || got[0][0] == nil {
			t.Errorf("%s: the cell can't be opened after it was put back", column)
		}
	}
	if n := failures(t) - before; n < float64(total) {
		t.Errorf("the metric counts %v failures, there were at least %d", n, total)
	}
	t.Logf("%d tampered cells", total)
}

// checkTampered reads a spoilt cell in each protocol and format.
func checkTampered(t *testing.T, app *pgconn.PgConn, column, name string) {
	t.Helper()
	ctx := context.Background()
	sql := "select id, " + column + ", name from people where id = 8001"
	for way, run := range map[string]func() ([][][]byte, error){
		"simple": func() ([][][]byte, error) { return allRows(app.Exec(ctx, sql).ReadAll()) },
		"text": func() ([][][]byte, error) {
			r := app.ExecParams(ctx, sql, nil, nil, nil, nil).Read()
			return r.Rows, r.Err
		},
		"binary": func() ([][][]byte, error) {
			r := app.ExecParams(ctx, sql, nil, nil, nil, []int16{1}).Read()
			return r.Rows, r.Err
		},
	} {
		rows, err := run()
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || pe.Code != "XX001" || !strings.Contains(pe.Message, "[PV009]") || !strings.Contains(pe.Message, "public.people."+column) {
			t.Errorf("%s, %s, %s: error %v", column, name, way, err)
		}
		if len(rows) > 0 {
			t.Errorf("%s, %s, %s: data came: %q", column, name, way, rows)
		}
		if pe != nil && pe.Severity != "ERROR" || app.IsClosed() {
			t.Fatalf("%s, %s, %s: the session ended", column, name, way)
		}
	}
	if got := rowsOf(t, app, "select id, name from people where id = 8001"); string(got[0][1]) != "Row 1" {
		t.Errorf("%s, %s: the other columns can't be read", column, name)
	}
}

func allRows(results []*pgconn.Result, err error) ([][][]byte, error) {
	var rows [][][]byte
	for _, r := range results {
		rows = append(rows, r.Rows...)
	}
	return rows, err
}

// failures is the metric of cells that could not be opened.
func failures(t *testing.T) (sum float64) {
	t.Helper()
	return metric(t, shared.Stack, "integrity")
}

// metric adds up the counters whose names contain part.
func metric(t *testing.T, s *stack.Stack, part string) (sum float64) {
	t.Helper()
	text, err := s.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, line := range strings.Split(text, "\n") {
		name, value, ok := strings.Cut(line, " ")
		if head, labels, has := strings.Cut(line, "} "); has {
			name, value, ok = head, labels, true
		}
		if !ok || strings.HasPrefix(line, "#") || !strings.Contains(name, part) {
			continue
		}
		found = true
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	if !found {
		t.Fatalf("no metric has %q in its name", part)
	}
	return sum
}

// audited returns the events that the record holds, newest last, of one kind.
func audited(t *testing.T, s *stack.Stack, kind audit.Kind) (events []audit.Event) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.AuditDir, "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no audit files: %v", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range bytes.Split(text, []byte("\n")) {
			var e audit.Event
			if len(line) > 0 && json.Unmarshal(line, &e) == nil && e.Kind == kind {
				events = append(events, e)
			}
		}
	}
	return events
}

// eventually waits for what is recorded in the background.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("%s: not within %v", what, patience)
			return
		}
	}
}

func TestTamperingIsRecorded(t *testing.T) {
	integrityRows(t)
	su := directly(t)
	withoutGuards(t, su)
	before := len(audited(t, shared.Stack, audit.IntegrityFailed))
	rowsOf(t, su, "update people set ssn = email where id = 8001")
	app := connect(shared.DSN("app", password("app"), "shop", ""))
	defer app.Close(context.Background())
	if _, err := app.Exec(context.Background(), "select ssn from people where id = 8001").ReadAll(); err == nil {
		t.Fatal("a swapped cell was shown")
	}
	eventually(t, "integrity.failed in the record", func() bool {
		events := audited(t, shared.Stack, audit.IntegrityFailed)
		if len(events) <= before {
			return false
		}
		e := events[len(events)-1]
		if e.User != "app" || len(e.Columns) != 1 || e.Columns[0].Table != "public.people" || e.Columns[0].Column != "ssn" || e.Reason == "" {
			t.Errorf("the event says %+v", e)
		}
		return true
	})
}

// A masked column is opened before it is masked, so it shows tampering too; a column shown as NULL is not even read.
func TestTamperedCellsAreNotMasked(t *testing.T) {
	integrityRows(t)
	su := directly(t)
	withoutGuards(t, su)
	rowsOf(t, su, "update people set ssn = email where id = 8001")
	support := connect(shared.DSN("support", password("support"), "shop", ""))
	defer support.Close(context.Background())
	r, err := support.Exec(context.Background(), "select ssn from people where id = 8001").ReadAll()
	if rows, _ := allRows(r, nil); len(rows) > 0 || err == nil || !strings.Contains(err.Error(), "PV009") {
		t.Errorf("%v %q", err, rows)
	}
	if got := rowsOf(t, support, "select id, email from people where id = 8001"); len(got) != 1 {
		t.Error("the session does not go on")
	}
}

// TestTamperingInAResult has one bad cell among good ones: what comes before it may be shown, nothing after it.
func TestTamperingInAResult(t *testing.T) {
	integrityRows(t)
	su := directly(t)
	withoutGuards(t, su)
	rowsOf(t, su, "update people set email = ssn where id = 8002")
	const sql = "select id, email from people where id between 8001 and 8003 order by id"
	for _, s := range []struct {
		name string
		step step
		want []string
	}{
		{"simple", do(query(sql)), []string{"T", "D", "E", "Z I"}},
		{"several statements", do(query("select 1; " + sql)), []string{"T", "D", "C SELECT 1", "T", "D", "E", "Z I"}},
		{"extended", do(parse("", sql), bind("", ""), execute("", 0), sync), []string{"1", "2", "D", "E", "Z I"}},
		{"piecemeal", do(parse("", sql), bind("", ""), execute("", 1), sync), []string{"1", "2", "D", "s", "Z I"}},
		{"in a transaction", do(query("begin"), query(sql), query("rollback")), []string{"C BEGIN", "Z T", "T", "D", "E", "Z T", "C ROLLBACK", "Z I"}},
		{"a batch behind it", do(parse("", sql), bind("", ""), execute("", 0), sync, parse("", "select 1"), bind("", ""), execute("", 0), sync),
			[]string{"1", "2", "D", "E", "Z I", "1", "2", "D", "C SELECT 1", "Z I"}},
		{"Close behind it", do(parse("x", sql), bind("", "x"), execute("", 0), closing('P', ""), closing('S', "x"), sync), []string{"1", "2", "D", "E", "Z I"}},
		{"a statement behind it in the same text", do(query(sql + "; delete from people where id = 8003")), []string{"T", "D", "E FATAL", "END"}},
		{"a row that was changed", do(query("update people set name = name where id = 8002 returning email")), []string{"T", "E FATAL", "END"}},
		{"a row that was changed in a CTE", do(parse("", "with c as (update people set name = name where id = 8002 returning email) select email from c"),
			bind("", ""), execute("", 0), sync), []string{"1", "2", "E FATAL", "END"}},
		{"work behind it in the same batch", do(parse("", sql), bind("", ""), execute("", 0), parse("", "delete from people where id = 8003"),
			bind("", ""), execute("", 0), sync), []string{"1", "2", "D", "E FATAL", "END"}},
	} {
		t.Run(s.name, func(t *testing.T) {
			trace := appSession(t).record(t, []step{s.step}, nil)[1:]
			if len(trace) != len(s.want) {
				t.Fatalf("got %q\nwant %q", trace, s.want)
			}
			for i := range trace {
				if !strings.HasPrefix(trace[i], s.want[i]) {
					t.Errorf("frame %d: got %q, want %q", i, trace[i], s.want[i])
				}
			}
			if strings.Contains(strings.Join(trace, " "), "cnry-is-2") || strings.Contains(strings.Join(trace, " "), "cnry-int-3") {
				t.Errorf("data came: %q", trace)
			}
		})
	}
}

// A cell of another installation is sealed with other keys.
func TestForeignInstallation(t *testing.T) {
	integrityRows(t)
	su := directly(t)
	withoutGuards(t, su)
	o := stack.Options{Binary: filepath.Join(shared.Dir, "pgveil"), Postgres: shared.pg, CA: shared.ca, Encrypt: encrypt, Policy: rules, Dir: t.TempDir()}
	other, err := stack.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Stop()
	foreign := connect(other.DSN("app", password("app"), "shop", ""))
	defer foreign.Close(context.Background())
	rowsOf(t, foreign, "insert into people (id, name, email, ssn) values (8010, 'Foreign', 'cnry-foreign', 'cnry-fssn')")
	app := connect(shared.DSN("app", password("app"), "shop", ""))
	defer app.Close(context.Background())
	for _, column := range []string{"email", "ssn"} {
		r, err := app.Exec(context.Background(), "select "+column+" from people where id = 8010").ReadAll()
		var pe *pgconn.PgError
		if rows, _ := allRows(r, nil); len(rows) > 0 || !errors.As(err, &pe) || pe.Code != "XX001" {
			t.Errorf("%s of another installation: %v %q", column, err, rows)
		}
	}
	if got := rowsOf(t, app, "select id from people where email = 'cnry-foreign'"); len(got) != 0 {
		t.Error("another installation's value was found")
	}
	if got := rowsOf(t, app, "select name, born from people where id = 8010"); len(got) != 1 || got[0][1] != nil {
		t.Error("the row's other columns can't be read")
	}
	if got := rowsOf(t, foreign, "select email from people where id = 8010"); string(got[0][0]) != "cnry-foreign" {
		t.Error("the other installation can't read its own")
	}
}
