// Package stack sets pgveil up in front of a throw-away PostgreSQL the way an operator would, with pgveil's own commands, and
// runs it as a child process: for the demo, the tests and the benchmarks.
package stack

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// Options choose a stack.
type Options struct {
	Binary   string              // the pgveil to run
	Postgres *postgres.Server    // its certificate must be Authority's
	CA       *postgres.Authority // signs the proxy's certificate too
	Dir      string              // where the files go; must exist
	Database string              // used to import users; empty: postgres
	Encrypt  string              // YAML below encrypt:, indented by two
	Policy   string              // the policy file
	Extra    string              // further YAML of the configuration
	TLSMode  string              // empty: require
	// UpstreamTLS is the upstream's sslmode; empty: verify-full.
	UpstreamTLS string
	// Upstream is what stands within upstream: instead of host and port, if set.
	Upstream string
	// UpstreamMore are further keys of the section upstream, as "show_client_address: true".
	UpstreamMore string
	// Segments cuts what goes over both legs into pieces: "1" into single bytes, "random" or "random:SEED" at random; empty: not at all.
	// The server's leg is then in clear unless UpstreamTLS says otherwise.
	Segments string
}

// Stack is a running proxy.
type Stack struct {
	Dir, Config, CAFile, LogFile, AuditDir string
	Port, MetricsPort                      int
	// AuditKey is the verifier key of the record.
	AuditKey string

	binary string
	relays []*relay // of Options.Segments
	cmd    *exec.Cmd
	died   chan error
}

// Start writes the files, makes keys, imports the users that the server has, and starts the proxy. Users added later need Import.
func Start(o Options) (*Stack, error) {
	s, err := Prepare(o)
	if err != nil {
		return nil, err
	}
	return s, s.Serve()
}

// Prepare is Start without the last step.
func Prepare(o Options) (*Stack, error) {
	s := &Stack{Dir: o.Dir, binary: o.Binary, Config: filepath.Join(o.Dir, "pgveil.yaml"), CAFile: filepath.Join(o.Dir, "ca.pem"),
		LogFile: filepath.Join(o.Dir, "pgveil.log"), AuditDir: filepath.Join(o.Dir, "audit")}
	if err := s.files(o); err != nil {
		return nil, err
	}
	if _, err := s.Run(nil, "keys", "init", "-c", s.Config); err != nil {
		return nil, err
	}
	key, err := s.Run(nil, "audit", "keys", "-c", s.Config)
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Fields(key) {
		if strings.Count(line, "+") >= 2 {
			s.AuditKey = line
		}
	}
	return s, s.Import()
}

func (s *Stack) files(o Options) error {
	ports, err := postgres.FreePorts(2)
	if err != nil {
		return err
	}
	s.Port, s.MetricsPort = ports[0], ports[1]
	listen, err := s.segmented(&o)
	if err != nil {
		return err
	}
	cert, key, err := o.CA.Issue("localhost")
	if err != nil {
		return err
	}
	mode := o.TLSMode
	if mode == "" {
		mode = "require"
	}
	upstream := fmt.Sprintf("host: localhost, ca: ca.pem, port: %d", o.Postgres.Port)
	if o.UpstreamTLS != "" {
		upstream = fmt.Sprintf("host: 127.0.0.1, sslmode: %s, port: %d", o.UpstreamTLS, o.Postgres.Port)
	}
	if o.Upstream != "" {
		upstream = o.Upstream
	}
	if o.UpstreamMore != "" {
		upstream += ", " + o.UpstreamMore
	}
	config := fmt.Sprintf(`listen: 127.0.0.1:%d
tls: {cert: proxy.crt, key: proxy.key, mode: %s}
upstream: {%s}
sign_in: {users: users}
keys: {kms: "file:master.key", store: keys}
policy: policy.yaml
audit: {dir: audit, key: audit.key}
metrics: {listen: "127.0.0.1:%d"}
%s
encrypt:
%s
`, listen, mode, upstream, s.MetricsPort, o.Extra, o.Encrypt)
	for name, text := range map[string]string{"pgveil.yaml": config, "policy.yaml": o.Policy, "proxy.crt": string(cert),
		"proxy.key": string(key), "ca.pem": string(o.CA.PEM)} {
		if err := os.WriteFile(filepath.Join(s.Dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// Import takes the server's users over.
func (s *Stack) Import() error {
	cmd := exec.Command(s.binary, "users", "import", "-c", s.Config, "-U", postgres.Superuser, "-d", "postgres")
	cmd.Env = append(os.Environ(), "PGPASSWORD="+postgres.Password)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgveil users import: %w\n%s", err, out)
	}
	return nil
}

// Run runs one pgveil command to its end and returns what it printed.
func (s *Stack) Run(env []string, args ...string) (string, error) {
	cmd := exec.Command(s.binary, args...)
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("pgveil %s: %w\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String(), nil
}

// Serve starts the proxy and waits until it is ready.
func (s *Stack) Serve() error {
	log, err := os.OpenFile(s.LogFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = exec.Command(s.binary, "serve", "-c", s.Config)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.died = make(chan error, 1)
	go func() { s.died <- s.cmd.Wait() }()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-s.died:
			text, _ := os.ReadFile(s.LogFile)
			return fmt.Errorf("pgveil serve ended: %v\n%s", err, text)
		default:
		}
		if resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", s.MetricsPort)); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
	}
	s.Stop()
	return errors.New("pgveil was not ready within 20 s, see " + s.LogFile)
}

// PID is the proxy's process.
func (s *Stack) PID() int { return s.cmd.Process.Pid }

// Reload sends SIGHUP.
func (s *Stack) Reload() error { return s.cmd.Process.Signal(syscall.SIGHUP) }

// Stop ends the proxy with SIGTERM and waits for it.
func (s *Stack) Stop() error {
	if s.cmd == nil || s.cmd.Process == nil {
		return nil
	}
	defer func() {
		for _, r := range s.relays {
			r.Close()
		}
	}()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-s.died:
		return err
	case <-time.After(40 * time.Second):
		s.cmd.Process.Kill()
		return errors.New("pgveil did not end within 40 s of SIGTERM")
	}
}

// Wait waits until the proxy has ended.
func (s *Stack) Wait() error { return <-s.died }

// DSN is a connection string through the proxy.
func (s *Stack) DSN(user, password, database, more string) string {
	return fmt.Sprintf("host=localhost port=%d user=%s password=%s dbname=%s sslmode=verify-full sslrootcert=%s %s",
		s.Port, user, password, database, s.CAFile, more)
}

// Metrics is the text of /metrics.
func (s *Stack) Metrics() (string, error) {
	resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", s.MetricsPort))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return b.String(), err
}
