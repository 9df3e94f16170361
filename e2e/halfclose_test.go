package e2e

import (
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/loopback"
)

// closeWrite ends what c says, in TLS and below it.
func (c *rawConn) closeWrite(t *testing.T) {
	t.Helper()
	socket := c.Conn
	if secure, ok := socket.(*tls.Conn); ok {
		if err := secure.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		socket = secure.NetConn()
	}
	if err := socket.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

// TestHalfCloseIsAnswered: a client that has said all gets all answers, as from a server, whatever it is that takes time.
func TestHalfCloseIsAnswered(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	const slow = "select pg_sleep(0.9)"
	for name, send := range map[string][]pgproto3.FrontendMessage{
		"a statement":                  {query(slow)},
		"a protected statement":        {query("select email, pg_sleep(0.9) from people where id = 7001")},
		"several texts":                {query(slow + "; set application_name = 'x'; select email from people where id = 7001")},
		"statements one after another": {query(slow), query("select email from people where id = 7001"), query("select 1")},
		"batches": {parse("a", slow), bind("", "a"), execute("", 0), sync,
			parse("", "select email from people where id = 7001"), bind("", ""), execute("", 0), sync, query("select 'last'")},
		"a batch without Sync behind one": {query(slow), parse("", "select email from people"), bind("", ""), execute("", 0)},
		"a batch without Sync":            {parse("", slow), bind("", ""), execute("", 0)},
		"an error":                        {query("select 1 from pg_sleep(0.9), generate_series(-1, 0) i where 1 / i > 0")},
		"a refusal":                       {query(slow), query("select upper(email) from people")},
		"a transaction":                   {query("begin"), query("delete from things"), query(slow)},
		"COPY TO":                         {query("copy (select i, pg_sleep(0.1) from generate_series(1, 9) i) to stdout")},
		"many rows":                       {query("select repeat('x', 500) from generate_series(1, 20000)")},
		"COPY FROM STDIN, whole":          {query("copy things (label) from stdin"), copyData("7900\n"), copied, query("delete from things where label = '7900'"), query(slow)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var traces [2][]string
			for i, c := range []*rawConn{plainSession(t), appSession(t)} {
				c.send(t, send...)
				c.closeWrite(t)
				c.SetReadDeadline(time.Now().Add(patience))
				for _, line := range c.until('?', 1) {
					if !strings.HasPrefix(line, "S ") {
						traces[i] = append(traces[i], line)
					}
				}
			}
			if name == "a refusal" { // the plain server knows of none
				if got := strings.Join(traces[1], "\n"); !strings.HasPrefix(got, strings.Join(traces[0][:4], "\n")) || !strings.HasSuffix(got, "[PV140]\nZ I\nEND") {
					t.Error(got)
				}
			} else if !slices.Equal(traces[0], traces[1]) {
				t.Errorf("a server says\n%s\nthe proxy\n%s", shorter(traces[0]), shorter(traces[1]))
			}
		})
	}
}

func shorter(trace []string) string {
	if len(trace) > 30 {
		trace = append(slices.Clone(trace[:30]), fmt.Sprintf("… and %d more, the last %q", len(trace)-30, trace[len(trace)-1]))
	}
	return strings.Join(trace, "\n")
}

// TestHalfCloseInCopy: data that are not whole are not stored.
func TestHalfCloseInCopy(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	for _, into := range []string{"things (label)", "people (name)"} {
		for _, early := range []bool{false, true} {
			c := appSession(t)
			c.send(t, query("copy "+into+" from stdin"))
			if !early {
				c.until('G', 1)
				c.send(t, copyData("half-closed\n"))
			}
			c.closeWrite(t)
			ended(t, c)
		}
	}
	if rows := direct("shop", "select 1 from things where label = 'half-closed' union all select 1 from people where name = 'half-closed'"); len(rows[0].Rows) != 0 {
		t.Error("half a COPY stands")
	}
}

// TestHalfCloseThenGone: a client that has said all and vanishes while it waits for the answer is not worked for.
func TestHalfCloseThenGone(t *testing.T) {
	su := directly(t)
	for _, front := range []bool{false, true} {
		port, most := shared.Port, soon+200*time.Millisecond
		if front { // a relay that hands a half-close on, and learns of the client's end by what it can't deliver
			port, most = loopback.Relay(t, shared.Port, halfClosing, halfClosing), 3*soon // the second thing said after the end shows it to the relay, the third to the proxy
		}
		dsn := strings.Replace(shared.DSN("app", password("app"), "shop", ""), fmt.Sprintf("port=%d", shared.Port), fmt.Sprintf("port=%d", port), 1)
		c := hijack(t, dsn)
		c.send(t, query("select pg_sleep(1000)"))
		c.closeWrite(t)
		working := func() bool {
			rows := rowsOf(t, su, fmt.Sprintf("select 1 from pg_stat_activity where pid = %d and wait_event = 'PgSleep'", c.pid))
			return len(rows) == 1
		}
		within(t, "the server sleeps", working)
		time.Sleep(soon)
		if !working() {
			t.Errorf("through a relay %v: the statement was ended while its client waited for it", front)
		}
		c.Close()
		left := time.Now()
		within(t, "the server stops", func() bool { return !working() })
		if took := time.Since(left); took > most {
			t.Errorf("through a relay %v: the server worked on for %v", front, took)
		}
	}
}

// halfClosing is one direction of a relay that hands a half-close on.
func halfClosing(to, from *net.TCPConn) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		if _, failed := to.Write(buffer[:n]); failed != nil {
			from.Close()
			return
		}
		if err != nil {
			to.CloseWrite()
			return
		}
	}
}
