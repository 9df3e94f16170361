package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

const (
	benchUser     = "bench"
	benchPassword = "bench-password"
	rowCount      = 10000
)

// bench is the machinery: one server with the same rows in a plain and in a protected database, and the pgveil that is measured.
type bench struct {
	*stack.Site
	dir     string
	bouncer *postgres.Bouncer
	relay   *exec.Cmd
	targets []target
	other   *stack.Stack // of another binary, to be compared with; nil: none
	// signedIn is what a sign-in costs, see signInCost.
	signedIn map[string]float64
}

// target is one way to reach the rows.
type target struct {
	name     string
	port     int
	database string
	pid      int // whose CPU time and memory is measured; 0: none
}

// table makes the tables of one database; * stands for what named adds.
const table = `CREATE TABLE customers* (id int PRIMARY KEY, name text, account int8 UNIQUE, email text, ssn text);
CREATE TABLE events* (id bigserial PRIMARY KEY, customer int, account int8, note text);`

// named gives the tables of the plain database names that pgveil is not configured for.
func (t target) named(sql string) string {
	if t.database == "plain" {
		return strings.ReplaceAll(sql, "*", "_plain")
	}
	return strings.ReplaceAll(sql, "*", "")
}

const encrypt = `  public.customers:
    account: {type: int8, search: equality}
    email:   {type: text, search: equality}
    ssn:     {type: text}
  public.events:
    account: {type: int8, search: equality, key: public.customers.account}
    note:    {type: text}
`

const rules = `version: 1
unlisted: pass
roles:
  bench:
    who: {users: ["*"], databases: ["*"]}
    allow:
      - {id: all, on: [public.customers, public.events, public.copied], do: [all], show: "*", write: "*"}
`

// profile is what release builds are made with (docs/performance.md).
const profile = "cmd/pgveil/release.pgo"

// setUp starts everything: the pgveil that is measured, built as a release if binary is empty, and another one to be compared with, if
// against is its path.
func setUp(binary, against string) (b *bench, err error) {
	b = &bench{signedIn: map[string]float64{}}
	defer func() {
		if err != nil {
			b.tearDown()
		}
	}()
	if b.dir, err = os.MkdirTemp("", "pgveil-bench-"); err != nil {
		return b, err
	}
	if err = os.Chmod(b.dir, 0o711); err != nil { // PgBouncer does not run as root either
		return b, err
	}
	if binary == "" {
		binary = filepath.Join(b.dir, "pgveil")
		if out, err := exec.Command("go", "build", "-trimpath", "-pgo="+profile, "-o", binary, "./cmd/pgveil").CombinedOutput(); err != nil {
			return b, fmt.Errorf("go build: %w\n%s", err, out)
		}
	}
	databases := []string{"plain", "protected"}
	if against != "" {
		databases = append(databases, "other")
	}
	o, err := b.options(binary, "pgveil-files", "admin: {listen: \"unix:"+b.dir+"/"+adminSocket+"\"}\n")
	if err != nil {
		return b, err
	}
	b.Site, err = stack.Open(stack.SiteOptions{Options: o,
		Server: postgres.Options{Settings: []string{"synchronous_commit = off", "autovacuum = off", "max_connections = 1200"}},
		Before: func(server *postgres.Server) error {
			_, err := server.Exec(context.Background(), "postgres", "CREATE ROLE bench SUPERUSER LOGIN PASSWORD '"+benchPassword+"'")
			for _, name := range databases {
				_, e := server.Exec(context.Background(), "postgres", "CREATE DATABASE "+name)
				err = errors.Join(err, e)
			}
			return err
		}})
	if err != nil {
		return b, err
	}
	if against != "" {
		if o, err = b.options(against, "other-files", ""); err != nil {
			return b, err
		}
		o.Postgres, o.CA = b.Server, b.CA
		if b.other, err = stack.Start(o); err != nil {
			return b, err
		}
	}
	if err = b.startBouncer(); err != nil {
		return b, err
	}
	relayPort, err := b.startRelay()
	if err != nil {
		return b, err
	}
	b.targets = []target{
		{"direct", b.Server.Port, "plain", 0},
		{"cells", b.Server.Port, "protected", 0}, // what the server holds, as it is
		{"relay", relayPort, "plain", b.relay.Process.Pid},
		{"pgbouncer", b.bouncer.Port, "plain", b.bouncer.PID()},
		{"pgveil pass", b.Port, "plain", b.PID()},
		{"pgveil sealed", b.Port, "protected", b.PID()},
	}
	if b.other != nil {
		b.targets = append(b.targets, target{"other pass", b.other.Port, "plain", b.other.PID()},
			target{"other sealed", b.other.Port, "other", b.other.PID()})
	}
	return b, b.fill()
}

// options are those of a pgveil with keys of its own; more is further YAML of its configuration.
func (b *bench) options(binary, dir, more string) (stack.Options, error) {
	files := filepath.Join(b.dir, dir)
	return stack.Options{Binary: binary, Dir: files, Encrypt: encrypt + copyEncrypt, Policy: rules, TLSMode: "plain-on-loopback", UpstreamTLS: "disable",
		Extra: "limits: {max_connections: 1200}\n" + more}, os.Mkdir(files, 0o700)
}

// adminSocket is the name, within bench.dir, of the operator's listener of the pgveil that is measured.
const adminSocket = "admin.sock"

// fill makes the same rows in both databases; the protected ones go through pgveil.
func (b *bench) fill() error {
	for _, t := range b.targets {
		if t.name != "direct" && !strings.HasSuffix(t.name, " sealed") {
			continue
		}
		dsn := fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s dbname=%s sslmode=disable", t.port, benchUser, benchPassword, t.database)
		for _, sql := range strings.SplitAfter(t.named(table), ";\n") {
			if err := exec1(dsn, sql); err != nil {
				return err
			}
		}
		for start := 0; start < rowCount; start += 500 {
			var sql strings.Builder
			sql.WriteString(t.named("INSERT INTO customers* VALUES "))
			for i := start; i < start+500; i++ {
				if i > start {
					sql.WriteByte(',')
				}
				fmt.Fprintf(&sql, "(%d,'Customer %d',%d,'customer%d@example.test','%09d')", i, i, 1000000+i, i, i*7919)
			}
			if err := exec1(dsn, sql.String()); err != nil {
				return err
			}
		}
		if _, err := b.Server.Exec(context.Background(), t.database, "VACUUM ANALYZE"); err != nil {
			return err
		}
	}
	return nil
}

func exec1(dsn, sql string) error {
	_, err := postgres.Exec(context.Background(), dsn, sql)
	return err
}

// startBouncer starts PgBouncer with session pooling, the mode that promises what pgveil promises, and plain text on both legs.
func (b *bench) startBouncer() error {
	dir := filepath.Join(b.dir, "pgbouncer")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	cert, key, err := b.CA.Issue("localhost")
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "cert.pem"), cert, 0o644), os.WriteFile(filepath.Join(dir, "key.pem"), key, 0o644)); err != nil {
		return err
	}
	b.bouncer, err = postgres.StartBouncer(dir, fmt.Sprintf("plain = host=127.0.0.1 port=%d dbname=plain user=%s password=%s", b.Server.Port, benchUser, benchPassword),
		[][2]string{{benchUser, benchPassword}}, `auth_type = plain
pool_mode = session
max_client_conn = 300
default_pool_size = 200
client_tls_sslmode = allow
client_tls_cert_file = cert.pem
client_tls_key_file = key.pem`)
	return err
}

func (b *bench) tearDown() {
	if b.other != nil {
		b.other.Stop()
	}
	if b.relay != nil && b.relay.Process != nil {
		b.relay.Process.Kill()
		b.relay.Wait()
	}
	if b.bouncer != nil {
		b.bouncer.Stop()
	}
	if b.Site != nil {
		b.Close()
	}
	os.RemoveAll(b.dir)
}
