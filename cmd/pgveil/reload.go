package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/crypto/kms/file"
	"github.com/pgveil/pgveil/proxy/audit"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/wire"
)

const (
	// settle is how long files must be as they are before they are read: editors and deployments write several.
	settle = 300 * time.Millisecond
	// lookEvery is how often files are looked at without being told, for file systems that tell nothing.
	lookEvery = 30 * time.Second
)

// live is what a reload replaces and handshakes ask for.
type live struct {
	cert atomic.Pointer[wire.Certificate]
	cfg  atomic.Pointer[config.Config]
}

func (l *live) set(p *parts) {
	l.cert.Store(p.cert)
	l.cfg.Store(p.cfg)
}

// serverTLS is the client leg's TLS, nil when there is none.
func (l *live) serverTLS() *wire.ServerTLS {
	if l.cert.Load() == nil {
		return nil
	}
	return &wire.ServerTLS{Certificate: func() (*tls.Certificate, error) { return l.cert.Load().Current() }}
}

// certificates is what metrics shows the ends of.
func (l *live) certificates() []metrics.Certificate {
	cert := l.cert.Load()
	if cert == nil {
		return nil
	}
	pair, err := cert.Current()
	if err != nil || pair.Leaf == nil {
		return nil
	}
	return []metrics.Certificate{{Leg: "client", NotAfter: pair.Leaf.NotAfter}}
}

// watch reloads on SIGHUP and when files have changed, until ctx ends.
func (s *service) watch(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	s.follow(w)
	seen := s.signature() // what was loaded, or failed to
	last := seen          // as of the latest look
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	// Set while a look is due. Events do not put it off: the folders may be busy with other files.
	var due <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			seen = s.signature()
			last = seen
			s.reload(ctx, "signal")
			s.follow(w)
		case <-w.Events:
			if due == nil {
				due = time.After(settle)
			}
		case err := <-w.Errors:
			s.log.Warn("watching files", zap.Error(err))
		case <-look.C:
			if due == nil {
				due = time.After(settle)
			}
		case <-due:
			due = nil
			switch now := s.signature(); {
			case now == seen:
				last = now
			case now != last: // still changing, perhaps
				last, due = now, time.After(settle)
			default:
				seen = now
				s.reload(ctx, "file change")
				s.follow(w)
			}
		}
	}
}

// files is every file that a reload reads.
func (s *service) files() []string {
	cfg := s.live.cfg.Load()
	all := []string{s.path, string(cfg.Policy), string(cfg.Keys.Store)}
	for _, p := range []config.Path{cfg.SignIn.Users, cfg.TLS.Cert, cfg.TLS.Key} {
		if p != "" {
			all = append(all, string(p))
		}
	}
	if strings.HasPrefix(string(cfg.Keys.KMS), file.Scheme) {
		if p, err := file.Path(string(cfg.Keys.KMS)); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// follow watches the folders of the files: a file that is replaced is another file, and a folder's own watch outlives it.
func (s *service) follow(w *fsnotify.Watcher) {
	for _, f := range append(s.files(), string(s.live.cfg.Load().Keys.Store)+"/.") {
		if err := w.Add(filepath.Dir(f)); err != nil {
			s.log.Warn("folder not watched; its files are looked at now and then", zap.String("folder", filepath.Dir(f)), zap.Error(err))
		}
	}
}

// signature changes when a file does: through symbolic links, as deployments switch folders.
func (s *service) signature() string {
	var b strings.Builder
	for _, f := range s.files() {
		st, err := os.Stat(f)
		if err != nil {
			fmt.Fprintf(&b, "%s gone\n", f)
			continue
		}
		inode := uint64(0)
		if sys, ok := st.Sys().(*syscall.Stat_t); ok {
			inode = sys.Ino
		}
		fmt.Fprintf(&b, "%s %d %d %d\n", f, inode, st.Size(), st.ModTime().UnixNano())
	}
	return b.String()
}

// reload builds everything anew and puts it in force, or changes nothing.
func (s *service) reload(ctx context.Context, why string) {
	p, err := s.rebuild(ctx)
	if err == nil && s.parts.users != nil {
		// The one step that can still fail comes first; what follows only swaps pointers.
		err = s.parts.users.Reload()
	}
	if err == nil {
		err = s.server.SetWorld(p.world)
	}
	if err == nil {
		err = s.server.SetLimits(limitsOf(p.cfg.Limits))
	}
	now := time.Now()
	for _, what := range []metrics.Reloaded{metrics.ReloadPolicy, metrics.ReloadConfig, metrics.ReloadCertificates} {
		s.metrics.Reload(what, now, err)
	}
	s.loads.note(now, why, err)
	if err != nil {
		s.log.Error("reload failed; everything stays as it was", zap.String("why", why), zap.Error(err))
		s.note(ctx, audit.Event{Kind: audit.PolicyFailed, Policy: s.server.World().Policy.Version(), Reason: firstLine(err)})
		return
	}
	s.live.set(p)
	s.log.Info("reloaded", zap.String("why", why), zap.String("policy", p.world.Policy.Version()))
	s.note(ctx, audit.Event{Kind: audit.PolicyReloaded, Policy: p.world.Policy.Version(), Reason: why})
}

// rebuild loads and builds everything from the files as they are now.
func (s *service) rebuild(ctx context.Context) (*parts, error) {
	cfg, err := config.Load(s.path)
	if err != nil {
		return nil, err
	}
	if fixed := needRestart(s.parts.cfg, cfg); len(fixed) > 0 {
		return nil, fmt.Errorf("%s: a change of %s needs a restart", s.path, strings.Join(fixed, ", "))
	}
	p, err := build(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if (p.cert == nil) != (s.parts.cert == nil) {
		return nil, errors.New("tls: turning TLS on or off needs a restart")
	}
	return p, nil
}

// needRestart names the settings that differ and that a running proxy does not change.
func needRestart(was, is *config.Config) []string {
	var names []string
	for _, c := range []struct {
		name    string
		was, is any
	}{
		{"listen", was.Listen, is.Listen},
		{"tls.mode", was.TLS.Mode, is.TLS.Mode},
		{"upstream", was.Upstream, is.Upstream},
		{"upstreams", was.Upstreams, is.Upstreams},
		{"routes", was.Routes, is.Routes},
		{"tcp", was.TCP, is.TCP},
		{"handover", was.Handover, is.Handover},
		{"sign_in", was.SignIn, is.SignIn},
		{"audit", was.Audit, is.Audit},
		{"metrics", was.Metrics, is.Metrics},
		{"admin", was.Admin, is.Admin},
		{"tracing", was.Tracing, is.Tracing},
		{"log", was.Log, is.Log},
		{"limits.catalog_age", was.Limits.CatalogAge, is.Limits.CatalogAge},
		{"limits.plan_cache_bytes", was.Limits.PlanCacheBytes, is.Limits.PlanCacheBytes},
		{"proxy_protocol", was.ProxyProtocol, is.ProxyProtocol},
		{"replication", was.Replication, is.Replication},
	} {
		if !reflect.DeepEqual(c.was, c.is) {
			names = append(names, c.name)
		}
	}
	return names
}

// firstLine keeps a reason short; the log has all of it.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
