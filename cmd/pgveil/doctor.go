package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/crypto/kms/file"
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/wire"
)

const (
	// stackWanted is the stack of a thread, in bytes, that PostgreSQL's own parser is usually run with; the depth guard of
	// policy/sql needs less than a quarter of it.
	stackWanted = 8 << 20
	// certSoon is when a certificate's end becomes a finding.
	certSoon = 14 * 24 * time.Hour
)

// examination is one thing that doctor looked at.
type examination struct {
	About  string `json:"about"`
	Status string `json:"status"` // ok, warn, bad
	Text   string `json:"text"`
}

type doctor struct{ results []examination }

func (d *doctor) ok(about, format string, words ...any)   { d.add(about, "ok", format, words...) }
func (d *doctor) warn(about, format string, words ...any) { d.add(about, "warn", format, words...) }
func (d *doctor) bad(about, format string, words ...any)  { d.add(about, "bad", format, words...) }
func (d *doctor) add(about, status, format string, words ...any) {
	d.results = append(d.results, examination{about, status, fmt.Sprintf(format, words...)})
}

func newDoctor() *cobra.Command {
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Examine the machine that the proxy runs on",
		Long: `Examines what surrounds the proxy: who can read its files, how long its certificates last, whether the keys load, whether the
upstream server can be reached as the configuration demands, its version, the clock, and the limits of the process. Run it as the
user that the proxy runs as. It needs no database login and changes nothing.

Exit code 1 means that something is bad.`,
		Example: "  pgveil doctor -c /etc/pgveil/pgveil.yaml",
		Args:    args(cobra.NoArgs),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := config.Load(*path)
		if err != nil {
			return err
		}
		d := &doctor{results: []examination{}}
		d.examine(c.Context(), *path, cfg)
		if *asJSON {
			err = printJSON(c.OutOrStdout(), d.results)
		} else {
			var rows [][]string
			for _, r := range d.results {
				rows = append(rows, []string{r.Status, r.About, r.Text})
			}
			table(c.OutOrStdout(), rows)
		}
		for _, r := range d.results {
			if r.Status == "bad" && err == nil {
				err = errShown
			}
		}
		return err
	}
	return c
}

func (d *doctor) examine(ctx context.Context, path string, cfg *config.Config) {
	d.files(path, cfg)
	d.limits(cfg)
	d.certificate(cfg)
	if keys, err := loadKeys(ctx, cfg); err != nil {
		d.bad("keys", "%v", err)
	} else {
		d.ok("keys", "%d column keys load", len(keys.Names()))
	}
	d.upstream(ctx, cfg)
}

// files looks at who can read and write.
func (d *doctor) files(path string, cfg *config.Config) {
	d.mode("configuration", path, 0o022)
	d.mode("policy", string(cfg.Policy), 0o022)
	d.mode("key store", string(cfg.Keys.Store), 0o077)
	if strings.HasPrefix(string(cfg.Keys.KMS), file.Scheme) {
		if p, err := file.Path(string(cfg.Keys.KMS)); err == nil {
			d.mode("master key", p, 0o077)
		}
	}
	private := map[string]config.Path{"users": cfg.SignIn.Users, "tls key": cfg.TLS.Key, "audit key": cfg.Audit.Key, "audit": cfg.Audit.Dir}
	for _, about := range sorted(private) {
		if path := private[about]; path != "" {
			d.mode(about, string(path), 0o077)
		}
	}
}

// mode reports a file that others may do what is forbidden with.
func (d *doctor) mode(about, path string, forbidden fs.FileMode) {
	st, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && about == "audit":
		d.ok(about, "%s will be made", path)
	case err != nil:
		d.bad(about, "%v", err)
	case st.Mode().Perm()&forbidden != 0 && forbidden == 0o022:
		d.bad(about, "%s can be changed by others (mode %04o)", path, st.Mode().Perm())
	case st.Mode().Perm()&forbidden != 0:
		d.bad(about, "%s can be read by others (mode %04o)", path, st.Mode().Perm())
	default:
		d.ok(about, "%s, mode %04o", path, st.Mode().Perm())
	}
}

// limits looks at the process's own.
func (d *doctor) limits(cfg *config.Config) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &l); err != nil {
		d.warn("stack", "%v", err)
	} else if l.Cur < stackWanted {
		d.bad("stack", "threads get %d kB, of 8192 wanted: ulimit -s 8192", l.Cur>>10)
	} else {
		d.ok("stack", "8 MB or more")
	}
	// Two sockets a session, and some for all else.
	want := uint64(2*cfg.Limits.MaxConnections + 64)
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		d.warn("open files", "%v", err)
	} else if l.Max < want {
		d.bad("open files", "at most %d, but limits.max_connections needs %d: ulimit -n, or LimitNOFILE= of systemd", l.Max, want)
	} else {
		d.ok("open files", "%d of %d wanted", l.Max, want)
	}
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &l); err == nil && l.Cur != 0 {
		d.warn("core dumps", "are on: a core file would hold keys; ulimit -c 0")
	} else {
		d.ok("core dumps", "off")
	}
}

func (d *doctor) certificate(cfg *config.Config) {
	if cfg.TLS.Cert == "" {
		d.warn("certificate", "none: clients connect without TLS")
		return
	}
	cert, err := wire.LoadCertificate(string(cfg.TLS.Cert), string(cfg.TLS.Key))
	if err != nil {
		d.bad("certificate", "%v", err)
		return
	}
	pair, err := cert.Current()
	if err != nil {
		d.bad("certificate", "%v", err)
		return
	}
	d.validity("certificate", pair.Leaf.Subject.String(), pair.Leaf.NotBefore, pair.Leaf.NotAfter)
}

// validity judges a certificate's dates by this machine's clock.
func (d *doctor) validity(about, subject string, from, until time.Time) {
	now := time.Now()
	day := until.UTC().Format("2006-01-02")
	switch {
	case now.Before(from):
		d.bad(about, "%s is valid only from %s: is the clock right?", subject, from.UTC().Format(time.RFC3339))
	case now.After(until):
		d.bad(about, "%s ended on %s", subject, day)
	case until.Sub(now) < certSoon:
		d.warn(about, "%s ends on %s", subject, day)
	default:
		d.ok(about, "%s, until %s", subject, day)
	}
}

// upstream connects to each server as a session would, up to the login.
func (d *doctor) upstream(ctx context.Context, cfg *config.Config) {
	p := &parts{cfg: cfg}
	if err := p.buildRoutes(); err != nil {
		d.bad("upstream", "%v", err)
		return
	}
	for _, g := range p.routes.Groups() {
		about := "upstream"
		if g.Name() != config.DefaultUpstream {
			about += " " + g.Name()
		}
		for _, h := range g.Hosts() {
			d.server(ctx, about, h)
		}
	}
}

func (d *doctor) server(ctx context.Context, about string, h *upstream.Host) {
	start := time.Now()
	up, err := h.Dial(ctx) // within its connect_timeout
	if err != nil {
		d.bad(about, "%s: %v", h.State().Address, err)
		return
	}
	defer up.Close()
	how := "without TLS"
	if t := tlsOf(up.Conn); t != nil {
		state := t.ConnectionState()
		how = "with " + tls.VersionName(state.Version)
		leaf := state.PeerCertificates[0]
		d.validity(about+" certificate", leaf.Subject.String(), leaf.NotBefore, leaf.NotAfter)
	}
	d.ok(about, "%s answers %s in %s", h.State().Address, how, time.Since(start).Round(100*time.Microsecond))
}

func tlsOf(c net.Conn) *tls.Conn {
	t, _ := c.(*tls.Conn)
	return t
}
