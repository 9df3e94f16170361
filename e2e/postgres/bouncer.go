package postgres

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Bouncer is a running PgBouncer, on 127.0.0.1.
type Bouncer struct {
	Port int

	cmd *exec.Cmd
}

// StartBouncer runs PgBouncer within dir, which must exist and be reachable by all, as whom servers run. databases and more are lines of its
// sections [databases] and [pgbouncer], in which paths are relative to dir; users are names, each with a password or verifier. The caller
// must Stop it.
func StartBouncer(dir, databases string, users [][2]string, more string) (*Bouncer, error) {
	port, err := FreePort()
	if err != nil {
		return nil, err
	}
	var list strings.Builder
	for _, u := range users {
		fmt.Fprintf(&list, "%q %q\n", u[0], u[1])
	}
	ini := fmt.Sprintf("[databases]\n%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_file = users\n"+
		"ignore_startup_parameters = extra_float_digits\nlogfile = log\n%s\n", databases, port, more)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "ini"), []byte(ini), 0o644),
		os.WriteFile(filepath.Join(dir, "users"), []byte(list.String()), 0o644)); err != nil {
		return nil, err
	}
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
	}
	cmd := exec.Command(program, "ini")
	cmd.Dir = dir
	cred, err := unprivileged() // it does not run as root either
	if err != nil {
		return nil, err
	}
	if cred != nil {
		if err := os.Chown(dir, int(cred.Uid), int(cred.Gid)); err != nil {
			return nil, err
		}
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("pgbouncer: %w; on Debian: apt-get install pgbouncer", err)
	}
	b := &Bouncer{port, cmd}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			return b, nil
		}
	}
	b.Stop()
	return nil, errors.New("pgbouncer does not listen")
}

// PID is its process.
func (b *Bouncer) PID() int { return b.cmd.Process.Pid }

// Stop ends it at once.
func (b *Bouncer) Stop() {
	b.cmd.Process.Kill()
	b.cmd.Wait()
}
