package e2e

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/pgveil/pgveil/e2e/loopback"
	"github.com/pgveil/pgveil/e2e/stack"
)

// greet sends a startup packet of a version, in TLS where asked, and returns the first frames up to the request for a password.
func greet(t *testing.T, port int, inTLS bool, version uint32, parameters ...string) []byte {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if inTLS {
		conn = startTLS(t, conn)
	}
	body := binary.BigEndian.AppendUint32(nil, version)
	for _, p := range parameters {
		body = append(append(body, p...), 0)
	}
	body = append(body, 0)
	conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...))
	var all []byte
	for {
		var head [5]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return all
		}
		rest := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		io.ReadFull(conn, rest)
		if head[0] == 'R' {
			return append(all, 'R')
		}
		all = append(append(all, head[:]...), rest...)
	}
}

// TestNegotiateProtocolVersion: the answer is the server's, byte by byte, but that a server before version 18 knows no version above 3.0.
func TestNegotiateProtocolVersion(t *testing.T) {
	newest := uint32(3 << 16)
	if serverMajor() >= 18 {
		newest = 3<<16 | 2
	}
	for _, c := range []struct {
		version uint32
		options []string
	}{
		{3 << 16, nil}, {3<<16 | 1, nil}, {3<<16 | 2, nil}, {3<<16 | 3, nil}, {3<<16 | 9999, nil},
		{3 << 16, []string{"_pq_.a", "1"}}, {3<<16 | 2, []string{"_pq_.b", "", "_pq_.a", "x"}},
		{3<<16 | 9999, []string{"_pq_.test_protocol_negotiation", ""}},
	} {
		parameters := append([]string{"user", "app", "database", "shop"}, c.options...)
		ours := greet(t, shared.Port, true, c.version, parameters...)
		theirs := greet(t, shared.pg.Port, true, c.version, parameters...)
		spoken := min(c.version, 3<<16|2)
		if newest == 3<<16 { // it names the newest it knows, which is another, and also where nothing else is asked for
			if spoken != 3<<16 && len(c.options) == 0 && c.version <= 3<<16|2 {
				theirs = []byte{'R'}
			} else if len(theirs) > 9 {
				binary.BigEndian.PutUint32(theirs[5:], spoken)
			}
		}
		if !bytes.Equal(ours, theirs) || len(ours) == 0 || ours[len(ours)-1] != 'R' {
			t.Errorf("%x %v: %q, the server %q", c.version, c.options, ours, theirs)
		}
	}
	for _, version := range []uint32{0, 1 << 16, 2 << 16, 4 << 16, 3<<16 - 1} {
		ours := greet(t, shared.Port, true, version, "user", "app")
		if len(ours) == 0 || ours[0] != 'E' || !bytes.Contains(ours, []byte("C0A000\x00")) {
			t.Errorf("%x: %q", version, ours)
		}
	}
}

// TestCancelKeysOfVersion32: whoever asks for 3.2 holds the server's own key, as long as the server makes it, and who asks for 3.0 one of four
// bytes; both cancel.
func TestCancelKeysOfVersion32(t *testing.T) {
	long := 4
	if serverMajor() >= 18 {
		long = 32
	}
	for version, want := range map[string]int{"3.0": 4, "3.2": long} {
		for name, dsn := range map[string]string{"proxy": shared.DSN("app", password("app"), "shop", "max_protocol_version="+version),
			"server": shared.pg.DSN("app", password("app"), "shop", "sslmode=require max_protocol_version="+version)} {
			c, err := pgconn.Connect(t.Context(), dsn)
			if err != nil {
				t.Fatal(name, version, err)
			}
			defer c.Close(context.Background())
			if n := len(c.SecretKey()); n != want {
				t.Errorf("%s, %s: a key of %d bytes, not %d", name, version, n, want)
			}
			time.AfterFunc(300*time.Millisecond, func() { c.CancelRequest(context.Background()) })
			_, err = c.Exec(t.Context(), "select pg_sleep(15)").ReadAll()
			if pe := (*pgconn.PgError)(nil); !errors.As(err, &pe) || pe.Code != "57014" {
				t.Errorf("%s, %s: %v", name, version, err)
			}
		}
	}
}

// TestDuplicateStartupKeys: the last one counts, for the sign-in, for the policy and for the server alike.
func TestDuplicateStartupKeys(t *testing.T) {
	for _, c := range []struct {
		parameters []string
		ask        string
		want       string
	}{
		{[]string{"user", "nobody", "user", "app", "database", "shop"}, "select current_user", "app"},
		{[]string{"user", "app", "database", "postgres", "database", "shop"}, "select current_database()", "shop"},
		{[]string{"user", "app", "database", "shop", "search_path", "pg_catalog", "search_path", "public"}, "show search_path", "public"},
		{[]string{"user", "app", "database", "shop", "options", "-c geqo=off", "options", "-c work_mem=4MB"}, "show geqo", "on"},
		{[]string{"user", "app", "database", "shop", "replication", "true", "replication", "off"}, "select 'ordinary'", "ordinary"},
	} {
		for name, port := range map[string]int{"proxy": shared.Port, "server": shared.pg.Port} {
			conn := signInWith(t, port, c.parameters)
			conn.send(t, query(c.ask))
			if trace := strings.Join(conn.until('Z', 1), "\n"); !strings.Contains(trace, c.want) {
				t.Errorf("%s %q: %s", name, c.parameters, trace)
			}
		}
	}
}

// replacing puts a packet in place of the first thing that is written.
type replacing struct {
	net.Conn
	packet []byte
}

func (r *replacing) Write(b []byte) (int, error) {
	if r.packet == nil {
		return r.Conn.Write(b)
	}
	_, err := r.Conn.Write(r.packet)
	r.packet = nil
	return len(b), err
}

// signInWith signs app in with a startup packet made by hand.
func signInWith(t *testing.T, port int, parameters []string) *rawConn {
	t.Helper()
	config, err := pgconn.ParseConfig(fmt.Sprintf("host=localhost port=%d user=app password=%s sslmode=require", port, password("app")))
	if err != nil {
		t.Fatal(err)
	}
	body := binary.BigEndian.AppendUint32(nil, 3<<16)
	for _, p := range parameters {
		body = append(append(body, p...), 0)
	}
	body = append(body, 0)
	packet := append(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4)), body...)
	config.AfterNetConnect = func(_ context.Context, _ *pgconn.Config, conn net.Conn) (net.Conn, error) {
		return &replacing{conn, packet}, nil
	}
	c, err := pgconn.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatalf("%q: %v", parameters, err)
	}
	return hijacked(t, c)
}

// refusingVersions is a way to the shared server that knows no version above 3.0, and says so with an error as PgBouncer 1.18 does.
func refusingVersions(t *testing.T, refused *atomic.Int64) (port int) {
	t.Helper()
	return loopback.Relay(t, shared.pg.Port, func(server, client *net.TCPConn) {
		defer server.Close()
		head := make([]byte, 8)
		if _, err := io.ReadFull(client, head); err != nil {
			return
		}
		if version := binary.BigEndian.Uint32(head[4:]); version>>16 == 3 && version != 3<<16 {
			refused.Add(1)
			b, _ := (&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "unsupported protocol version"}).Encode(nil)
			client.Write(b)
			return
		}
		server.Write(head)
		loopback.Copy(server, client)
	}, loopback.Copy)
}

// A server that has never heard of version 3.2 and says so with an error is asked again in 3.0.
func TestUpstreamThatRefusesTheVersion(t *testing.T) {
	refused := new(atomic.Int64)
	port := refusingVersions(t, refused)
	own := ownStack(t, func(o *stack.Options) {
		upstreamAt(o, port)
		o.UpstreamTLS = "disable"
	})
	for i, version := range []string{"3.0", "3.2"} {
		c, err := pgconn.Connect(t.Context(), own.DSN("app", password("app"), "shop", "max_protocol_version="+version))
		if err != nil {
			t.Fatal(version, err)
		}
		defer c.Close(context.Background())
		rowsOf(t, c, "select 1")
		if n := refused.Load(); n != int64(i) {
			t.Errorf("%s: the server refused %d connections", version, n)
		}
	}
	// What it refuses in 3.0 too is told as it is, after one attempt more.
	_, err := pgconn.Connect(t.Context(), own.DSN("app", password("app"), "nosuch", "max_protocol_version=3.2"))
	if pe := (*pgconn.PgError)(nil); !errors.As(err, &pe) || pe.Code != "3D000" || refused.Load() != 2 {
		t.Error(err, refused.Load())
	}
}
