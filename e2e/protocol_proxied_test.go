package e2e

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
	"github.com/pgveil/pgveil/proxy/audit"
)

// proxyHeader is version 2 of the PROXY protocol for a client at 203.0.113.9.
const proxyHeader = "\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xcb\x00\x71\x09\x7f\x00\x00\x01\x12\x34\x15\x38"

// balanced connects as through a balancer that sends header first.
func balanced(t *testing.T, dsn, header string) (*pgconn.PgConn, error) {
	t.Helper()
	config, err := pgconn.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp4", addr)
		if err == nil {
			_, err = io.WriteString(conn, header)
		}
		return conn, err
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := pgconn.ConnectConfig(ctx, config)
	if err == nil {
		t.Cleanup(func() { c.Close(context.Background()) })
	}
	return c, err
}

func TestProxyProtocol(t *testing.T) {
	for name, c := range map[string]struct {
		section, header string
		addr            string // "": no sign-in
	}{
		"trusted":              {"proxy_protocol: {trusted: [127.0.0.0/8]}", proxyHeader, "203.0.113.9"},
		"trusted, none":        {"proxy_protocol: {trusted: [127.0.0.1]}", "", ""},
		"trusted, version 1":   {"proxy_protocol: {trusted: [127.0.0.1]}", "PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n", ""},
		"optional":             {"proxy_protocol: {trusted: [127.0.0.1], header: optional}", proxyHeader, "203.0.113.9"},
		"optional, none":       {"proxy_protocol: {trusted: [127.0.0.1], header: optional}", "", "127.0.0.1"},
		"not trusted":          {"proxy_protocol: {trusted: [10.0.0.0/8]}", proxyHeader, ""},
		"not trusted, none":    {"proxy_protocol: {trusted: [10.0.0.0/8]}", "", "127.0.0.1"},
		"nobody trusted":       {"", proxyHeader, ""},
		"nobody trusted, none": {"", "", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := ownStack(t, func(o *stack.Options) { o.Extra, o.UpstreamMore = c.section, "show_client_address: true" })
			conn, err := balanced(t, own.DSN("app", password("app"), "shop", "application_name=till"), c.header)
			if c.addr == "" {
				if err == nil {
					t.Fatal("signed in")
				}
				var pe *pgconn.PgError
				if errors.As(err, &pe) {
					t.Errorf("somebody who may be no client was told %v", pe)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := "till [" + c.addr + "]"
			if got := string(rowsOf(t, conn, "select application_name from pg_stat_activity where pid = pg_backend_pid()")[0][0]); got != want || conn.ParameterStatus("application_name") != want {
				t.Errorf("the server knows the session as %q, the client as %q", got, conn.ParameterStatus("application_name"))
			}
			if _, err := balanced(t, own.DSN("app", "wrong", "shop", ""), c.header); err == nil {
				t.Error("signed in with a wrong password")
			}
			for _, kind := range []audit.Kind{audit.SessionStart, audit.SignInFailed} {
				eventually(t, string(kind), func() bool {
					events := audited(t, own, kind)
					return len(events) == 1 && events[0].Addr == c.addr
				})
			}
			if log, err := os.ReadFile(own.LogFile); err != nil || !strings.Contains(string(log), c.addr) {
				t.Errorf("the log does not say where the failure came from: %v", err)
			}
		})
	}
}

// A balancer that says nothing more is no longer waited for than any other client.
func TestProxyProtocolCut(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Extra = "proxy_protocol: {trusted: [127.0.0.1]}\nlimits: {handshake_timeout: 1s}"
	})
	for n := 0; n < len(proxyHeader); n += 9 {
		conn, err := net.Dial("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(own.Port)))
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, proxyHeader[:n])
		conn.SetReadDeadline(time.Now().Add(patience))
		if b, err := io.ReadAll(conn); err != nil || len(b) > 0 {
			t.Errorf("after %d bytes: %q %v", n, b, err)
		}
		conn.Close()
	}
}
