package value

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// startServer runs a PostgreSQL of its own and returns how to connect to it. It logs no statement that fails: thousands do.
func startServer(t testing.TB) string {
	t.Helper()
	s, err := postgres.Start(postgres.Options{Settings: []string{"log_min_messages = log", "log_min_error_statement = panic"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s.DSN(postgres.Superuser, postgres.Password, "postgres", "sslmode=disable")
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
	for _, name := range []string{"TimeZone", "DateStyle", "IntervalStyle"} {
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
