package postgres

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestServerTakesPasswordsOverTLS(t *testing.T) {
	ca, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{TLS: ca})
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(root, ca.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := pgconn.Connect(context.Background(), s.DSN(Superuser, Password, "postgres", "sslmode=verify-full sslrootcert="+root))
	if err != nil {
		t.Fatal(err)
	}
	c.Close(context.Background())
	if _, err := pgconn.Connect(context.Background(), s.DSN(Superuser, "wrong", "postgres", "")); err == nil {
		t.Error("a wrong password was taken")
	}
	dir := s.Dir
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("the folder is still there")
	}
}
