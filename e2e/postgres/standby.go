package postgres

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// Program is a client program of the server's own, or, where servers come without, the name of the one on the PATH.
func Program(bin, name string) string {
	if own := filepath.Join(bin, name); executable(own) {
		return own
	}
	return name
}

// Standby starts another server that follows s by streaming replication. The caller must Stop it.
func (s *Server) Standby() (*Server, error) {
	o := &Server{Bin: s.Bin, cred: s.cred, own: true}
	var err error
	if o.Dir, err = os.MkdirTemp("", "pgveil-postgres-"); err != nil {
		return nil, err
	}
	if err := o.follow(s); err != nil {
		o.Stop()
		return nil, err
	}
	return o, nil
}

func (s *Server) follow(primary *Server) error {
	if err := s.give(s.Dir); err != nil {
		return err
	}
	backup := s.command(Program(s.Bin, "pg_basebackup"), "-h", "127.0.0.1", "-p", strconv.Itoa(primary.Port), "-U", Superuser,
		"-D", s.Data(), "-X", "stream", "-c", "fast", "--no-sync")
	backup.Env = append(backup.Env, "PGPASSWORD="+Password)
	if out, err := backup.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	// As -R would, but that a newer pg_basebackup writes words there which an older server does not know.
	follow := fmt.Sprintf("\nprimary_conninfo = 'host=127.0.0.1 port=%d user=%s password=%s'\n", primary.Port, Superuser, Password)
	if err := s.write(filepath.Join(s.Data(), "standby.signal"), ""); err != nil {
		return err
	}
	if err := s.write(filepath.Join(s.Data(), "postgresql.auto.conf"), follow); err != nil {
		return err
	}
	return s.launchAnywhere()
}
