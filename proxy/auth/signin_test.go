package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/loopback"
	"github.com/pgveil/pgveil/proxy/wire"
)

// as connects through the proxy by pgx and says who the database takes the session for.
func as(t *testing.T, port uint16, dsn string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	c, err := pgconn.Connect(ctx, fmt.Sprintf("host=127.0.0.1 port=%d sslmode=require ", port)+dsn)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	res, err := c.Exec(ctx, "select current_user || ' ' || current_database() || ' ' || current_setting('application_name')").ReadAll()
	if err != nil {
		return "", err
	}
	return string(res[0].Rows[0][0]), nil
}

// psql does the same by libpq.
func psql(port uint16, dsn string) (string, error) {
	cmd := exec.Command(filepath.Join(real.Bin, "psql"), "-XAtw", "-c", "select current_user || ' ' || current_database() || ' ' || current_setting('application_name')",
		fmt.Sprintf("host=127.0.0.1 port=%d sslmode=require ", port)+dsn)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

// TestOwnLogin: the client's proof yields the ClientKey, and the database sees the client itself. The upstream leg demands
// channel binding throughout.
func TestOwnLogin(t *testing.T) {
	real.role(t, "alice", "open sesame")
	u := real.imported(t)
	cert := selfSigned("127.0.0.1", false)
	port, _ := proxy(t, relay{method: scramFor(u), login: Own{Allow{RequireBinding: true}}, upstream: real.dial(), accept: cert.serving()})
	for _, binding := range []string{"", " channel_binding=require", " channel_binding=prefer", " channel_binding=disable"} {
		dsn := "user=alice password='open sesame' dbname=postgres application_name=app" + binding
		if got, err := as(t, port, dsn); err != nil || got != "alice postgres app" {
			t.Errorf("pgx%s: %q, %v", binding, got, err)
		}
		if got, err := psql(port, dsn); err != nil || got != "alice postgres app" {
			t.Errorf("psql%s: %q, %v", binding, got, err)
		}
	}
	for _, setting := range []string{"require_auth=scram-sha-256", "sslnegotiation=direct", "max_protocol_version=3.2", "max_protocol_version=latest"} {
		if _, err := as(t, port, "user=alice password='open sesame' dbname=postgres "+setting); err != nil {
			t.Errorf("%s: %v", setting, err)
		}
	}
}

// TestOwnLoginClear: neither leg with TLS.
func TestOwnLoginClear(t *testing.T) {
	real.role(t, "alice", "open sesame")
	up := real.dial()
	up.Mode = wire.Disable
	port, _ := proxy(t, relay{method: scramFor(real.imported(t)), login: Own{}, upstream: up})
	dsn := "user=alice password='open sesame' dbname=postgres sslmode=disable application_name=app"
	if got, err := as(t, port, dsn); err != nil || got != "alice postgres app" {
		t.Errorf("pgx: %q, %v", got, err)
	}
	if got, err := psql(port, dsn); err != nil || got != "alice postgres app" {
		t.Errorf("psql: %q, %v", got, err)
	}
}

// TestUnixSocket logs in over the server's socket, which takes everyone: only if allowed.
func TestUnixSocket(t *testing.T) {
	real.role(t, "alice", "open sesame")
	cert := selfSigned("127.0.0.1", false)
	for _, trust := range []bool{true, false} {
		port, _ := proxy(t, relay{method: scramFor(real.imported(t)), login: Own{Allow{Trust: trust}},
			upstream: wire.DialOptions{Host: real.Dir, Port: uint16(real.Port)}, accept: cert.serving()})
		_, err := as(t, port, "user=alice password='open sesame' dbname=postgres")
		if (err == nil) != trust {
			t.Errorf("trust %v: %v", trust, err)
		}
	}
}

// TestEd25519: such a certificate has no channel binding, so none is offered and the default still works.
func TestEd25519(t *testing.T) {
	real.role(t, "alice", "open sesame")
	cert := selfSigned("127.0.0.1", true)
	port, _ := proxy(t, relay{method: scramFor(real.imported(t)), login: Own{}, upstream: real.dial(), accept: cert.serving()})
	for binding, ok := range map[string]bool{"prefer": true, "disable": true, "require": false} {
		got, err := psql(port, "user=alice password='open sesame' dbname=postgres channel_binding="+binding)
		if (err == nil) != ok {
			t.Errorf("psql, %s: %q, %v", binding, got, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	real.role(t, "alice", "open sesame")
	cert := selfSigned("127.0.0.1", false)
	port, _ := proxy(t, relay{method: scramFor(real.imported(t)), login: Own{}, upstream: real.dial(), accept: cert.serving()})
	for _, tc := range []struct{ name, dsn, code, message string }{
		{"wrong password", "user=alice password=wrong dbname=postgres", "28P01", `password authentication failed for user "alice"`},
		{"unknown user", "user=nobody password=wrong dbname=postgres", "28P01", `password authentication failed for user "nobody"`},
		{"no such database", "user=alice password='open sesame' dbname=missing", "3D000", `database "missing" does not exist`},
		{"no TLS", "user=alice password='open sesame' dbname=postgres sslmode=disable", "28000", "this server accepts encrypted connections only"},
		{"replication", "user=alice password='open sesame' dbname=postgres replication=database", "0A000", "replication connections are not allowed through this proxy [PV320]"},
		{"bad parameter", "user=alice password='open sesame' dbname=postgres options='-c no_such_thing=1'", "42704", `unrecognized configuration parameter "no_such_thing"`},
	} {
		_, err := as(t, port, tc.dsn)
		var e *pgconn.PgError
		if !errors.As(err, &e) || e.Code != tc.code || e.Message != tc.message || e.Severity != "FATAL" {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// TestVerifierOutOfDate: the password was changed in the database after the import.
func TestVerifierOutOfDate(t *testing.T) {
	real.role(t, "alice", "old")
	u := real.imported(t)
	real.admin(t, "alter role alice password 'new'")
	cert := selfSigned("127.0.0.1", false)
	port, _ := proxy(t, relay{method: scramFor(u), login: Own{}, upstream: real.dial(), accept: cert.serving()})
	_, err := as(t, port, "user=alice password=old dbname=postgres")
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "28P01" || !strings.Contains(e.Hint, "pgveil users import") {
		t.Errorf("old password: %v", err)
	}
	_, err = as(t, port, "user=alice password=new dbname=postgres")
	if !errors.As(err, &e) || e.Code != "28P01" || e.Hint != "" {
		t.Errorf("new password: %v", err)
	}
}

func TestValidUntilImported(t *testing.T) {
	real.role(t, "alice", "x")
	cert := selfSigned("127.0.0.1", false)
	for until, want := range map[string]bool{"2020-01-01": false, "infinity": true, "2100-01-01 12:00:00.5+02": true, "-infinity": false} {
		real.admin(t, "alter role alice valid until '"+until+"'")
		port, _ := proxy(t, relay{method: scramFor(real.imported(t)), login: Service{User: "trusted", Allow: Allow{Trust: true}}, upstream: real.dial(), accept: cert.serving()})
		real.role(t, "trusted", "x")
		if _, err := as(t, port, "user=alice password=x dbname=postgres"); (err == nil) != want {
			t.Errorf("%s: %v", until, err)
		}
	}
}

func TestServiceLogin(t *testing.T) {
	real.role(t, "svc", "service password")
	cert := selfSigned("127.0.0.1", false)
	u := users(t, map[string]string{"only_here": "p"})
	for _, tc := range []struct {
		name  string
		login Service
		want  string
		code  string
	}{
		{"right", Service{User: "svc", Password: secret("service password"), Allow: Allow{RequireBinding: true}}, "svc postgres app", ""},
		{"wrong password", Service{User: "svc", Password: secret("wrong")}, "", "08001"},
		{"unknown", Service{User: "nobody", Password: secret("wrong")}, "", "08001"},
		{"rejected", Service{User: "nologin", Password: secret("wrong")}, "", "08001"},
	} {
		port, errs := proxy(t, relay{method: scramFor(u), login: tc.login, upstream: real.dial(), accept: cert.serving()})
		got, err := as(t, port, "user=only_here password=p dbname=postgres application_name=app")
		var e *pgconn.PgError
		switch {
		case tc.code == "" && (err != nil || got != tc.want):
			t.Errorf("%s: %q, %v", tc.name, got, err)
		case tc.code != "" && (!errors.As(err, &e) || e.Code != tc.code || strings.Contains(fmt.Sprintf("%+v", e), tc.login.User)):
			t.Errorf("%s: %v", tc.name, err)
		}
		if logged := <-errs; tc.code != "" && !strings.Contains(fmt.Sprint(logged), "service login refused (28") {
			t.Errorf("%s: the record says %v", tc.name, logged)
		}
	}
}

// TestPasswordRelay: the database decides, by whatever means it asks.
func TestPasswordRelay(t *testing.T) {
	real.role(t, "alice", "pÄss word")
	real.role(t, "plain", "pÄss word")
	real.role(t, "trusted", "pÄss word")
	real.admin(t, "set password_encryption = md5; drop role if exists hashed; create role hashed login password 'pÄss word'")
	t.Cleanup(func() { dropRole(real, "hashed") })
	cert := selfSigned("127.0.0.1", false)
	all := Own{Allow{MD5: true, Cleartext: true, Trust: true}}
	for _, tc := range []struct {
		user, password string
		login          Login
		code           string
	}{
		{"alice", "pÄss word", Own{Allow{RequireBinding: true}}, ""},
		{"alice", "pÄss word", all, ""},
		{"hashed", "pÄss word", all, ""},
		{"plain", "pÄss word", all, ""},
		{"alice", "wrong", all, "28P01"},
		{"hashed", "wrong", all, "28P01"},
		{"plain", "wrong", all, "28P01"},
		{"hashed", "pÄss word", Own{}, "08001"},
		{"plain", "pÄss word", Own{}, "08001"},
		{"trusted", "anything", all, "08001"}, // nobody would have checked it
		{"nobody", "wrong", all, "28P01"},
	} {
		port, _ := proxy(t, relay{method: Password{}, login: tc.login, upstream: real.dial(), accept: cert.serving()})
		got, err := as(t, port, fmt.Sprintf("user=%s password='%s' dbname=postgres application_name=app", tc.user, tc.password))
		var e *pgconn.PgError
		if tc.code == "" && (err != nil || got != tc.user+" postgres app") || tc.code != "" && (!errors.As(err, &e) || e.Code != tc.code) {
			t.Errorf("%s, %s, %+v: %q, %v", tc.user, tc.password, tc.login, got, err)
		}
	}
}

// TestCancel interrupts a query through the proxy, from pgx.
func TestCancel(t *testing.T) {
	real.role(t, "alice", "x")
	cert := selfSigned("127.0.0.1", false)
	port, _ := proxy(t, relay{method: scramFor(real.imported(t)), login: Own{}, upstream: real.dial(), accept: cert.serving()})
	c, err := pgconn.Connect(t.Context(), fmt.Sprintf("host=127.0.0.1 port=%d sslmode=require user=alice password=x dbname=postgres", port))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	time.AfterFunc(100*time.Millisecond, func() { c.CancelRequest(context.Background()) })
	_, err = c.Exec(t.Context(), "select pg_sleep(10)").ReadAll()
	var e *pgconn.PgError
	if !errors.As(err, &e) || e.Code != "57014" {
		t.Errorf("got %v", err)
	}
}

// TestSASLprep: we must hash every password as PostgreSQL does, or a verifier made here would be of no use there.
func TestSASLprep(t *testing.T) {
	passwords := []string{
		"plain", "p\u00e4ss", "pa\u0308ss", "\u00a0nbsp", "zero\u200bwidth", "soft\u00adhyphen", "\u00ad", "\ufb01 ligature", "\u2168", "\u00aa", "a\u3000b",
		"\u0627\u0031", "\u0627x\u0627", "\u0627\u0031\u0627", "x\u0627", "\u05d0\u05d1", "\u0007bell", "\u0085x", "\ue000private", "\U000e0001tag",
		"\U0001f600", "\U0001f600\ufb01", "\u1e9e", "\u0221", "\u2126", "\u212b", "\u03a9\u0301", "\uac00", "\u1100\u1161", "\ufdd0", "\ufffd", "\u2028x",
		"\u0340", "\u06dd", "\u180ex", "\ufe0f", "x\ufeff", "\u1fef", "\uff41\uff42", "\u00bd", "\u017f", "\u0345", "\U0002f868", "\u2260\u0338",
		"\u0149", "\u0640", "\u4e00", "\U00010300", "e\u0301\u0323", " lead", "tail ", "tab\tx", "q'uote",
	}
	real.role(t, "prep", "x")
	for _, p := range passwords {
		rows := real.admin(t, "alter role prep password '"+strings.ReplaceAll(p, "'", "''")+"'; select rolpassword from pg_authid where rolname = 'prep'")
		theirs := must(ParseVerifier(string(rows[0][0])))
		ours := must(verifierOf(secret(p), theirs.Salt, theirs.Iterations))
		if ours.Encode() != theirs.Encode() {
			t.Errorf("%+q (prepared to %+q) hashes differently", p, saslprep(p))
		}
	}
}

// TestVerifierMadeHere: PostgreSQL takes a verifier of ours for what it is.
func TestVerifierMadeHere(t *testing.T) {
	v := must(NewVerifier(secret("p\u00e4ss"), 6000))
	real.role(t, "made", v.Encode())
	c, err := pgconn.Connect(t.Context(), fmt.Sprintf("host=127.0.0.1 port=%d sslmode=require user=made password='p\u00e4ss' dbname=postgres", real.Port))
	if err != nil {
		t.Fatal(err)
	}
	c.Close(context.Background())
}

// TestAsPostgreSQL sends the messages of firstMessages and finalMessages to PostgreSQL, which must judge them as we do.
func TestAsPostgreSQL(t *testing.T) {
	real.role(t, "alice", "x")
	open := func(t *testing.T, overTLS bool) *wire.Conn {
		t.Helper()
		o := real.dial()
		if !overTLS {
			o.Mode = wire.Disable
		}
		c, err := wire.Dial(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.Write(wire.AppendStartup(nil, wire.Startup{User: "alice", Database: "postgres"}))
		c.Flush()
		if typ, _, err := nextFrame(c); typ != 'R' {
			t.Fatal(typ, err)
		}
		return c
	}
	answer := func(t *testing.T, c *wire.Conn, body []byte) (message, code string) {
		t.Helper()
		write(t, c, 'p', body)
		_, f, err := nextFrame(c)
		var e *UpstreamError
		if errors.As(err, &e) {
			return "", e.Code()
		}
		if err != nil {
			t.Fatal(err)
		}
		return string(f[9:]), ""
	}
	for _, tc := range firstMessages {
		if tc.tls == noHash || tc.name == "empty nonce" { // RFC 5802 forbids an empty nonce; PostgreSQL lets it pass
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			if _, got := answer(t, open(t, tc.tls != nil), initial(tc.mech, tc.first)); got != tc.code {
				t.Errorf("PostgreSQL says %q, we %q", got, tc.code)
			}
		})
	}
	for _, tc := range finalMessages[1:] { // the first is the right one, for another password
		t.Run(tc.name, func(t *testing.T) {
			c := open(t, tc.plus)
			mech, first, hash := mechanism, rfcFirst, ""
			if tc.plus {
				mech, first, hash = mechanismPlus, "p=tls-server-end-point"+rfcFirst[1:], string(c.UpstreamTLS().EndPoint)
			}
			reply, code := answer(t, c, initial(mech, first))
			if code != "" {
				t.Fatal(code)
			}
			both, _, _ := strings.Cut(strings.TrimPrefix(reply, "r="), ",")
			final := strings.ReplaceAll(tc.final, rfcServerNonce, strings.TrimPrefix(both, rfcClientNonce))
			final = strings.ReplaceAll(final, plusHeader, base64.StdEncoding.EncodeToString([]byte("p=tls-server-end-point,,"+hash)))
			if _, got := answer(t, c, []byte(final)); got != tc.code {
				t.Errorf("PostgreSQL says %q, we %q", got, tc.code)
			}
		})
	}
}

// slicer forwards to an address byte by byte, both ways.
func slicer(t *testing.T, port uint16) uint16 {
	t.Helper()
	return uint16(loopback.Relay(t, int(port), loopback.Pieces(1), loopback.Pieces(1)))
}

// TestSingleBytes cuts both legs into segments of one byte.
func TestSingleBytes(t *testing.T) {
	real.role(t, "alice", "open sesame")
	cert := selfSigned("127.0.0.1", false)
	up := real.dial()
	up.Port = slicer(t, up.Port)
	for _, clear := range []bool{false, true} {
		accept, mode := cert.serving(), ""
		if clear {
			accept, mode = wire.AcceptOptions{}, " sslmode=disable"
		}
		port, _ := proxy(t, relay{method: scramFor(real.imported(t)), login: Own{}, upstream: up, accept: accept})
		port = slicer(t, port)
		dsn := "user=alice password='open sesame' dbname=postgres application_name=app" + mode
		if got, err := as(t, port, dsn); err != nil || got != "alice postgres app" {
			t.Errorf("pgx%s: %q, %v", mode, got, err)
		}
		if got, err := psql(port, dsn); err != nil || got != "alice postgres app" {
			t.Errorf("psql%s: %q, %v", mode, got, err)
		}
	}
}
