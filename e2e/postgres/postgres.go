// Package postgres starts throw-away PostgreSQL servers, for the demo, the tests and the benchmarks. PostgreSQL refuses to run
// as root, so there it runs as the user postgres (or nobody).
package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"syscall"
	"time"
)

// Superuser is the role that initdb makes, with Password.
const (
	Superuser = "postgres"
	Password  = "throw-away"
)

// Options choose a server.
type Options struct {
	// Bin is the folder of initdb and postgres; empty: Find.
	Bin string
	// Dir is where the data goes; empty: a new folder that Stop removes.
	Dir string
	// Settings are further lines of postgresql.conf.
	Settings []string
	// HBA are the lines of pg_hba.conf; empty: SCRAM passwords for everybody.
	HBA string
	// TLS gives the server a certificate for localhost, signed by CAFile's authority.
	TLS *Authority
}

// Server is a running PostgreSQL on 127.0.0.1 that takes SCRAM passwords only, over TCP, unless its options say otherwise.
type Server struct {
	Dir, Bin, LogFile string
	Port              int

	own   bool
	cred  *syscall.Credential
	cmd   *exec.Cmd
	alive io.Closer     // the server lives until it is closed, at the latest when this process ends
	died  chan struct{} // closed when the server is gone
}

// EnvBin names the environment variable that, if set, is the folder of the server binaries that Find returns: tests of other server
// versions set it.
const EnvBin = "PGVEIL_TEST_POSTGRES"

// Find returns the folder of the newest PostgreSQL server binaries on this machine, or what EnvBin says.
func Find() (string, error) {
	if d := os.Getenv(EnvBin); d != "" {
		if !executable(filepath.Join(d, "initdb")) || !executable(filepath.Join(d, "postgres")) {
			return "", fmt.Errorf("%s=%s: no initdb and postgres there", EnvBin, d)
		}
		return d, nil
	}
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	dirs = append(dirs, "/usr/local/pgsql/bin", "/opt/homebrew/bin", "/usr/local/bin", "/usr/bin")
	sort.SliceStable(dirs, func(i, j int) bool { return majorOf(dirs[i]) > majorOf(dirs[j]) })
	for _, d := range dirs {
		if executable(filepath.Join(d, "initdb")) && executable(filepath.Join(d, "postgres")) {
			return d, nil
		}
	}
	return "", errors.New("no PostgreSQL server binaries (initdb, postgres) found; on Debian: apt-get install postgresql")
}

func majorOf(dir string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
	return n
}

func executable(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Mode()&0o111 != 0 && !st.IsDir()
}

// Start makes a cluster and starts it. The caller must Stop it.
func Start(o Options) (*Server, error) {
	s := &Server{Bin: o.Bin, Dir: o.Dir, own: o.Dir == ""}
	var err error
	if s.Bin == "" {
		if s.Bin, err = Find(); err != nil {
			return nil, err
		}
	}
	if s.cred, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.own {
		if s.Dir, err = os.MkdirTemp("", "pgveil-postgres-"); err != nil {
			return nil, err
		}
	}
	if err := s.start(o); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(o Options) error {
	if err := s.give(s.Dir); err != nil {
		return err
	}
	password := filepath.Join(s.Dir, "password")
	if err := s.write(password, Password+"\n"); err != nil {
		return err
	}
	data := s.Data()
	if out, err := s.command(filepath.Join(s.Bin, "initdb"), "-D", data, "-U", Superuser, "-A", "scram-sha-256", "--pwfile", password,
		"-E", "UTF8", "--no-locale", "--no-sync").CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	os.Remove(password)
	if err := s.configure(o); err != nil {
		return err
	}
	return s.launchAnywhere()
}

// Data is the data folder.
func (s *Server) Data() string { return filepath.Join(s.Dir, "data") }

func (s *Server) configure(o Options) error {
	conf := "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\n" +
		"shared_buffers = 64MB\nmax_connections = 300\npassword_encryption = 'scram-sha-256'\n"
	if o.TLS != nil {
		cert, key, err := o.TLS.Issue("localhost")
		if err != nil {
			return err
		}
		if err := errors.Join(s.write(filepath.Join(s.Data(), "server.crt"), string(cert)),
			s.write(filepath.Join(s.Data(), "server.key"), string(key))); err != nil {
			return err
		}
		conf += "ssl = on\n"
	}
	for _, line := range o.Settings {
		conf += line + "\n"
	}
	if o.HBA != "" {
		if err := s.write(filepath.Join(s.Data(), "pg_hba.conf"), o.HBA); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(filepath.Join(s.Data(), "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, conf)
	return errors.Join(err, f.Close())
}

// watched runs a program until its own input ends, which it also does when the process that holds the other end is killed: then
// the program ends as by SIGINT (a fast shutdown), and the folder $1, if any, goes.
const watched = `own=$1; shift; exec 3<&0
"$@" 3<&- </dev/null & pid=$!
{ cat <&3; kill -INT $pid && while kill -0 $pid; do sleep 0.1; done && [ "$own" ] && rm -rf "$own"; } >/dev/null 2>&1 &
wait $pid`

var errPort = errors.New("the port was taken")

// launchAnywhere is launch on a free port.
func (s *Server) launchAnywhere() (err error) {
	for attempt := 1; ; attempt++ {
		if s.Port, err = FreePort(); err != nil {
			return err
		}
		// Between being free and being taken, a port can go to somebody else.
		if err = s.launch(); !errors.Is(err, errPort) || attempt == 5 {
			return err
		}
	}
}

func (s *Server) launch() (err error) {
	s.LogFile = filepath.Join(s.Dir, "server.log")
	log, err := os.Create(s.LogFile)
	if err != nil {
		return err
	}
	defer log.Close()
	own := ""
	if s.own {
		own = s.Dir
	}
	s.cmd = s.command("sh", "-c", watched, "sh", own, filepath.Join(s.Bin, "postgres"), "-D", s.Data(), "-p", strconv.Itoa(s.Port))
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if s.alive, err = s.cmd.StdinPipe(); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.died = make(chan struct{})
	go func(cmd *exec.Cmd, died chan<- struct{}) {
		cmd.Wait()
		close(died)
	}(s.cmd, s.died)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		text, err := os.ReadFile(s.LogFile)
		if err == nil && bytes.Contains(text, []byte("database system is ready to accept ")) {
			return nil
		}
		select {
		case <-s.died:
			if bytes.Contains(text, []byte("Address already in use")) {
				return errPort
			}
			return fmt.Errorf("postgres ended:\n%s", text)
		default:
		}
	}
	return errors.New("postgres did not start within a minute, see " + s.LogFile)
}

// Stop ends the server by a fast shutdown and removes what Start made.
func (s *Server) Stop() error {
	var err error
	if s.died != nil {
		s.alive.Close()
		select {
		case <-s.died:
		case <-time.After(20 * time.Second):
			err = errors.Join(errors.New("postgres did not end within 20 s"), syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL))
			<-s.died
		}
	}
	if s.own {
		err = errors.Join(err, os.RemoveAll(s.Dir))
	}
	return err
}

// DSN is a connection string for user and database straight to the server, in clear unless more says otherwise.
func (s *Server) DSN(user, password, database, more string) string {
	return fmt.Sprintf("host=localhost port=%d user=%s password=%s dbname=%s %s", s.Port, user, password, database, more)
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.Dir
	cmd.Env = append(os.Environ(), "LC_ALL=C", "TZ=UTC")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.cred, Setpgid: true}
	return cmd
}

func (s *Server) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	return s.give(path)
}

func (s *Server) give(path string) error {
	if s.cred == nil {
		return nil
	}
	return os.Chown(path, int(s.cred.Uid), int(s.cred.Gid))
}

// unprivileged is the identity to run as: nil for our own, another's if we are root.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as")
}

// FreePort finds a TCP port on 127.0.0.1 that nobody listens on now.
func FreePort() (int, error) {
	ports, err := FreePorts(1)
	if err != nil {
		return 0, err
	}
	return ports[0], nil
}

// FreePorts is FreePort for n ports, no two of which are the same.
func FreePorts(n int) (ports []int, err error) {
	for range 100 {
		// Below the ports that the system gives to outgoing connections (ip_local_port_range), of which one may be taken at any moment.
		port := 20000 + rand.IntN(12000)
		var l net.Listener
		if l, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			defer l.Close() // only now, so that the next is another
			if ports = append(ports, port); len(ports) == n {
				return ports, nil
			}
		}
	}
	return nil, fmt.Errorf("no %d ports are free: %w", n, err)
}
