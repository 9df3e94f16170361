package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// kill ends the process at once.
func (p *Proxy) kill() error {
	err := p.run.Process.Kill()
	<-p.died
	return err
}

// again ends the process in some way and starts another.
func (p *Proxy) again(x *Hit, end func(*Proxy) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := end(p)
	x.pause(10, 500)
	return errors.Join(err, p.begin(p.Config, nil))
}

// begin is start, and takes note of what the process has open then.
func (p *Proxy) begin(config string, before func()) error {
	if err := p.start(config, before); err != nil {
		return err
	}
	// Whoever asks is counted too. A few more come and go: the collector's workers, a health check, a file being read.
	const slack = 3
	c, err := p.Counts()
	p.base = counts{goroutines: c.goroutines + slack, files: c.files + slack}
	return err
}

// handOver starts another process that takes the sockets of this one, with a record of its own.
func (p *Proxy) handOver() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	text, err := os.ReadFile(p.Config)
	if err != nil {
		return err
	}
	fresh := fmt.Sprintf("audit.%d", p.count)
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "audit:") {
			lines[i] = "audit: {dir: " + fresh + ", key: audit.key}"
		}
	}
	p.Config = filepath.Join(p.Dir, fmt.Sprintf("pgveil.%d.yaml", p.count))
	if err := os.WriteFile(p.Config, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		return err
	}
	p.audits = append(p.audits, filepath.Join(p.Dir, fresh))
	old, ended := p.run, p.died
	if err := p.start(p.Config, nil); err != nil {
		return err
	}
	select {
	case <-ended:
		if code := old.ProcessState.ExitCode(); code != 0 {
			return fmt.Errorf("the proxy that handed over ended with %d", code)
		}
	case <-p.died:
		return errors.New("the proxy that took over has ended")
	case <-time.After(20 * time.Second):
		return errors.New("the proxy that handed over has not ended within 20 s")
	}
	c, err := p.Counts()
	if p.base.goroutines < c.goroutines {
		p.base.goroutines = c.goroutines
	}
	return err
}

// hangup sends SIGHUP.
func (p *Proxy) hangup() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.run.Process.Signal(syscall.SIGHUP)
}

// serverBack waits until the server takes sessions again.
func (s *Stand) serverBack() error {
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = s.direct(bankDB, "select 1"); err == nil {
			return nil
		}
	}
	return err
}

// through runs SQL as app by way of the proxy, in clear.
func (x *Hit) through(sql string) error {
	ctx, done := context.WithTimeout(context.Background(), impatience)
	defer done()
	_, err := postgres.Exec(ctx, fmt.Sprintf("host=localhost port=%d user=%s password=%s dbname=%s sslmode=disable", x.Proxy.Client.Port, app, password(app), bankDB), sql)
	return err
}

// slowly lets processes run for a few milliseconds in a hundred, for a second or two.
func (x *Hit) slowly(signal func(syscall.Signal) error) (err error) {
	for range 10 + x.Random.IntN(10) {
		err = errors.Join(err, signal(syscall.SIGSTOP))
		x.pause(60, 100)
		err = errors.Join(err, signal(syscall.SIGCONT))
		x.pause(2, 10)
	}
	return err
}

// psql runs a client of its own that asks for a great deal and reads none of it, and kills it.
func (x *Hit) psql() error {
	cmd, err := x.copying(10_000_000)
	if err != nil {
		return err
	}
	x.pause(100, 400)
	cmd.Process.Signal(syscall.SIGSTOP)
	x.pause(200, 1000)
	if x.Random.IntN(2) == 0 {
		cmd.Process.Signal(syscall.SIGCONT)
		x.pause(50, 200)
	}
	err = cmd.Process.Kill()
	cmd.Wait()
	return err
}

// slowPsql runs a client of its own that reads slowly, and wants it to end in peace.
func (x *Hit) slowPsql() error {
	cmd, err := x.copying(1000)
	if err != nil {
		return err
	}
	x.slowly(func(s syscall.Signal) error { return cmd.Process.Signal(s) })
	return cmd.Wait()
}

// copying starts a psql that copies all accounts so many times.
func (x *Hit) copying(times int) (*exec.Cmd, error) {
	cmd := exec.Command(filepath.Join(x.Server.Bin, "psql"), "-X", "-q", "-h", "127.0.0.1", "-p", fmt.Sprint(x.Proxy.Client.Port), "-U", app, "-d", bankDB,
		"-c", fmt.Sprintf("copy (select a.owner, a.balance from accounts a, generate_series(1, %d)) to stdout", times))
	cmd.Env = append(os.Environ(), "PGPASSWORD="+password(app), "PGSSLMODE=prefer")
	return cmd, cmd.Start()
}
