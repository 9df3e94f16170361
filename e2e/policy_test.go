package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
	"github.com/pgveil/pgveil/proxy/audit"
)

func session(t *testing.T, s *stack.Stack, user string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(context.Background(), s.DSN(user, password(user), "shop", ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// refusedAs sends sql both ways, which the policy or the analysis must refuse without a row or a value.
func refusedAs(t *testing.T, c *pgconn.PgConn, sql string) {
	t.Helper()
	for _, run := range []func() ([][][]byte, error){
		func() ([][][]byte, error) { return allRows(c.Exec(context.Background(), sql).ReadAll()) },
		func() ([][][]byte, error) {
			r := c.ExecParams(context.Background(), sql, nil, nil, nil, nil).Read()
			return r.Rows, r.Err
		},
	} {
		rows, err := run()
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || refusalCode.FindString(pe.Message) == "" {
			t.Errorf("%s: not refused: %v, %d rows", sql, err, len(rows))
			return
		}
		if len(rows) > 0 {
			t.Errorf("%s: rows in spite of a refusal", sql)
		}
		if pe.Code != "42501" && pe.Code != "0A000" {
			t.Errorf("%s: SQLSTATE %s", sql, pe.Code)
		}
		if strings.Contains(fmt.Sprint(*pe), marker) {
			t.Errorf("%s: the error quotes a value: %v", sql, pe)
		}
	}
}

// Each of these tells something of a masked column.
func TestMaskedColumnsAreNoOracles(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	c := session(t, shared.Stack, "support")
	for _, sql := range []string{
		"select id from people where email = 'cnry-frame-1'", "select id from people where email in ('cnry-frame-1')",
		"select id from people where email is not distinct from 'x'", "select id from people where ssn is null",
		"select id from people where name = 'Row 1'", "select id from people where name like 'R%'", "select id from people where name > 'A'",
		"select id from people where (name, id) = ('Row 1', 7001)", "select id from people p where exists (select 1 from logins l where l.email = p.email)",
		"select id from people order by email", "select id from people order by name", "select id, name from people order by 2",
		"select id, name from people order by name desc", "select distinct name from people", "select name, count(*) from people group by name",
		"select count(name) from people", "select count(distinct email) from people", "select max(name) from people", "select string_agg(name, ',') from people",
		"select name || '' from people", "select upper(name) from people", "select name::varchar from people", "select length(name) from people",
		"select email::text from people", "select substr(name, 1, 2) from people", "select case when name = 'Row 1' then 1 end from people",
		"select coalesce(name, '') from people", "select (select name from people where id = 7001) || 'x'", "select array_agg(name) from people",
		"select row(name) from people", "select people from people", "select p.*::text from people p", "select to_jsonb(p) from people p",
		"select row_to_json(people) from people", "select json_agg(people) from people", "select a.id from people a join people b on a.name = b.name",
		"select a.id from people a join people b using (email)", "select * from people natural join logins", "select rank() over (order by name) from people",
		"select first_value(name) over (order by id) from people", "select id from people where name = any(array['Row 1'])",
		"select id from people limit (select length(name) from people where id = 7001)", "values ((select name || 'x' from people where id = 7001))",
		"explain select id from people where name = 'Row 1'", "explain analyze select id from people where email = 'x'",
		"with x as (select name as n from people) select * from x where n = 'Row 1'", "select * from (select name as n from people) x order by n",
		"select n from (select upper(name) as n from people) x", "copy people to stdout", "copy people (name) to stdout",
		"copy (select name from people) to stdout", "create temp table t as select name from people", "select name into temp t from people",
		"create temp view v as select name from people",
		"insert into people (id, name) values (7999, 'x')", "update people set name = name where id = 7001 returning name",
		"update people set name = 'x' where id = 7001", "delete from people where id = 7001", "delete from people where name = 'Row 1' returning id",
		"truncate people", "select age from people", "select * from people", "select people.* from people", "select note from people",
		"select name from people union select label from things", "select name from people except select 'Row 1'", "select id from people for update",
		"lock table people", "do $$begin perform name from people; end$$", "select query_to_xml('select * from people', true, true, '')",
		"select * from logins", "table people",
		"select id from people tablesample system (100) where name = 'x'", "select generate_series(1, length(name)) from people",
		"select id from people group by id having max(name) > 'A'", "select nullif(name, 'Row 1') from people", "select name collate \"C\" from people",
		"select id from people, lateral (select 1 where name = 'Row 1') x", "analyze people", "comment on column people.name is 'x'",
	} {
		refusedAs(t, c, sql)
	}
	if c.IsClosed() {
		t.Error("a refusal ended the session")
	}
	if got := rowsOf(t, c, "select id, email, ssn, name from people where id = 7001"); len(got) != 1 || string(got[0][1]) != "***" ||
		string(got[0][2]) != "***fs-1" || string(got[0][3]) != "R***" {
		t.Errorf("support sees %q", got)
	}
}

func TestAnalystAndNobody(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	analyst, nobody := session(t, shared.Stack, "analyst"), session(t, shared.Stack, "nobody")
	if got := rowsOf(t, analyst, "select id, count(*) over () from people where id between 7001 and 7003 order by id"); len(got) != 3 {
		t.Errorf("%q", got)
	}
	for _, sql := range []string{"select email from people", "select name from people", "select * from people", "select id from people where email = 'x'",
		"select id from people where name = 'x'", "select id from logins", "select email from logins", "insert into people (name) values ('x')",
		"delete from people", "update people set id = id", "select id from people order by name", "select xmin from people where email is null"} {
		refusedAs(t, analyst, sql)
	}
	for _, sql := range []string{"select id from people", "select 1 from people", "select count(*) from people", "select email from people", "table logins",
		"insert into people (name) values ('x')", "explain select id from people", "select exists (select from people)", "delete from logins",
		"copy people to stdout", "alter table people add x int", "drop table people", "select * from things, people"} {
		refusedAs(t, nobody, sql)
	}
	for _, c := range []*pgconn.PgConn{analyst, nobody} {
		if got := rowsOf(t, c, "select count(*) from things"); len(got) != 1 {
			t.Error("an unlisted table is not passed")
		}
	}
}

// listening collects every byte that a client receives, TLS taken off.
type listening struct {
	net.Conn
	seen bytes.Buffer
}

func (l *listening) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	l.seen.Write(b[:n])
	return n, err
}

// listenAs connects, and lets the client library have what as makes of the connection.
func listenAs(t *testing.T, dsn string, as func(*listening) net.Conn) (*pgconn.PgConn, *listening, error) {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	l := &listening{}
	config.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		l.Conn = conn
		return as(l), nil
	}
	c, err := pgconn.ConnectConfig(context.Background(), config)
	return c, l, err
}

func listen(t *testing.T, dsn string) (*pgconn.PgConn, *listening) {
	t.Helper()
	c, l, err := listenAs(t, dsn, func(l *listening) net.Conn { return l })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c, l
}

// rare gives each protected cell a value that can be told from all else, whatever its form on the wire.
func rare(t *testing.T, c *pgconn.PgConn) {
	t.Helper()
	for i := 1; i <= 40; i++ {
		rowsOf(t, c, fmt.Sprintf("update people set email = 'cnry-uniq-%[1]d@x.test', ssn = 'cnry-uniq-s-%04[1]d', age = %[2]d, born = '1777-07-%02[3]d', "+
			"balance = 7777777.%02[1]d, amount = 7777777.1%[1]d, rate = 777777.1%[1]d, seen = '1777-07-%02[3]d 07:07:07+00', "+
			"token = '77777777-7777-7777-7777-7777777777%02[1]d', photo = '\\x756e6971%02[1]x', extra = '{\"uniq\": %[1]d}', code = 'uniq%02[1]d', big = %[4]d, "+
			"name = 'Rare uniq %[1]d' where id = %[1]d", i, 77000000+i, 1+i%28, 7777777777777000+i))
	}
	rowsOf(t, c, "update logins set secret = 'cnry-uniq-secret', email = 'cnry-uniq-l@x.test'")
}

// rareForms are what of these values must not arrive.
func rareForms() map[string][]byte {
	return map[string][]byte{
		"text": []byte("uniq"), "bytea as text": []byte(hex.EncodeToString([]byte("uniq"))), "date": []byte("1777-07"),
		"age": []byte("770000"), "age, binary": binary.BigEndian.AppendUint32(nil, 77000000)[:3],
		"balance": []byte("7777777."), "rate": []byte("777777."), "balance, binary": {0x03, 0x09, 0x1e, 0x61}, "rate, binary": {0, 77, 0x1e, 0x61},
		"token": []byte("77777777-"), "token, binary": bytes.Repeat([]byte{0x77}, 12),
		"big": []byte("7777777777777"), "big, binary": binary.BigEndian.AppendUint64(nil, 7777777777777000)[:6],
		"a sealed cell": {0xc5, 0x7e, 0x91}, "a sealed cell as text": []byte("c57e91"),
	}
}

// TestNoClearValueArrives runs every shape of the differential test as those who may not see, and looks at every byte they get.
func TestNoClearValueArrives(t *testing.T) {
	app := connect(shared.DSN("app", password("app"), "shop", ""))
	defer app.Close(context.Background())
	fill(app)
	rare(t, app)
	defer fill(app)
	t.Run("users", func(t *testing.T) {
		for _, user := range []string{"support", "analyst", "nobody"} {
			t.Run(user, func(t *testing.T) {
				t.Parallel()
				dsn := shared.DSN(user, password(user), "shop", "")
				c, l := listen(t, dsn)
				answered := 0
				for _, s := range shapes(t) {
					for _, w := range ways {
						if strings.Contains(s.sql, "; ") && w.name != "simple" {
							continue
						}
						if c.IsClosed() {
							c, l = listen(t, dsn)
						}
						l.seen.Reset()
						got, _ := try(c, w, s, true)
						if got.sqlstate == "" {
							answered++
						}
						for form, value := range rareForms() {
							if i := bytes.Index(l.seen.Bytes(), value); i >= 0 {
								all := l.seen.Bytes()
								t.Errorf("%s: %s: %s arrived: %q", w.name, s.sql, form, all[max(0, i-40):min(len(all), i+40)])
							}
						}
					}
				}
				t.Logf("%d answered", answered)
			})
		}
	})
	// The same eyes see the values where they may be seen, in text and binary.
	c, l := listen(t, shared.DSN("app", password("app"), "shop", ""))
	const all = "select p.*, l.secret from people p left join logins l on l.person = p.id"
	rowsOf(t, c, all)
	if r := c.ExecParams(context.Background(), all, nil, nil, nil, []int16{1}).Read(); r.Err != nil {
		t.Fatal(r.Err)
	}
	for form, value := range rareForms() {
		if !bytes.Contains(l.seen.Bytes(), value) && !strings.HasPrefix(form, "a sealed") {
			t.Errorf("the test would not notice a value: %s", form)
		}
	}
}

const maskRules = `version: 1
unlisted: pass
roles:
  app:
    who: {users: [app], databases: ["*"]}
    allow:
      - {id: app-all, on: [public.people, public.logins], do: [all], show: "*", write: "*"}
  support:
    who: {users: [support], databases: ["*"]}
    allow:
      - {id: support-people, on: public.people, do: [select], show: [id], mask: {email: email, ssn: redact, code: last(2), name: first(3), note: hash, age: "null", photo: "null"}}
`

func TestEachMask(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Policy = maskRules })
	frameRows(t)
	defer noFrameRows(t)
	app := session(t, own, "app")
	rowsOf(t, app, "insert into people (id, name, email, ssn, age, code, note, photo) values (7500, 'Zacharias', 'cnrymask@mask.test', 'cnry-mask', 5, 'cnry99', 'same', '\\x00'), "+
		"(7501, 'Zac', 'not an address', null, null, 'x', 'same', null), (7502, 'Zacharias', 'ä@mask.test', '', 1, null, 'other', null)")
	c := session(t, own, "support")
	const sql = "select id, email, ssn, age, code, name, photo, note from people where id >= 7500 order by id"
	want := [][]string{
		{"7500", "c***@mask.test", "[redacted]", "NULL", "***99", "Zac***", "NULL"},
		{"7501", "***", "NULL", "NULL", "***", "***", "NULL"},
		{"7502", "***@mask.test", "[redacted]", "NULL", "NULL", "Zac***", "NULL"},
	}
	check := func(way string, rows [][][]byte, binaryID bool) {
		t.Helper()
		if len(rows) != len(want) {
			t.Fatalf("%s: %d rows", way, len(rows))
		}
		for i, row := range rows {
			for j, w := range want[i] {
				got := string(row[j])
				if row[j] == nil {
					got = "NULL"
				}
				if got != w && !(j == 0 && binaryID) {
					t.Errorf("%s: row %d column %d: %q, want %q", way, i, j, got, w)
				}
			}
		}
		a, b, c := string(rows[0][7]), string(rows[1][7]), string(rows[2][7])
		if len(a) != 16 || a != b || a == c || strings.Contains(a, "same") {
			t.Errorf("%s: hashes %q %q %q", way, a, b, c)
		}
	}
	check("simple", rowsOf(t, c, sql), false)
	for _, format := range []int16{0, 1} {
		r := c.ExecParams(context.Background(), sql, nil, nil, nil, []int16{format}).Read()
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		check(fmt.Sprint("extended, format ", format), r.Rows, format == 1)
	}
}

func rewrite(t *testing.T, s *stack.Stack, policy string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.Dir, "policy.yaml"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(); err != nil {
		t.Fatal(err)
	}
}

// A policy that is reloaded judges the next execution of a statement that was prepared, and bound, under the one before it.
func TestReloadReachesOpenSessions(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Policy = maskRules })
	frameRows(t)
	defer noFrameRows(t)
	app := hijack(t, own.DSN("app", password("app"), "shop", ""))
	app.send(t, query("begin"), parse("s", "select email from people where id = $1"), bind("p", "s", "7001"),
		parse("f", "select email from people where email = $1"), execute("p", 0), sync)
	if got := app.until('Z', 2); !strings.Contains(strings.Join(got, "\n"), `D "cnry-frame-1"`) {
		t.Fatalf("%q", got)
	}
	send := func(m ...step) string { return strings.Join(app.record(t, m, nil)[1:], "\n") }
	again := do(bind("", "s", "7002"), describe('P', ""), execute("", 0), sync)

	rewrite(t, own, strings.Replace(maskRules, `show: "*", write`, `show: [id, name], mask: {email: redact}, write`, 1))
	eventually(t, "the new policy", func() bool { return strings.Contains(send(again), "[redacted]") })
	if got := send(do(query("select email from people where id = 7003"))); !strings.Contains(got, "[redacted]") {
		t.Error(got)
	}
	if got := send(do(bind("", "f", "cnry-frame-1"), execute("", 0), sync)); !strings.Contains(got, "refused") {
		t.Errorf("a prepared statement does what the policy forbids now: %s", got)
	}
	send(do(query("rollback")))

	rewrite(t, own, strings.Replace(maskRules, "[public.people, public.logins]", "[public.logins]", 1))
	eventually(t, "the policy without people", func() bool { return strings.Contains(send(again), "refused 42501") })
	if got := metric(t, own, "reload_success"); got < 1 {
		t.Errorf("reload_success is %v", got)
	}

	// One that is broken changes nothing.
	rewrite(t, own, "version: 1\nroles: [nonsense")
	eventually(t, "the failure in the metric", func() bool { return metric(t, own, `reload_success{what="policy"`) == 0 })
	if got := send(again); !strings.Contains(got, "refused 42501") {
		t.Errorf("after a broken policy: %s", got)
	}
	log, err := os.ReadFile(own.LogFile)
	if err != nil || !bytes.Contains(log, []byte("reload failed")) || !bytes.Contains(log, []byte("policy.yaml")) {
		t.Error("the log does not say why the reload failed")
	}
	eventually(t, "the failure in the record", func() bool { return len(audited(t, own, audit.PolicyFailed)) > 0 })

	rewrite(t, own, maskRules)
	eventually(t, "the first policy", func() bool { return strings.Contains(send(again), `D "cnry-frame-2"`) })
}

// serverLog gives what the shared server logs from now on: all of its log is hundreds of megabytes.
func serverLog(t *testing.T) (since func() string) {
	t.Helper()
	before, err := os.Stat(shared.pg.LogFile)
	if err != nil {
		t.Fatal(err)
	}
	return func() string {
		t.Helper()
		f, err := os.Open(shared.pg.LogFile)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		text, err := io.ReadAll(io.NewSectionReader(f, before.Size(), 1<<40))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}

// When the server begins a privileged statement, the record has it already.
func TestPrivilegedStatementsAreRecordedFirst(t *testing.T) {
	su, watching := directly(t), directly(t)
	support := hijack(t, shared.DSN("support", password("support"), "shop", ""))
	support.send(t, query("select id as warm_up from people limit 0"))
	support.until('Z', 1)
	for way, messages := range map[string][]byte{
		"simple":   encode(query("select id as first_simple from people limit 1")),
		"extended": encode(parse("", "select id as first_extended from people limit 1"), bind("", ""), execute("", 0), sync),
	} {
		t.Run(way, func(t *testing.T) {
			rowsOf(t, su, "begin; lock table people in access exclusive mode")
			support.write(t, messages)
			eventually(t, "the server waits for the table", func() bool {
				return string(rowsOf(t, watching, "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%first_"+way+"%'")[0][0]) != "0"
			})
			_, decided := statementEvents(t, "first_"+way)
			if way == "simple" && len(decided) != 1 { // an extended statement waits while it is parsed, before it is run
				t.Errorf("the server is at it and the record has %d decisions", len(decided))
			}
			rowsOf(t, su, "rollback")
			support.until('Z', 1)
			eventually(t, "decision and end in the record", func() bool {
				done, decided := statementEvents(t, "first_"+way)
				return len(decided) == 1 && done == 1
			})
		})
	}
}

// statementEvents finds the decisions about statements that hold part, and how many of them are done.
func statementEvents(t *testing.T, part string) (done int, decided []audit.Event) {
	t.Helper()
	numbers := map[int64]bool{}
	for _, e := range audited(t, shared.Stack, audit.StatementDecided) {
		if strings.Contains(e.Statement, part) {
			decided = append(decided, e)
			numbers[e.Seq] = true
		}
	}
	for _, e := range audited(t, shared.Stack, audit.StatementDone) {
		if numbers[e.Decided] {
			done++
		}
	}
	return done, decided
}

// fileLimit bounds the size of files that the proxy may write, as a full disk would.
func fileLimit(t *testing.T, s *stack.Stack, limit string) {
	t.Helper()
	if out, err := exec.Command("prlimit", "--pid", fmt.Sprint(s.PID()), "--fsize="+limit+":unlimited").CombinedOutput(); err != nil {
		t.Fatalf("prlimit: %v %s", err, out)
	}
}

// Where the record can't be written, a privileged statement isn't carried out; others are.
func TestNoRecordNoPrivilege(t *testing.T) {
	logged := serverLog(t)
	own := ownStack(t, func(*stack.Options) {})
	frameRows(t)
	defer noFrameRows(t)
	support, app := session(t, own, "support"), session(t, own, "app")
	rowsOf(t, support, "select id as with_record from people limit 0")
	rowsOf(t, app, "select id from people limit 0")
	fileLimit(t, own, "1")
	for i := range 3 {
		for way, run := range map[string]func(sql string) error{
			"simple": func(sql string) error { _, err := support.Exec(context.Background(), sql).ReadAll(); return err },
			"extended": func(sql string) error {
				return support.ExecParams(context.Background(), sql, nil, nil, nil, nil).Read().Err
			},
		} {
			err := run(fmt.Sprintf("select id as without_record_%s_%d from people limit 1", way, i))
			var pe *pgconn.PgError
			if !errors.As(err, &pe) || pe.Code != "58030" || !strings.Contains(pe.Message, "PV008") {
				t.Errorf("%s: %v", way, err)
			}
		}
	}
	if got := rowsOf(t, app, "select email from people where id = 7001"); len(got) != 1 || string(got[0][0]) != "cnry-frame-1" {
		t.Error("an unprivileged session does not go on")
	}
	if log := logged(); strings.Contains(log, "execute <unnamed>: select id as without_record") || strings.Contains(log, "statement: select id as without_record") {
		t.Error("a statement that could not be recorded was run")
	} else if !strings.Contains(log, "with_record") {
		t.Error("the server's log does not show what was run")
	}
	fileLimit(t, own, "unlimited")
	eventually(t, "privileged statements work again", func() bool {
		_, err := support.Exec(context.Background(), "select id as with_record_again from people limit 0").ReadAll()
		return err == nil
	})
}
