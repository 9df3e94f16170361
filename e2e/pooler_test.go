package e2e

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/e2e/loopback"
	"github.com/pgveil/pgveil/e2e/stack"
)

// renumbering stands in front of the shared server as a pooler would: the process number that a login is told is its own invention.
func renumbering(t *testing.T) (port int) {
	t.Helper()
	return loopback.Relay(t, shared.pg.Port, loopback.Copy, renumbered)
}

// renumbered copies the server's messages, with another number in BackendKeyData.
func renumbered(to, from *net.TCPConn) {
	defer to.Close()
	for told := false; !told; {
		head := make([]byte, 5)
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return
		}
		if told = head[0] == 'K'; told {
			binary.BigEndian.PutUint32(body, 1<<30+7)
		}
		to.Write(append(head, body...))
	}
	loopback.Copy(to, from)
}

// Behind a pooler that the configuration does not know of, nothing protected is read or written; behind one that pools sessions, all is.
func TestPoolerIsNoticed(t *testing.T) {
	up := fmt.Sprintf("host: 127.0.0.1, port: %d, sslmode: disable", renumbering(t))
	own := ownStack(t, func(o *stack.Options) { o.Upstream = up })
	c := session(t, own, "app")
	if got := string(rowsOf(t, c, "select label from things union all select 'none' order by 1 desc limit 1")[0][0]); got == "" {
		t.Error("what touches nothing protected is refused")
	}
	for _, sql := range []string{
		"select email from people where email = 'cnry-pooled'",
		"insert into people (name, email) values ('n', 'cnry-pooled')",
		"prepare pooled as select email from people",
		"copy people (name, email) to stdout",
		"do $$begin update people set email = 'cnry-pooled'; end$$",
	} {
		if _, err := c.Exec(t.Context(), sql).ReadAll(); err == nil || !strings.Contains(err.Error(), "PV235") {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := c.Prepare(t.Context(), "pooled", "select email from people where email = $1", nil); err == nil || !strings.Contains(err.Error(), "PV235") {
		t.Errorf("Parse: %v", err)
	}
	known := ownStack(t, func(o *stack.Options) { o.Upstream = up + ", pooler: session" })
	if got := rowsOf(t, session(t, known, "app"), "select email from people where email = 'cnry-pooled'"); len(got) != 0 {
		t.Errorf("%q", got)
	}
}
