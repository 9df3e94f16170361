package value

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// serverBin finds a PostgreSQL program: in PGVEIL_TEST_PGBIN, where Debian keeps servers, in the PATH.
func serverBin(t testing.TB, name string) string {
	if dir := os.Getenv("PGVEIL_TEST_PGBIN"); dir != "" {
		return filepath.Join(dir, name)
	}
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name); len(found) > 0 {
		return found[len(found)-1]
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s not found: install PostgreSQL's server or set PGVEIL_TEST_PGBIN", name)
	}
	return path
}

// startServer runs a PostgreSQL of its own on a socket in a temporary folder and returns how to connect to it. PostgreSQL
// refuses to run as root, so root runs it as user postgres.
func startServer(t testing.TB) string {
	dir, err := os.MkdirTemp("", "pgveil-value-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(serverBin(t, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
	initdb.Dir, initdb.SysProcAttr = dir, attr
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server := exec.Command(serverBin(t, "postgres"), "-D", data, "-k", dir, "-h", "", "-F",
		"-c", "log_min_messages=panic", "-c", "log_min_error_statement=panic")
	server.Dir, server.SysProcAttr, server.Stdout, server.Stderr = dir, attr, log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT)
		_ = server.Wait()
	})
	dsn := "host=" + dir + " user=postgres dbname=postgres"
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgconn.Connect(context.Background(), dsn)
		if err == nil {
			conn.Close(context.Background())
			return dsn
		}
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("PostgreSQL did not start: %v\n%s", err, text)
		}
	}
}

// session is one connection and the Settings that its ParameterStatus messages give.
type session struct {
	testing.TB
	*pgconn.PgConn
	settings *Settings
}

func openSession(t testing.TB, dsn string) *session {
	conn, err := pgconn.Connect(context.Background(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	s := &session{TB: t, PgConn: conn, settings: &Settings{}}
	s.report()
	return s
}

func (s *session) report() {
	for _, name := range []string{"TimeZone", "DateStyle"} {
		if err := s.settings.Set(name, s.ParameterStatus(name)); err != nil {
			s.Fatal(err)
		}
	}
}

func (s *session) exec(sql string) {
	s.Helper()
	if _, err := s.Exec(context.Background(), sql).ReadAll(); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
	s.report()
}

// answer is what the server made of one parameter.
type answer struct {
	cells [][]byte
	err   *pgconn.PgError
}

// ask runs sql once for each set of parameters, each in a transaction of its own.
func (s *session) ask(sql string, oids []uint32, params [][][]byte, formats, results []int16) []answer {
	s.Helper()
	ctx := context.Background()
	if _, err := s.Prepare(ctx, "q", sql, oids); err != nil {
		s.Fatalf("%s: %v", sql, err)
	}
	defer s.Deallocate(ctx, "q")
	var answers []answer
	for len(params) > 0 {
		n := min(len(params), 100)
		p := s.StartPipeline(ctx)
		for _, set := range params[:n] {
			p.SendQueryPrepared("q", set, formats, results)
			p.SendPipelineSync()
		}
		if err := p.Flush(); err != nil {
			s.Fatal(err)
		}
		for range n {
			answers = append(answers, s.collect(p))
		}
		if err := p.Close(); err != nil {
			s.Fatal(err)
		}
		params = params[n:]
	}
	return answers
}

func (s *session) collect(p *pgconn.Pipeline) answer {
	var a answer
	got, err := p.GetResults()
	if rr, ok := got.(*pgconn.ResultReader); ok && err == nil {
		for rr.NextRow() {
			for _, c := range rr.Values() {
				a.cells = append(a.cells, append([]byte{}, c...))
			}
		}
		_, err = rr.Close()
	}
	if err != nil && !errors.As(err, &a.err) {
		s.Fatal(err)
	}
	if _, err := p.GetResults(); err != nil {
		s.Fatalf("sync: %v", err)
	}
	return a
}
