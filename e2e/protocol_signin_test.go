package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/stack"
)

// counted is a proxy whose connections to the server are counted.
func counted(t *testing.T) (*stack.Stack, *atomic.Int64) {
	t.Helper()
	dials := new(atomic.Int64)
	own := ownStack(t, func(o *stack.Options) { relayed(t, o, 32<<10, dials) })
	// Setting up and finding the server reachable took connections too; the relay may not have counted the last one yet.
	for last := int64(-1); dials.Load() != last; time.Sleep(250 * time.Millisecond) {
		last = dials.Load()
	}
	return own, dials
}

// kept can't be closed by the client library, so that a test can go on talking.
type kept struct{ *listening }

func (kept) Close() error { return nil }

// failSignIn tries to sign in and returns what came, and the connection as the library leaves it.
func failSignIn(t *testing.T, dsn string) (*listening, *pgconn.PgError) {
	t.Helper()
	c, l, err := listenAs(t, dsn, func(l *listening) net.Conn { return kept{l} })
	if err == nil {
		c.Close(context.Background())
		t.Fatal("signed in")
	}
	var pe *pgconn.PgError
	if !errors.As(err, &pe) {
		t.Fatalf("no server error: %v", err)
	}
	t.Cleanup(func() { l.Conn.Close() })
	return l, pe
}

func TestWrongPasswordKeepTalking(t *testing.T) {
	own, dials := counted(t)
	before := dials.Load()
	var seen []string
	for _, c := range [][2]string{{"app", "wrong"}, {"xyz", "wrong"}, {"app", "Wrong"}, {"abc", "pw-app"}} {
		l, pe := failSignIn(t, own.DSN(c[0], c[1], "shop", ""))
		if pe.Code != "28P01" || pe.Severity != "FATAL" {
			t.Errorf("%v: %v", c, pe)
		}
		text := strings.ReplaceAll(l.seen.String(), c[0], "USER")
		text = regexp.MustCompile(`r=[^,]+,s=[^,]+`).ReplaceAllString(text, "r=,s=")
		seen = append(seen, text)
		length := l.seen.Len()
		// The sign-in has failed; talk on as if it had not.
		l.Conn.SetDeadline(time.Now().Add(3 * time.Second))
		for _, m := range []pgproto3.FrontendMessage{query("select 1"), parse("", "select 1"), sync, &pgproto3.PasswordMessage{Password: "pw-app"}, query("table people")} {
			l.Conn.Write(encode(m))
		}
		if rest, err := io.ReadAll(l); len(rest) > 0 {
			t.Errorf("%v: %d bytes after the sign-in failed: %q %v", c, l.seen.Len()-length, rest, err)
		}
	}
	for _, s := range seen[1:] {
		if s != seen[0] {
			t.Errorf("answers tell users apart:\n%q\n%q", seen[0], s)
		}
	}
	if n := dials.Load(); n != before {
		t.Errorf("the server saw %d connections", n-before)
	}
	c := session(t, own, "app")
	if rowsOf(t, c, "select 1"); dials.Load() == before {
		t.Error("the count of connections counts nothing")
	}
}

// first sends a startup packet in clear or in TLS and returns the connection.
func first(t *testing.T, s *stack.Stack, inTLS bool, parameters ...string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	if inTLS {
		conn = startTLS(t, conn)
	}
	if len(parameters) > 0 {
		body := binary.BigEndian.AppendUint32(nil, 3<<16)
		for _, p := range parameters {
			body = append(append(body, p...), 0)
		}
		body = append(body, 0)
		conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...))
	}
	return conn
}

func startTLS(t *testing.T, conn net.Conn) net.Conn {
	t.Helper()
	conn.Write([]byte{0, 0, 0, 8, 4, 210, 22, 47})
	var b [1]byte
	if _, err := io.ReadFull(conn, b[:]); err != nil || b[0] != 'S' {
		t.Fatalf("TLS refused: %q %v", b, err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(shared.ca.PEM)
	secure := tls.Client(conn, &tls.Config{ServerName: "localhost", RootCAs: roots})
	if err := secure.Handshake(); err != nil {
		t.Fatal(err)
	}
	return secure
}

func TestRefusedBeforeAPassword(t *testing.T) {
	own, dials := counted(t)
	before := dials.Load()
	for name, c := range map[string]struct {
		inTLS      bool
		parameters []string
		sqlstate   string
	}{
		"in clear":           {false, []string{"user", "app", "database", "shop"}, "28000"},
		"physical walsender": {true, []string{"user", "app", "replication", "true"}, "0A000"},
		"logical walsender":  {true, []string{"user", "app", "database", "shop", "replication", "database"}, "0A000"},
		"walsender, 1":       {true, []string{"user", "app", "replication", "1"}, "0A000"},
		"walsender, yes":     {true, []string{"user", "app", "replication", "YES"}, "0A000"},
		"no user":            {true, []string{"database", "shop"}, "28000"},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := io.ReadAll(first(t, own, c.inTLS, c.parameters...))
			if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error(err)
			}
			if len(all) < 5 || all[0] != 'E' || !bytes.Contains(all, []byte("C"+c.sqlstate)) {
				t.Errorf("%q", all)
			}
		})
	}
	if dials.Load() != before {
		t.Error("the server saw a connection")
	}
}

// A DSN with sslmode=disable is refused before it has sent a password.
func TestSSLModeDisable(t *testing.T) {
	dsn := fmt.Sprintf("host=127.0.0.1 port=%d user=app password=pw-app dbname=shop sslmode=disable", shared.Port)
	l, pe := failSignIn(t, dsn)
	if pe.Code != "28000" || bytes.IndexByte(l.seen.Bytes()[:1], 'R') >= 0 {
		t.Errorf("%v %q", pe, l.seen.Bytes())
	}
}

func cancelPacket(pid uint32, key []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(12+len(key)))
	b = binary.BigEndian.AppendUint32(b, 80877102)
	return append(binary.BigEndian.AppendUint32(b, pid), key...)
}

func TestCancelRequests(t *testing.T) {
	c := appSession(t)
	wrong := bytes.Clone(c.key)
	wrong[0] ^= 1
	for name, s := range map[string]struct {
		inTLS bool
		pid   uint32
		key   []byte
		works bool
	}{
		"in clear": {false, c.pid, c.key, true}, "in TLS": {true, c.pid, c.key, true}, "wrong key": {true, c.pid, wrong, false},
		"wrong process": {false, c.pid + 1, c.key, false}, "long key": {true, c.pid, append(bytes.Clone(c.key), make([]byte, 28)...), false},
	} {
		t.Run(name, func(t *testing.T) {
			seconds := 15
			if !s.works {
				seconds = 1
			}
			c.send(t, query(fmt.Sprintf("select pg_sleep(%d)", seconds)))
			time.Sleep(200 * time.Millisecond)
			conn := first(t, shared.Stack, s.inTLS)
			conn.Write(cancelPacket(s.pid, s.key))
			if answer, err := io.ReadAll(conn); len(answer) > 0 {
				t.Errorf("an answer to a cancel request: %q %v", answer, err)
			}
			trace := strings.Join(c.until('Z', 1), "\n")
			if got := strings.Contains(trace, "57014"); got != s.works {
				t.Errorf("cancelled: %v\n%s", got, trace)
			}
		})
	}
	// The library's own way.
	lib := session(t, shared.Stack, "app")
	go func() {
		time.Sleep(300 * time.Millisecond)
		lib.CancelRequest(context.Background())
	}()
	_, err := lib.Exec(context.Background(), "select pg_sleep(15)").ReadAll()
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != "57014" {
		t.Error(err)
	}
	rowsOf(t, lib, "select 1")
}

// Who comes when the house is full is told so in the server's words, before a password is asked, and may come again later.
func TestRefusedBeyondTheLimit(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {max_connections: 2}" })
	first, second := session(t, own, "app"), session(t, own, "app")
	for _, password := range []string{"pw-app", "wrong"} {
		l, pe := failSignIn(t, own.DSN("app", password, "shop", ""))
		if pe.Code != "53300" || pe.Message != "sorry, too many clients already" || bytes.IndexByte(l.seen.Bytes()[:1], 'R') >= 0 {
			t.Errorf("%v %q", pe, l.seen.Bytes())
		}
	}
	rowsOf(t, second, "select 1")
	first.Close(context.Background())
	eventually(t, "room for one", func() bool {
		c, err := pgconn.Connect(context.Background(), own.DSN("app", password("app"), "shop", ""))
		if err != nil {
			return false
		}
		return c.Close(context.Background()) == nil
	})
}
