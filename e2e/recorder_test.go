package e2e

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// rawConn is a signed-in connection whose frames the test writes and reads itself.
type rawConn struct {
	net.Conn
	in   *bufio.Reader
	pid  uint32
	key  []byte
	seen []byte // every byte of the frames read
	// frame is the body of the last frame read.
	frame []byte
}

// patience is how long a frame is waited for that must come.
const patience = 10 * time.Second

func hijack(t *testing.T, dsn string) *rawConn {
	t.Helper()
	c, err := pgconn.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	return hijacked(t, c)
}

// hijacked takes a connection over from the library that has signed it in.
func hijacked(t *testing.T, c *pgconn.PgConn) *rawConn {
	t.Helper()
	h, err := c.Hijack()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Conn.Close() })
	return &rawConn{Conn: h.Conn, in: bufio.NewReader(h.Conn), pid: h.PID, key: h.SecretKey}
}

func appSession(t *testing.T) *rawConn {
	return hijack(t, shared.DSN("app", password("app"), "shop", ""))
}

func plainSession(t *testing.T) *rawConn {
	return hijack(t, shared.plain.DSN("app", password("app"), "plain", ""))
}

func (c *rawConn) send(t *testing.T, messages ...pgproto3.FrontendMessage) {
	t.Helper()
	c.write(t, encode(messages...))
}

func (c *rawConn) write(t *testing.T, b []byte) {
	t.Helper()
	if _, err := c.Write(b); err != nil {
		t.Fatal(err)
	}
}

func encode(messages ...pgproto3.FrontendMessage) []byte {
	var b []byte
	for _, m := range messages {
		var err error
		if b, err = m.Encode(b); err != nil {
			panic(err)
		}
	}
	return b
}

// next reads one frame and returns its type; 0 when the connection has ended, '?' when nothing came in time.
func (c *rawConn) next(wait time.Duration) byte {
	c.SetReadDeadline(time.Now().Add(wait))
	var head [5]byte
	n, err := io.ReadFull(c.in, head[:])
	if err != nil {
		c.frame = nil
		if e, ok := err.(net.Error); ok && e.Timeout() && n == 0 {
			return '?'
		}
		return 0
	}
	c.frame = make([]byte, binary.BigEndian.Uint32(head[1:])-4)
	if _, err := io.ReadFull(c.in, c.frame); err != nil {
		return 0
	}
	c.seen = append(append(c.seen, head[:]...), c.frame...)
	return head[0]
}

// until reads frames up to and with the n-th of type last, and returns each in a comparable form.
func (c *rawConn) until(last byte, n int) []string {
	var trace []string
	for n > 0 {
		typ := c.next(patience)
		trace = append(trace, c.show(typ))
		if typ == 0 || typ == '?' {
			break
		}
		if typ == last {
			n--
		}
	}
	return trace
}

// quietly reads what comes until nothing does for a while.
func (c *rawConn) quietly(wait time.Duration) []string {
	var trace []string
	for {
		typ := c.next(wait)
		if typ == '?' {
			return trace
		}
		trace = append(trace, c.show(typ))
		if typ == 0 {
			return trace
		}
	}
}

// show is the last frame in a form that two servers must agree on: table OIDs and process numbers are left out.
func (c *rawConn) show(typ byte) string {
	switch typ {
	case 0:
		return "END"
	case '?':
		return "NOTHING CAME"
	}
	m, err := decode(typ, c.frame)
	if err != nil {
		return fmt.Sprintf("%c undecodable: %v", typ, err)
	}
	switch m := m.(type) {
	case *pgproto3.RowDescription:
		var b strings.Builder
		for _, f := range m.Fields {
			fmt.Fprintf(&b, " %s:%v:%d:%d:%d:%d:%d", f.Name, f.TableOID != 0, f.TableAttributeNumber, f.DataTypeOID, f.DataTypeSize, f.TypeModifier, f.Format)
		}
		return "T" + b.String()
	case *pgproto3.DataRow:
		var b strings.Builder
		for _, v := range m.Values {
			if v == nil {
				b.WriteString(" NULL")
			} else {
				fmt.Fprintf(&b, " %q", v)
			}
		}
		return "D" + b.String()
	case *pgproto3.ErrorResponse:
		if code := refusalCode.FindString(m.Message); code != "" {
			return fmt.Sprintf("E %s refused %s %s", m.Severity, m.Code, code)
		}
		return fmt.Sprintf("E %s %s %s at %d", m.Severity, m.Code, m.Message, m.Position)
	case *pgproto3.NoticeResponse:
		return fmt.Sprintf("N %s %s %s", m.Severity, m.Code, m.Message)
	case *pgproto3.NotificationResponse:
		return fmt.Sprintf("A %s %q", m.Channel, m.Payload)
	case *pgproto3.ReadyForQuery:
		return fmt.Sprintf("Z %c", m.TxStatus)
	case *pgproto3.CommandComplete:
		return "C " + string(m.CommandTag)
	case *pgproto3.ParameterStatus:
		return "S " + m.Name + "=" + m.Value
	case *pgproto3.ParameterDescription:
		return fmt.Sprint("t ", m.ParameterOIDs)
	}
	return fmt.Sprintf("%c %q", typ, c.frame)
}

func decode(typ byte, body []byte) (pgproto3.BackendMessage, error) {
	known := map[byte]pgproto3.BackendMessage{'T': &pgproto3.RowDescription{}, 'D': &pgproto3.DataRow{}, 'E': &pgproto3.ErrorResponse{},
		'N': &pgproto3.NoticeResponse{}, 'A': &pgproto3.NotificationResponse{}, 'Z': &pgproto3.ReadyForQuery{},
		'C': &pgproto3.CommandComplete{}, 'S': &pgproto3.ParameterStatus{}, 't': &pgproto3.ParameterDescription{}}
	m, ok := known[typ]
	if !ok {
		return nil, nil
	}
	return m, m.Decode(body)
}

// step is one thing that a script does: send frames, then read.
type step struct {
	send []byte
	// read says up to what: ReadyForQuery ('Z') unless set; 's' for silence.
	last  byte
	times int
}

// do sends messages and reads up to the answer of the last Sync or Query.
func do(messages ...pgproto3.FrontendMessage) step {
	s := step{send: encode(messages...), last: 'Z'}
	for _, m := range messages {
		switch m.(type) {
		case *pgproto3.Sync, *pgproto3.Query, *pgproto3.FunctionCall:
			s.times++
		}
	}
	return s
}

// upTo is do that reads up to the n-th frame of type last.
func upTo(last byte, n int, messages ...pgproto3.FrontendMessage) step {
	return step{send: encode(messages...), last: last, times: n}
}

// silence is do that reads until nothing more comes.
func silence(messages ...pgproto3.FrontendMessage) step {
	return step{send: encode(messages...), last: 's'}
}

// record runs steps and returns the frames that came back. chop says how to cut what is sent into segments, nil: not at all.
func (c *rawConn) record(t *testing.T, steps []step, chop func(write func([]byte), b []byte)) []string {
	t.Helper()
	var trace []string
	for i, s := range steps {
		if chop == nil {
			c.write(t, s.send)
		} else {
			chop(func(b []byte) { c.write(t, b) }, s.send)
		}
		trace = append(trace, fmt.Sprintf("-- step %d", i))
		if s.last == 's' {
			trace = append(trace, c.quietly(300*time.Millisecond)...)
		} else {
			trace = append(trace, c.until(s.last, s.times)...)
		}
		if len(trace) > 0 && (trace[len(trace)-1] == "END" || trace[len(trace)-1] == "NOTHING CAME") {
			break
		}
	}
	return trace
}

func sameTrace(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		line := func(l []string) string {
			if i < len(l) {
				return l[i]
			}
			return "(nothing)"
		}
		if line(got) != line(want) && !refusedAlike(line(got), line(want)) {
			t.Errorf("frame %d:\ngot  %s\nwant %s\n\nall got:\n%s\n\nall wanted:\n%s", i, line(got), line(want),
				clip(got, i), clip(want, i))
			return
		}
	}
	for _, l := range want {
		if l == "NOTHING CAME" {
			t.Errorf("the script waits for what no server sends:\n%s", strings.Join(want, "\n"))
			return
		}
	}
}

// refusedAlike reports whether the proxy refuses with the SQLSTATE of the server's own error.
func refusedAlike(got, want string) bool {
	g, w := strings.Fields(got), strings.Fields(want)
	return len(g) == 5 && len(w) > 2 && g[0] == "E" && g[2] == "refused" && w[0] == "E" && g[1] == w[1] && g[3] == w[2]
}

// clip shows the lines around i.
func clip(lines []string, i int) string {
	return strings.Join(lines[max(0, min(len(lines), i)-8):min(len(lines), i+5)], "\n")
}

// Shorthands for messages.

func query(sql string) *pgproto3.Query { return &pgproto3.Query{String: sql} }

func parse(name, sql string, oids ...uint32) *pgproto3.Parse {
	return &pgproto3.Parse{Name: name, Query: sql, ParameterOIDs: oids}
}

func bind(portal, statement string, values ...string) *pgproto3.Bind {
	b := &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: statement}
	for _, v := range values {
		b.Parameters = append(b.Parameters, []byte(v))
	}
	return b
}

func bindBinary(portal, statement string, values ...string) *pgproto3.Bind {
	b := bind(portal, statement, values...)
	b.ResultFormatCodes = []int16{1}
	return b
}

func describe(what byte, name string) *pgproto3.Describe {
	return &pgproto3.Describe{ObjectType: what, Name: name}
}

func execute(portal string, rows uint32) *pgproto3.Execute {
	return &pgproto3.Execute{Portal: portal, MaxRows: rows}
}

func closing(what byte, name string) *pgproto3.Close {
	return &pgproto3.Close{ObjectType: what, Name: name}
}

var (
	sync   = &pgproto3.Sync{}
	flush  = &pgproto3.Flush{}
	copied = &pgproto3.CopyDone{}
)

func copyData(s string) *pgproto3.CopyData { return &pgproto3.CopyData{Data: []byte(s)} }
