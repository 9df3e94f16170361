package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/proxy/admin"
)

// listenAdmin opens the listener for operators. A Unix socket takes the place of what has its name: the proxy before, or what one left
// behind that died.
func listenAdmin(given net.Listener, address config.AdminAddress) (net.Listener, error) {
	path := address.Socket()
	if path == "" {
		return socketFor(given, string(address), "admin.listen")
	}
	if given != nil {
		given.Close()
		return nil, errors.New("admin.listen is a Unix socket, which is made and not handed over")
	}
	l, err := offerAt(path)
	if err != nil {
		return nil, fmt.Errorf("admin.listen: %w", err)
	}
	return l, nil
}

// loads is how the latest load of the files went, for the operator.
type loads struct {
	started time.Time
	latest  atomic.Pointer[admin.Reload]
}

func (l *loads) began(now time.Time) {
	l.started = now
	l.latest.Store(&admin.Reload{At: now, Why: "start", Since: now})
}

func (l *loads) note(now time.Time, why string, err error) {
	r := admin.Reload{At: now, Why: why, Since: now}
	if err != nil {
		r.Error, r.Since = err.Error(), l.latest.Load().Since
	}
	l.latest.Store(&r)
}

// serveAdmin answers operators until ctx ends.
func (s *service) serveAdmin(ctx context.Context) error {
	h := admin.New(admin.Options{Proxy: s.server, Level: s.level, Log: s.log, Gather: s.registry, About: s.about, Now: time.Now})
	return serveHTTP(ctx, s.operators, h, admin.LongestProfile+30*time.Second)
}

func (s *service) about() admin.About {
	a := admin.About{Version: version, PID: os.Getpid(), Started: s.loads.started, Config: digestOf(s.live.cfg.Load()),
		Policy: s.server.World().Policy.Version(), Draining: s.server.Draining(), Reload: *s.loads.latest.Load()}
	if b, ok := debug.ReadBuildInfo(); ok {
		a.Go = b.GoVersion
		for _, setting := range b.Settings {
			if setting.Key == "vcs.revision" {
				a.Revision = setting.Value
			}
		}
	}
	return a
}

// digestOf tells configurations apart. What they refer to, such as the policy, is not in it; secrets are references.
func digestOf(cfg *config.Config) string {
	text, err := yaml.Marshal(cfg)
	if err != nil {
		return "unknown"
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:8])
}
