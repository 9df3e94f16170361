package chaos

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// Users of the stand: both may do everything; what teller does is recorded.
const (
	app    = "app"
	teller = "teller"
	bankDB = "bank"
)

func password(user string) string { return "pw-" + user }

const encrypt = `  public.accounts:
    owner:   {type: text, search: equality}
    balance: {type: int8, search: range}
  public.transfers:
    memo:    {type: text}
`

const policy = `version: 1
unlisted: pass
roles:
  app:
    who: {users: [app], databases: ["*"]}
    allow:
      - {id: app-all, on: [public.accounts, public.transfers], do: [all], show: "*", write: "*"}
  teller:
    who: {users: [teller], databases: ["*"]}
    record: statements
    allow:
      - {id: teller-all, on: [public.accounts, public.transfers], do: [all], show: "*", write: "*"}
`

// Stand is what is broken: a server, proxies in front of it, a relay on each leg of each proxy.
type Stand struct {
	Dir, Binary string
	CA          *postgres.Authority
	Server      *postgres.Server
	// Standby follows Server and has each commit before it is acknowledged; nil if there is none. Former is what Server was before Promote.
	Standby, Former *postgres.Server
	Proxies         []*Proxy
	// rough says that a fault of this round may end connections within a message.
	rough atomic.Bool
	log   func(format string, args ...any)
}

// Proxy is one pgveil with the relays on its two legs.
type Proxy struct {
	*stack.Stack
	Client, Upstream *Relay
	stand            *Stand
	// mu is held by whoever stops and starts the process.
	mu   sync.Mutex
	run  *exec.Cmd
	died chan struct{}
	// count numbers the processes: each has a log and, after a hand-over, a record of its own.
	count  int
	audits []string
	// base is what the process had open when nothing was asked of it.
	base counts
}

// counts are what may not grow.
type counts struct{ goroutines, files, sessions int }

// NewStand sets everything up with n proxies. Half of them log in upstream in clear, half by TLS; with pair there is a standby, and all by TLS.
func NewStand(dir, binary string, n int, pair bool, log func(string, ...any)) (*Stand, error) {
	s := &Stand{Dir: dir, Binary: binary, log: log}
	var err error
	if s.CA, err = postgres.NewAuthority(); err != nil {
		return nil, err
	}
	if s.Server, err = postgres.Start(postgres.Options{TLS: s.CA, Settings: []string{"log_statement = all", "log_min_error_statement = info",
		"log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1", "deadlock_timeout = 200ms"}}); err != nil {
		return nil, err
	}
	if err := s.direct("postgres", fmt.Sprintf("create role %s login password '%s'; create role %s login password '%s' in role %s",
		app, password(app), teller, password(teller), app), "create database "+bankDB+" owner "+app); err != nil {
		return s, err
	}
	if err := s.direct(bankDB, "alter schema public owner to "+app); err != nil {
		return s, err
	}
	if pair {
		if s.Standby, err = s.Server.Standby(); err != nil {
			return s, err
		}
		if err := s.direct("postgres", "alter system set synchronous_standby_names = '*'", "select pg_reload_conf()"); err != nil {
			return s, err
		}
	}
	for i := range n {
		if err := s.add(i); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *Stand) add(i int) error {
	dir := filepath.Join(s.Dir, fmt.Sprint("proxy", i))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	up, err := NewRelay(s.Server.Port)
	if err != nil {
		return err
	}
	upstream := fmt.Sprintf("host: localhost, ca: ca.pem, port: %d", up.Port)
	if i%2 == 1 {
		upstream = fmt.Sprintf("host: 127.0.0.1, sslmode: disable, port: %d", up.Port)
	}
	if s.Standby != nil {
		upstream = fmt.Sprintf("hosts: [{host: localhost, port: %d}, {host: localhost, port: %d}], ca: ca.pem, target_session_attrs: read-write, connect_rounds: 3, health_interval: 500ms",
			s.Standby.Port, up.Port)
	}
	st, err := stack.Prepare(stack.Options{Binary: s.Binary, Postgres: s.Server, CA: s.CA, Dir: dir, Encrypt: encrypt, Policy: policy, TLSMode: "plain-on-loopback",
		Upstream: upstream + ", connect_timeout: 10s",
		Extra: "handover: handover.sock\nlog: {level: debug}\nlimits: {drain_timeout: 3s, catalog_age: 300ms}\n" +
			"tcp: {keepalive_idle: 2s, keepalive_interval: 1s, keepalive_count: 4, user_timeout: 10s}"})
	if err != nil {
		return err
	}
	client, err := NewRelay(st.Port)
	if err != nil {
		return err
	}
	p := &Proxy{Stack: st, Client: client, Upstream: up, stand: s, audits: []string{st.AuditDir}}
	s.Proxies = append(s.Proxies, p)
	if i > 0 { // one set of keys
		first := s.Proxies[0].Dir
		cp := exec.Command("cp", "-a", "-T", filepath.Join(first, "keys"), filepath.Join(dir, "keys"))
		if err := errors.Join(os.RemoveAll(filepath.Join(dir, "keys")), cp.Run(),
			exec.Command("cp", "-a", filepath.Join(first, "master.key"), dir).Run()); err != nil {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begin(st.Config, nil)
}

// Close ends everything.
func (s *Stand) Close() error {
	var err error
	for _, p := range s.Proxies {
		p.mu.Lock()
		err = errors.Join(err, p.stop())
		p.mu.Unlock()
		p.Client.Close()
		p.Upstream.Close()
	}
	for _, server := range []*postgres.Server{s.Standby, s.Server, s.Former} {
		if server != nil {
			err = errors.Join(err, server.Stop())
		}
	}
	return err
}

// Promote lets the primary's machine fail and makes the standby the primary.
func (s *Stand) Promote() error {
	if err := s.Server.Crash(); err != nil {
		return err
	}
	s.Former, s.Server, s.Standby = s.Server, s.Standby, nil
	return s.direct("postgres", "select pg_promote()")
}

// start runs a process and waits until it is ready; before is told once it is.
func (p *Proxy) start(config string, before func()) error {
	p.count++
	log, err := os.Create(filepath.Join(p.Dir, fmt.Sprintf("serve.%d.log", p.count)))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.stand.Binary, "serve", "-c", config)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	died := make(chan struct{})
	go func() { cmd.Wait(); close(died) }()
	if before != nil {
		before()
	}
	p.run, p.died = cmd, died
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case <-died:
			text, _ := os.ReadFile(log.Name())
			return fmt.Errorf("pgveil serve ended: %s\n%s", cmd.ProcessState, tail(string(text), 2000))
		default:
		}
		if _, err := p.get("/healthz"); err == nil {
			return nil
		}
	}
	return fmt.Errorf("pgveil did not answer within 20 s, see %s", log.Name())
}

// stop drains the process and wants it to end by itself, and in peace.
func (p *Proxy) stop() error {
	if p.run == nil {
		return nil
	}
	p.run.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.died:
	case <-time.After(15 * time.Second):
		p.run.Process.Signal(syscall.SIGQUIT)
		<-p.died
		return errors.New("a proxy has not ended within 15 s of SIGTERM; its log has the stacks of its goroutines")
	}
	if code := p.run.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("a proxy ended with %d after SIGTERM", code)
	}
	return nil
}

func (p *Proxy) get(path string) (string, error) {
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d%s", p.MetricsPort, path))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

// Counts reads what the process has open.
func (p *Proxy) Counts() (c counts, err error) {
	text, err := p.get("/metrics")
	if err != nil {
		return c, err
	}
	return counts{int(Metric(text, "go_goroutines")), int(Metric(text, "process_open_fds")), int(Metric(text, "pgveil_sessions_active"))}, nil
}

// Metric is the value of a series in what /metrics says, -1 if it is not there.
func Metric(text, name string) float64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			if v, err := strconv.ParseFloat(strings.TrimSpace(rest), 64); err == nil {
				return v
			}
		}
	}
	return -1
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }
