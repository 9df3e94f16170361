package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
	"github.com/pgveil/pgveil/proxy/audit"
)

const streamerRules = `  streamer:
    who: {users: [streamer], databases: [shop, replication]}
    replicate: true
    record: statements
  insider:
    who: {users: [insider], databases: ["*"]}
    allow:
      - {id: insider-all, on: public.people, do: [all], show: "*", write: "*"}
`

// streaming is a proxy that lets streamer replicate; insider may do so on the server, and not here.
func streaming(t *testing.T, dials *atomic.Int64) *stack.Stack {
	t.Helper()
	asSuperuser(shared.pg, "postgres", `do $$begin
		if not exists (select from pg_roles where rolname = 'streamer') then
			create role streamer login replication password 'pw-streamer'; create role insider login replication password 'pw-insider';
		end if; end$$`)
	return ownStack(t, func(o *stack.Options) {
		relayed(t, o, 32<<10, dials)
		o.Policy, o.Extra = rules+streamerRules, "replication: permit\nlimits: {max_message_bytes: 1MB}"
	})
}

func runProgram(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, postgres.Program(shared.pg.Bin, name), args...).CombinedOutput()
	return string(out), err
}

// noCanary fails if a value that went through the proxy stands in a file that came from the server; sealed says that cells must.
func noCanary(t *testing.T, root, canary string, sealed string) {
	t.Helper()
	cells := false
	walkFiles(root, func(path string, content []byte) {
		if bytes.Contains(content, []byte(canary)) {
			t.Errorf("%s holds %q", path, canary)
		}
		cells = cells || bytes.Contains(content, []byte(sealed))
	})
	if !cells {
		t.Errorf("no sealed cell in %s", root)
	}
}

func TestReplicationNeedsARole(t *testing.T) {
	dials := new(atomic.Int64)
	own := streaming(t, dials)
	time.Sleep(500 * time.Millisecond)
	before := dials.Load()
	for _, c := range [][3]string{
		{"insider", "shop", "replication=database"}, {"insider", "replication", "replication=true"}, {"app", "shop", "replication=database"},
		{"streamer", "postgres", "replication=database"},
	} {
		_, err := pgconn.Connect(t.Context(), own.DSN(c[0], password(c[0]), c[1], c[2]))
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || pe.Code != "42501" || !strings.Contains(pe.Message, "PV321") {
			t.Errorf("%v: %v", c, err)
		}
	}
	if n := dials.Load() - before; n != 0 {
		t.Errorf("the server saw %d connections", n)
	}
	// replication=off is an ordinary connection, as with the server.
	if _, err := pgconn.Connect(t.Context(), own.DSN("insider", "pw-insider", "shop", "replication=off")); err != nil {
		t.Error(err)
	}
}

// Commands have the server's own answers; SQL is refused in its place, and the connection goes on.
func TestReplicationCommands(t *testing.T) {
	own := streaming(t, new(atomic.Int64))
	for _, kind := range []string{"replication=true", "replication=database"} {
		ours := hijack(t, own.DSN("streamer", "pw-streamer", "shop", kind))
		direct := hijack(t, shared.pg.DSN("streamer", "pw-streamer", "shop", "sslmode=require "+kind))
		steps := []step{
			do(query("SHOW wal_segment_size")), do(query("TIMELINE_HISTORY 77")), do(query("READ_REPLICATION_SLOT nosuch")),
			do(query("IDENTIFY_SYSTEM nonsense")), do(query("DROP_REPLICATION_SLOT nosuch")), do(query("START_REPLICATION SLOT nosuch LOGICAL 0/0")),
			do(query("SHOW server_version"), query("SHOW wal_segment_size"), query("DROP_REPLICATION_SLOT nosuch")),
		}
		sameTrace(t, ours.record(t, steps, nil), direct.record(t, steps, nil))
		ours.send(t, query("IDENTIFY_SYSTEM"), query("select email from people"), query("SHOW wal_segment_size"),
			query("insert into people (name, email) values ('n', 'cnry-walsender')"), query("SHOW wal_segment_size"))
		trace := strings.Join(ours.until('Z', 5), "\n")
		if n := strings.Count(trace, "PV322"); n != 2 || strings.Count(trace, "Z I") != 5 || strings.Count(trace, "C SHOW") != 2 {
			t.Errorf("%s: %s", kind, trace)
		}
		ours.send(t, parse("", "insert into people (name, email) values ('n', 'cnry-walsender')"))
		if trace := ours.until('?', 1); len(trace) != 2 || !strings.Contains(trace[0], "08P01") {
			t.Errorf("%s: Parse: %q", kind, trace)
		}
		long := hijack(t, own.DSN("streamer", "pw-streamer", "shop", kind))
		long.send(t, query("SHOW "+strings.Repeat("x", 2<<20)), query("SHOW wal_segment_size"))
		if trace := strings.Join(long.until('Z', 2), "\n"); !strings.Contains(trace, "PV011") || !strings.Contains(trace, "C SHOW") {
			t.Errorf("%s: %.500s", kind, trace)
		}
	}
	eventually(t, "all commands on record, each with its end", func() bool {
		decided, done, refused := audited(t, own, audit.StatementDecided), audited(t, own, audit.StatementDone), audited(t, own, audit.StatementRefused)
		return len(decided) >= 20 && len(decided) == len(done) && len(refused) >= 6
	})
}

func TestReplicationLogical(t *testing.T) {
	own := streaming(t, new(atomic.Int64))
	dsn := own.DSN("streamer", "pw-streamer", "shop", "")
	dir := t.TempDir()
	file := filepath.Join(dir, "changes")
	if out, err := runProgram(t, "pg_recvlogical", "-d", dsn, "--slot", "wire", "--create-slot", "-P", "test_decoding"); err != nil {
		t.Fatal(err, out)
	}
	defer runProgram(t, "pg_recvlogical", "-d", dsn, "--slot", "wire", "--drop-slot")
	app := session(t, own, "app")
	rowsOf(t, app, "insert into people (id, name, email, note) values (790001, 'Stream', 'cnry-logical@x.test', 'in clear')")
	rowsOf(t, app, "delete from people where id = 790001")
	end := string(direct("shop", "select pg_current_wal_lsn()")[0].Rows[0][0])
	if out, err := runProgram(t, "pg_recvlogical", "-d", dsn, "--slot", "wire", "--start", "-f", file, "--endpos", end, "--no-loop", "-F", "0"); err != nil {
		t.Fatal(err, out)
	}
	noCanary(t, dir, "cnry-logical", "c57e91")
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), "table public.people: INSERT: id[integer]:790001") || !strings.Contains(string(text), "in clear") {
		t.Errorf("%v: %s", err, text)
	}
}

func TestReplicationPhysical(t *testing.T) {
	own := streaming(t, new(atomic.Int64))
	dsn := own.DSN("streamer", "pw-streamer", "replication", "")
	wal, backup := t.TempDir(), filepath.Join(t.TempDir(), "backup")
	// Two segments from here are streamed while they are written.
	end := string(direct("shop", "select pg_current_wal_lsn() + 2 * 16777216::numeric")[0].Rows[0][0])
	type result struct {
		out string
		err error
	}
	received := make(chan result, 1)
	go func() {
		out, err := runProgram(t, "pg_receivewal", "-d", dsn, "-D", wal, "--endpos", end, "--no-loop", "--no-sync")
		received <- result{out, err}
	}()
	eventually(t, "pg_receivewal to begin", func() bool {
		files, err := os.ReadDir(wal)
		return err == nil && len(files) > 0
	})
	app := session(t, own, "app")
	for range 4 {
		rowsOf(t, app, "insert into people (id, name, email) values (790002, 'Stream', 'cnry-physical@x.test')")
		rowsOf(t, app, "delete from people where id = 790002")
		direct("shop", "select pg_switch_wal()")
	}
	if r := <-received; r.err != nil {
		t.Fatal(r.err, r.out)
	}
	// What is streamed are the server's own files, in which values are sealed.
	noCanary(t, wal, "cnry-", "\xc5\x7e\x91")
	same := 0
	filepath.WalkDir(wal, func(path string, d fs.DirEntry, err error) error {
		if err == nil && len(d.Name()) == 24 {
			ours, _ := os.ReadFile(path)
			theirs, _ := os.ReadFile(filepath.Join(shared.pg.Data(), "pg_wal", d.Name()))
			if !bytes.Equal(ours, theirs) {
				t.Errorf("%s differs from the server's", d.Name())
			}
			same++
		}
		return err
	})
	if same == 0 {
		t.Errorf("no segment came: %s", fmt.Sprint(os.ReadDir(wal)))
	}
	if out, err := runProgram(t, "pg_basebackup", "-d", dsn, "-D", backup, "-X", "stream", "-c", "fast", "--no-sync"); err != nil {
		t.Fatal(err, out)
	}
	noCanary(t, backup, "cnry-", "\xc5\x7e\x91")
	verify := []string{backup}
	if programMajor(t, "pg_verifybackup") != serverMajor() {
		if serverMajor() >= 17 {
			return // its manifests are verified together with pg_control, which only a program of the same version can read
		}
		verify = append(verify, "--no-parse-wal") // likewise the WAL
	}
	if out, err := runProgram(t, "pg_verifybackup", verify...); err != nil {
		t.Error(err, out)
	}
}
