package e2e

import (
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/stack"
	"github.com/pgveil/pgveil/proxy/audit"
)

// textStack is a proxy with the tables of textsEncrypt, and what is left of them removed.
func textStack(t *testing.T) *stack.Stack {
	t.Helper()
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt += textsEncrypt
		o.Policy = rulesOn("public.x_users, public.x_copy, x_tenant.x_users")
	})
	clear := func() {
		direct("shop", "drop table if exists x_users, x_copy cascade")
		asSuperuser(shared.plain, "plain", "drop table if exists x_users, x_copy cascade")
	}
	clear()
	t.Cleanup(clear)
	return own
}

// TestTextFrames: the messages that answer a text carried out in pieces are those of a server, also where others are sent behind it.
func TestTextFrames(t *testing.T) {
	own := textStack(t)
	const text = "create table x_users (email text, id int); insert into x_users values ('cnry-f-a@x', 1); select id, email from x_users; select 1 / (id - 1) from x_users; select 2"
	sendText := func(f *pgproto3.Frontend) { f.SendQuery(&pgproto3.Query{String: text}) }
	for name, send := range map[string]func(f *pgproto3.Frontend){
		"alone": sendText,
		"behind a batch without Sync": func(f *pgproto3.Frontend) {
			f.SendParse(&pgproto3.Parse{Query: "select 5"})
			f.SendBind(&pgproto3.Bind{})
			f.SendExecute(&pgproto3.Execute{})
			sendText(f)
		},
		"with others behind it": func(f *pgproto3.Frontend) {
			f.SendQuery(&pgproto3.Query{String: strings.Replace(text, "select 1 / (id - 1) from x_users; ", "drop table x_users; ", 1)})
			f.SendParse(&pgproto3.Parse{Name: "s", Query: "select 6"})
			f.SendSync(&pgproto3.Sync{})
			f.SendQuery(&pgproto3.Query{String: "select 7"})
		},
		"after an error": func(f *pgproto3.Frontend) {
			f.SendParse(&pgproto3.Parse{Query: "select nothing"})
			sendText(f)
			f.SendSync(&pgproto3.Sync{})
		},
		"in an aborted transaction": func(f *pgproto3.Frontend) {
			f.SendQuery(&pgproto3.Query{String: "begin"})
			f.SendQuery(&pgproto3.Query{String: "select 1/0"})
			sendText(f)
			f.SendQuery(&pgproto3.Query{String: "rollback; " + strings.Replace(text, "select 1 / (id - 1) from x_users; ", "drop table x_users; ", 1)})
		},
		"and the empty name": func(f *pgproto3.Frontend) {
			whole := strings.Replace(text, "select 1 / (id - 1) from x_users; ", "drop table x_users; ", 1)
			f.SendQuery(&pgproto3.Query{String: "begin"})
			f.SendQuery(&pgproto3.Query{String: whole + "; savepoint s"})
			f.SendExecute(&pgproto3.Execute{}) // the server has dropped the portal, and the statement
			f.SendSync(&pgproto3.Sync{})
			f.SendQuery(&pgproto3.Query{String: "rollback to s"})
			f.SendBind(&pgproto3.Bind{})
			f.SendSync(&pgproto3.Sync{})
			f.SendQuery(&pgproto3.Query{String: "rollback"})
			f.SendQuery(&pgproto3.Query{String: text})
			f.SendDescribe(&pgproto3.Describe{ObjectType: 'S'})
			f.SendSync(&pgproto3.Sync{})
			f.SendParse(&pgproto3.Parse{Query: "select 8"})
			f.SendBind(&pgproto3.Bind{})
			f.SendExecute(&pgproto3.Execute{})
			f.SendSync(&pgproto3.Sync{})
		},
		"table and row in one batch": func(f *pgproto3.Frontend) {
			for _, one := range []string{"create table x_users (email text, id int)", "insert into x_users values ('cnry-f-b@x', 2)", "select email, id from x_users", "drop table x_users"} {
				f.SendParse(&pgproto3.Parse{Query: one})
				f.SendBind(&pgproto3.Bind{})
				f.SendDescribe(&pgproto3.Describe{ObjectType: 'P'})
				f.SendExecute(&pgproto3.Execute{})
			}
			f.SendSync(&pgproto3.Sync{})
		},
	} {
		ready := map[string]int{"with others behind it": 3, "in an aborted transaction": 4, "and the empty name": 9}[name]
		got := rawFrames(t, own.DSN("app", password("app"), "shop", ""), max(ready, 1), send)
		want := rawFrames(t, shared.plain.DSN("app", password("app"), "plain", ""), max(ready, 1), send)
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

// rawFrames is what a server answers, without what differs between two of them, until it has been ready so many times.
func rawFrames(t *testing.T, dsn string, ready int, send func(f *pgproto3.Frontend)) string {
	t.Helper()
	c := connect(dsn)
	h, err := c.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Conn.Close()
	send(h.Frontend)
	if err := h.Frontend.Flush(); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	h.Conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for ready > 0 {
		m, err := h.Frontend.Receive()
		if err != nil {
			return b.String() + err.Error()
		}
		switch m := m.(type) {
		case *pgproto3.ErrorResponse:
			fmt.Fprintf(&b, "error %s at %d\n", m.Code, m.Position)
		case *pgproto3.RowDescription:
			for _, f := range m.Fields {
				fmt.Fprintf(&b, "field %s %d\n", f.Name, f.DataTypeOID)
			}
		case *pgproto3.DataRow:
			fmt.Fprintf(&b, "row %q\n", m.Values)
		case *pgproto3.ReadyForQuery:
			fmt.Fprintf(&b, "ready %c\n", m.TxStatus)
			ready--
		case *pgproto3.CommandComplete:
			fmt.Fprintf(&b, "%s\n", m.CommandTag)
		default:
			fmt.Fprintf(&b, "%T\n", m)
		}
	}
	return b.String()
}

// TestTextSpoiled: a row that can't be opened, behind a change of the same text, ends the session: nobody is told that the change was undone
// or done.
func TestTextSpoiled(t *testing.T) {
	ctx := context.Background()
	own := textStack(t)
	c := session(t, own, "app")
	carry(t, c, "create table x_users (email text, pin varchar(10)); insert into x_users values ('cnry-s-a@x', 'b')")
	direct("shop", "update x_users set email = overlay(email placing 'zz'::bytea from 3)")
	c = session(t, own, "app")
	_, err := c.Exec(ctx, "create table x_one (id int); insert into x_users values ('cnry-s-b@x', 'b'); select email from x_users; select 1").ReadAll()
	if err == nil || !strings.Contains(err.Error(), "PV009") || !c.IsClosed() {
		t.Errorf("the session goes on after %v", err)
	}
	direct("shop", "drop table if exists x_one")
}

// TestTextRecord: each statement of such a text is on the record of a role that is recorded.
func TestTextRecord(t *testing.T) {
	own := textStack(t)
	c := session(t, own, "support")
	if _, err := c.Exec(context.Background(), "create temp table x_t (id int); select id, email from people where id = -1; set search_path = pg_catalog; select ssn from public.people where id = -2").ReadAll(); err != nil {
		t.Fatal(err)
	}
	log := ""
	eventually(t, "the record", func() bool {
		log = ""
		for _, e := range audited(t, own, audit.StatementDecided) {
			log += strings.ToLower(e.Statement) + "\n"
		}
		return strings.Contains(log, "ssn")
	})
	for _, text := range []string{"create temp table x_t", "where id = -?", "search_path"} {
		if !strings.Contains(log, text) {
			t.Errorf("the record lacks %q: %s", text, log)
		}
	}
}

// metaCommand is what pg_dump says to psql, not to a server.
var metaCommand = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// TestDumpIsRestored: what pg_dump makes through the proxy is restored through it, statement by statement and as one text.
func TestDumpIsRestored(t *testing.T) {
	own := textStack(t)
	c := session(t, own, "app")
	carry(t, c, `create table x_users (id serial primary key, email text unique, pin varchar(10), level int, check (id > 0));
		create table x_copy (id int references x_users, email text);
		create view x_view as select id, email from x_users;
		insert into x_users (email, level) values ('cnry-d-a@x', 1), ('cnry-d-''b@x', null);
		insert into x_copy select id, email from x_users; create index x_i on x_copy (email)`)
	want, _ := textOutcome(c, "select * from x_users order by id; select * from x_copy order by id; select * from x_view order by id")
	for _, form := range []string{"--inserts", "--column-inserts"} {
		dump, err := exec.Command("pg_dump", "-d", own.DSN("app", password("app"), "shop", ""), form, "--no-owner", "-t", "x_*").Output()
		if err != nil {
			t.Fatal(err, string(err.(*exec.ExitError).Stderr))
		}
		if serverMajor() < 17 {
			dump = newSettings.ReplaceAll(dump, nil)
		}
		for _, way := range []string{"-f", "-c"} {
			carry(t, c, "drop view x_view; drop table x_users, x_copy")
			dump := string(dump)
			if way == "-c" {
				dump = metaCommand.ReplaceAllString(dump, "")
			}
			cmd := exec.Command("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", own.DSN("app", password("app"), "shop", ""), way, dump)
			if way == "-f" {
				cmd.Args[len(cmd.Args)-1] = "-"
				cmd.Stdin = strings.NewReader(dump)
			}
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s %s: %v\n%s", form, way, err, out)
			}
			if got, _ := textOutcome(c, "select * from x_users order by id; select * from x_copy order by id; select * from x_view order by id"); got != want {
				t.Errorf("%s %s\n got %s\nwant %s", form, way, got, want)
			}
		}
	}
	carry(t, c, "drop view x_view")
}

func carry(t *testing.T, c *pgconn.PgConn, text string) {
	t.Helper()
	if _, err := c.Exec(context.Background(), text).ReadAll(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}
