package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

const (
	loadUser     = "load"
	loadPassword = "load-password"
	rowCount     = 2000

	direct  = "direct"
	through = "pgveil"
)

const encrypt = `  public.customers:
    account: {type: int8, search: equality}
    email:   {type: text, search: equality}
    ssn:     {type: text}
  public.counters:
    note: {type: text}
`

const rules = `version: 1
unlisted: pass
roles:
  load:
    who: {users: ["*"], databases: ["*"]}
    allow:
      - {id: all, on: [public.customers, public.counters], do: [all], show: "*", write: "*"}
`

// load is the machinery: a server, pgveil in front of it, and the sessions that wait and work.
type load struct {
	options
	*stack.Site

	waiting, working []*pgx.Conn
}

func setUp(o options) (l *load, err error) {
	l = &load{options: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.tearDown())
		}
	}()
	most := max(o.idle+o.busy, o.storm) + 20
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return l, err
	}
	if need := uint64(2*most + 500); files.Max < need {
		return l, fmt.Errorf("a process may open %d files here, %d are needed: ulimit -Hn", files.Max, need)
	}
	// A server process of its own is behind each session.
	if need := most * 3 << 10; available() < need {
		return l, fmt.Errorf("%d MB of memory are available, about %d are needed for %d server processes: fewer sessions (-idle) need less", available()>>10, need>>10, most)
	}
	l.Site, err = stack.Open(stack.SiteOptions{
		Options: stack.Options{Encrypt: encrypt, Policy: rules, TLSMode: "plain-on-loopback", UpstreamTLS: "disable",
			Extra: fmt.Sprintf("limits: {max_connections: %d, max_unauthenticated_per_address: %[1]d}\n", most)},
		Server: postgres.Options{Settings: []string{"synchronous_commit = off", "autovacuum = off", "shared_buffers = 16MB", fmt.Sprintf("max_connections = %d", most+10)}},
		Before: func(server *postgres.Server) error {
			dsn := server.DSN(postgres.Superuser, postgres.Password, "postgres", "sslmode=require")
			return errors.Join(execute(dsn, "CREATE ROLE load LOGIN PASSWORD '"+loadPassword+"'"), execute(dsn, "CREATE DATABASE load OWNER load"))
		},
	})
	if err != nil {
		return l, err
	}
	return l, l.fill()
}

// afresh starts pgveil again, so that its memory is that of what comes.
func (l *load) afresh() error {
	if err := errors.Join(l.complaints(), l.Stop()); err != nil {
		return err
	}
	return l.Serve()
}

// fill makes the rows, through pgveil. customer, account, email and ssn say what is in them.
func (l *load) fill() error {
	for _, sql := range []string{
		"CREATE TABLE customers (id int PRIMARY KEY, name text, account int8 UNIQUE, email text, ssn text)",
		"CREATE TABLE counters (id int PRIMARY KEY, n int NOT NULL, note text)", "CREATE UNLOGGED TABLE copied (a text)",
	} {
		if err := execute(l.dsn(through), sql); err != nil {
			return err
		}
	}
	for start := 0; start < rowCount; start += 500 {
		var customers, counters strings.Builder
		for i := start; i < start+500; i++ {
			fmt.Fprintf(&customers, ",(%d,'Customer %[1]d',%d,'%s','%s')", i, account(i), email(i), ssn(i))
			fmt.Fprintf(&counters, ",(%d,0,'note %[1]d')", i)
		}
		for _, sql := range []string{"INSERT INTO customers VALUES " + customers.String()[1:], "INSERT INTO counters VALUES " + counters.String()[1:]} {
			if err := execute(l.dsn(through), sql); err != nil {
				return err
			}
		}
	}
	return nil
}

func account(i int) int64 { return int64(1000000 + i) }
func email(i int) string  { return fmt.Sprintf("customer%d@example.test", i) }
func ssn(i int) string    { return fmt.Sprintf("%09d", i*7919) }

// dsn says how to reach the rows.
func (l *load) dsn(way string) string {
	port, mode := l.Port, "disable"
	if way == direct {
		port = l.Server.Port
	}
	if l.tls {
		mode = "require"
	}
	return fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s dbname=load sslmode=%s", port, loadUser, loadPassword, mode)
}

func execute(dsn, sql string) error {
	_, err := postgres.Exec(context.Background(), dsn, sql)
	return err
}

// available is the memory that new processes may use, in KiB.
func available() int {
	b, _ := os.ReadFile("/proc/meminfo")
	for line := range strings.Lines(string(b)) {
		n := 0
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			fmt.Sscan(rest, &n)
			return n
		}
	}
	return 0
}

// settled is pgveil's resident memory when it no longer falls, in KiB: Go collects garbage every two minutes if nothing else makes it, and gives
// memory back slowly.
func (l *load) settled() int {
	least := stack.Memory(l.PID(), "VmRSS")
	for quiet := 0; quiet < 4; quiet++ {
		time.Sleep(time.Second)
		if now := stack.Memory(l.PID(), "VmRSS"); now < least-256 {
			least, quiet = now, 0
		}
	}
	return least
}

// complaints gives the first lines of pgveil's log that are warnings or worse.
func (l *load) complaints() error {
	b, err := os.ReadFile(l.LogFile)
	if err != nil {
		return err
	}
	var found []string
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		if text := lines.Text(); !strings.Contains(text, `"level":"info"`) {
			found = append(found, text)
		}
	}
	if len(found) > 0 {
		return fmt.Errorf("pgveil's log has %d lines that are no information:\n%s", len(found), strings.Join(found[:min(len(found), 5)], "\n"))
	}
	return nil
}

func (l *load) tearDown() error {
	if l.Site == nil {
		return nil
	}
	return l.Close()
}
