package chaos

import (
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// Fault is one thing that goes wrong, and is over when Hit returns.
type Fault struct {
	Name string
	// Rough faults may end a client's connection within a message: who is killed, or whose cable is cut, can't finish his sentence.
	Rough bool
	// Ends says that the proxy's process is another afterwards. The last proxy is spared, so that its memory can be followed.
	Ends bool
	Hit  func(x *Hit) error
}

// Hit is one occurrence: where it happens, and what it is left to chance by.
type Hit struct {
	*Stand
	Proxy  *Proxy
	Random *rand.Rand
}

// pause is a time between a and b milliseconds.
func (x *Hit) pause(a, b int) { time.Sleep(time.Duration(a+x.Random.IntN(b-a)) * time.Millisecond) }

// leg is one of the proxy's relays.
func (x *Hit) leg() *Relay {
	if x.Random.IntN(2) == 0 {
		return x.Proxy.Client
	}
	return x.Proxy.Upstream
}

// Faults are all faults.
func Faults() []Fault {
	return slices.Concat(processes(), network(), files(), clocks())
}

func processes() []Fault {
	return []Fault{
		{"proxy killed", true, true, func(x *Hit) error { return x.Proxy.again(x, (*Proxy).kill) }},
		{"proxy stopped and started", false, true, func(x *Hit) error { return x.Proxy.again(x, (*Proxy).stop) }},
		{"proxy paused", false, false, func(x *Hit) error {
			x.Proxy.mu.Lock()
			defer x.Proxy.mu.Unlock()
			x.Proxy.run.Process.Signal(syscall.SIGSTOP)
			x.pause(200, 1500)
			return x.Proxy.run.Process.Signal(syscall.SIGCONT)
		}},
		{"proxy handed over", false, true, func(x *Hit) error { return x.Proxy.handOver() }},
		{"server's machine fails", false, false, func(x *Hit) error {
			if err := x.Server.Crash(); err != nil {
				return err
			}
			x.pause(10, 500)
			return x.Server.Restart()
		}},
		{"server restarted", false, false, func(x *Hit) error {
			if err := x.Server.Shutdown(); err != nil {
				return err
			}
			x.pause(10, 500)
			return x.Server.Restart()
		}},
		{"server paused", false, false, func(x *Hit) error {
			err := x.Server.Signal(syscall.SIGSTOP)
			x.pause(200, 1500)
			return errors.Join(err, x.Server.Signal(syscall.SIGCONT))
		}},
		{"one of the server's processes killed", false, false, func(x *Hit) error {
			r, err := x.query("postgres", "select pid from pg_stat_activity where datname = '"+bankDB+"' order by random() limit 1")
			if err != nil || len(r[0].Rows) == 0 {
				return err
			}
			syscall.Kill(int(decode(r[0].Rows[0][0], false)), syscall.SIGKILL)
			return x.serverBack()
		}},
		{"sessions terminated", false, false, func(x *Hit) error {
			return x.direct("postgres", "select pg_terminate_backend(pid) from pg_stat_activity where datname = '"+bankDB+"' and random() < 0.7")
		}},
		{"statements cancelled", false, false, func(x *Hit) error {
			for range 5 {
				x.pause(10, 100)
				if err := x.direct("postgres", "select pg_cancel_backend(pid) from pg_stat_activity where datname = '"+bankDB+"'"); err != nil {
					return err
				}
			}
			return nil
		}},
		{"client process stopped and killed", false, false, func(x *Hit) error { return x.psql() }},
		{"proxy slowed", false, false, func(x *Hit) error {
			x.Proxy.mu.Lock()
			defer x.Proxy.mu.Unlock()
			return x.slowly(func(s syscall.Signal) error { return x.Proxy.run.Process.Signal(s) })
		}},
		{"server slowed", false, false, func(x *Hit) error { return x.slowly(x.Server.Signal) }},
		{"client process slowed", false, false, func(x *Hit) error { return x.slowPsql() }},
	}
}

func network() []Fault {
	cut := func(how Ending) Fault {
		return Fault{"connections end by " + how.String(), true, false, func(x *Hit) error {
			for range 3 {
				x.leg().End(how, func() bool { return x.Random.IntN(3) > 0 })
				x.pause(10, 300)
			}
			return nil
		}}
	}
	return []Fault{
		cut(ByFIN), cut(ByRST), cut(HalfIn), cut(HalfOut),
		{"connections cut at a byte", true, false, func(x *Hit) error {
			l := x.leg()
			for range 4 {
				l.Cut.Store(&Cut{Direction: Direction(x.Random.IntN(2)), After: int64(1 + x.Random.IntN(5000)), End: Ending(x.Random.IntN(int(endings)))})
				l.End(ByFIN, nil)
				x.pause(100, 300)
			}
			l.Cut.Store(nil)
			l.End(ByFIN, nil)
			return nil
		}},
		{"slow network", false, false, func(x *Hit) error {
			l := x.leg()
			l.Delay.Store(int64(time.Duration(1+x.Random.IntN(30)) * time.Millisecond))
			l.Rate.Store(int64(20_000 + x.Random.IntN(100_000)))
			x.pause(500, 1500)
			l.Delay.Store(0)
			l.Rate.Store(0)
			return nil
		}},
		{"network frozen", false, false, func(x *Hit) error {
			l := x.leg()
			l.Freeze()
			x.pause(200, 2000)
			l.Thaw()
			return nil
		}},
		{"junk within TLS", true, false, func(x *Hit) error {
			for range 4 {
				leg := x.Proxies[0].Upstream // the others log in upstream in clear or are another's
				if x.Random.IntN(2) == 0 {
					leg = x.Proxy.Client
				}
				junk := make([]byte, 5+x.Random.IntN(200))
				for i := range junk {
					junk[i] = byte(x.Random.Uint32())
				}
				copy(junk, []byte{0x17, 3, 3, 0, byte(len(junk) - 5)}) // a record that doesn't authenticate
				if x.Random.IntN(2) == 0 {
					junk[0] = 0xff // no record at all
				}
				leg.Junk(Direction(x.Random.IntN(2)), junk)
				x.pause(50, 300)
			}
			return nil
		}},
		{"another's certificate upstream", false, false, func(x *Hit) error {
			foreign, err := postgres.NewAuthority()
			if err != nil {
				return err
			}
			cert, key, err := foreign.Issue("localhost")
			if err != nil {
				return err
			}
			pair, err := tls.X509KeyPair(cert, key)
			if err != nil {
				return err
			}
			up := x.Proxies[0].Upstream // it asks for verify-full
			up.Impostor.Store(&pair)
			up.End(ByFIN, nil)
			x.pause(300, 1000)
			up.Impostor.Store(nil)
			return nil
		}},
	}
}

func files() []Fault {
	swapped := func(name string, text []byte) func(x *Hit) error {
		return func(x *Hit) error {
			path := filepath.Join(x.Proxy.Dir, name)
			if name == "" {
				path = x.Proxy.Config
			}
			var was []byte
			var err error
			if text == nil {
				err = os.Rename(path, path+".away")
			} else if was, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(path, text, 0o600)
			}
			if err != nil {
				return err
			}
			x.Proxy.hangup()
			x.pause(200, 800)
			if text == nil {
				err = errors.Join(err, os.Rename(path+".away", path))
			} else {
				err = errors.Join(err, os.WriteFile(path, was, 0o600))
			}
			x.Proxy.hangup()
			x.pause(100, 200)
			return err
		}
	}
	return []Fault{
		{"storm of reloads", false, false, func(x *Hit) error {
			for range 100 {
				x.Proxy.hangup()
				x.pause(1, 10)
			}
			return nil
		}},
		{"policy that is none", false, false, swapped("policy.yaml", []byte("version: [1\n"))},
		{"policy that is gone", false, false, swapped("policy.yaml", nil)},
		{"configuration that is none", false, false, swapped("", []byte("upstream: {hos: x}\n"))},
		{"certificate that is none", false, false, swapped("proxy.crt", []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))},
		{"master key that is gone", false, false, swapped("master.key", nil)},
		{"key store that is gone", false, false, swapped("keys", nil)},
		{"users that are gone", false, false, swapped("users", nil)},
		{"disk full", false, false, func(x *Hit) error {
			x.Proxy.mu.Lock()
			defer x.Proxy.mu.Unlock()
			// Nothing that is written may grow: EFBIG, as from a file system with no room.
			pid, none := x.Proxy.run.Process.Pid, uint64(unix.RLIM_INFINITY)
			err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: uint64(x.Random.IntN(5000)), Max: none}, nil)
			x.pause(500, 3000)
			return errors.Join(err, unix.Prlimit(pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: none, Max: none}, nil))
		}},
		{"schema changes", false, false, schemaChanges},
	}
}

// schemaChanges does what a migration does, through the proxy and around it. It doesn't rewrite the table: to transactions with an older
// snapshot that looks empty then (PostgreSQL's manual, 13.6, Caveats).
func schemaChanges(x *Hit) error {
	name := fmt.Sprintf("c%d", x.Random.Uint32())
	for _, sql := range []string{
		"alter table accounts add column " + name + " int default 3",
		"create index " + name + "_i on accounts (balance, id)",
		"alter table accounts alter column " + name + " set default 4, alter column " + name + " set not null",
		"create table " + name + "_t (id int primary key)",
		"drop table " + name + "_t",
		"drop index " + name + "_i",
		"alter table accounts drop column " + name,
		"analyze accounts",
	} {
		var err error
		if x.Random.IntN(2) == 0 {
			err = x.direct(bankDB, "set role app; "+sql)
		} else {
			err = x.through(sql)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", strings.ReplaceAll(sql, name, "…"), err)
		}
		x.pause(5, 50)
	}
	return nil
}
