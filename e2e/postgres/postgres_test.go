package postgres

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

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
	if _, err := os.Stat(s.Data()); err != nil {
		t.Error(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Error("the folder is still there")
	}
}

// A server doesn't outlive the process that started it, however that ends.
func TestServerEndsWithItsInput(t *testing.T) {
	s, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.alive.Close() // as the kernel does when a process is killed
	select {
	case <-s.died:
	case <-time.After(20 * time.Second):
		t.Error("the server lives on")
		s.Stop()
	}
	for range 100 {
		if _, err = os.Stat(s.Dir); os.IsNotExist(err) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("the folder is still there: %v", err)
}

// A port that somebody takes before the server can is not the end.
func TestPortTaken(t *testing.T) {
	s, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	second := &Server{Bin: s.Bin, Dir: filepath.Join(dir, "second"), Port: s.Port, cred: s.cred, own: true}
	if err := os.Mkdir(second.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := second.give(second.Dir); err != nil {
		t.Fatal(err)
	}
	if out, err := second.command(filepath.Join(s.Bin, "initdb"), "-D", second.Data(), "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := second.configure(Options{}); err != nil {
		t.Fatal(err)
	}
	if err := second.launch(); err != errPort {
		t.Fatalf("got %v, want %v", err, errPort)
	}
	time.Sleep(300 * time.Millisecond)
	if second.Port, err = FreePort(); err != nil {
		t.Fatal(err)
	}
	if err := second.launch(); err != nil {
		t.Errorf("another port: %v", err)
	}
	if err := second.Stop(); err != nil {
		t.Error(err)
	}
}
