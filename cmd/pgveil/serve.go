package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/proxy"
	"github.com/pgveil/pgveil/proxy/audit"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/trace"
	"github.com/pgveil/pgveil/proxy/wire"
)

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run the proxy",
		Long: `Runs until SIGTERM or SIGINT, then takes no new clients, gives the sessions limits.drain_timeout to finish, and ends; a second
signal ends the sessions at once. SIGHUP, and any change of the files that the configuration names, loads policy, protected columns, keys, users,
certificate and limits again: all or nothing. A reload that fails changes nothing, says why in the log, and shows in a metric. Changes of
other settings, and of limits.catalog_age and limits.plan_cache_bytes, are named and need a restart.

The log goes to standard error.`,
		Example: "  pgveil serve -c /etc/pgveil/pgveil.yaml",
		Args:    args(cobra.NoArgs),
	}
	path := configFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := config.Load(*path)
		if err != nil {
			return err
		}
		p, err := build(c.Context(), cfg)
		if err != nil {
			return err
		}
		log, level, err := newLogger(cfg.Log, c.ErrOrStderr())
		if err != nil {
			return err
		}
		defer log.Sync()
		s := &service{path: *path, parts: p, log: log, level: level}
		if err := s.open(); err != nil {
			return err
		}
		ctx, stop := s.untilSignal(c.Context())
		defer stop()
		return s.run(ctx)
	}
	return c
}

// service is the running proxy and what surrounds it.
type service struct {
	path   string
	parts  *parts // as started; what a reload replaces stands in live
	log    *zap.Logger
	level  zap.AtomicLevel // of log
	loads  loads
	traces *trace.Tracer // nil: none

	live     live
	registry *prometheus.Registry
	metrics  *metrics.Metrics
	record   *audit.Log // nil: none
	server   *proxy.Server
	clients  net.Listener
	pages    net.Listener  // nil: none
	before   *net.UnixConn // to the proxy that gave the sockets; nil: none
	// operators is the admin listener; nil: none
	operators net.Listener
}

// open takes what can be taken once: ports, and the folder of the record. It starts nothing.
func (s *service) open() (err error) {
	cfg := s.parts.cfg
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	s.live.set(s.parts)
	s.registry = prometheus.NewRegistry()
	s.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	s.metrics = metrics.New(s.registry)
	s.metrics.WatchCertificates(s.live.certificates)
	s.metrics.WatchHosts(s.parts.hosts)
	if err := s.listen(cfg); err != nil {
		return err
	}
	if s.parts.auditKey != nil {
		s.record, err = audit.Open(string(cfg.Audit.Dir), audit.Options{
			Key: s.parts.auditKey, Software: software(), CheckpointEvery: cfg.Audit.CheckpointInterval.Std(),
		})
		if errors.Is(err, audit.ErrBroken) {
			return withHint(err, "find out why; then pgveil audit accept-break")
		}
		if err != nil {
			return err
		}
		s.metrics.WatchAudit(s.record.Lag)
	}
	if t := cfg.Tracing; !t.IsZero() {
		s.traces = trace.New(trace.Options{Endpoint: string(t.Endpoint), Share: float64(t.Sample), Version: version, Log: s.log})
	}
	s.server, err = proxy.New(s.options())
	return err
}

// untilSignal is a context that ends with the first SIGTERM or SIGINT. The second makes the server wait for nobody, the third is not
// caught any more.
func (s *service) untilSignal(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 3)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	gone := make(chan struct{})
	go func() {
		defer signal.Stop(signals)
		for _, do := range []func(){cancel, s.server.AtOnce} {
			select {
			case sig := <-signals:
				s.log.Info("signal", zap.Stringer("signal", sig))
				do()
			case <-gone:
				return
			}
		}
	}()
	return ctx, func() { cancel(); close(gone) }
}

func (s *service) close() {
	for _, ln := range []net.Listener{s.clients, s.pages, s.operators} {
		if ln != nil {
			ln.Close()
		}
	}
	if s.record != nil {
		s.record.Close()
	}
	if s.before != nil {
		s.before.Close()
	}
}

func (s *service) options() proxy.Options {
	p := s.parts
	return proxy.Options{
		Listener: s.clients,
		Accept: wire.AcceptOptions{TLS: s.live.serverTLS(), RequireTLS: p.cfg.TLS.Mode != config.TLSPlainOnLoopback,
			Proxies: proxiesOf(p.cfg.ProxyProtocol), Replication: p.cfg.Replication == config.ReplicationPermit, Alive: aliveOf(p.cfg.TCP)},
		ShowAddress: p.cfg.Upstream.ShowClientAddress,
		Method:      p.method,
		Routes:      p.routes,
		World:       p.world,
		Audit:       s.record,
		Metrics:     s.metrics,
		Traces:      s.traces,
		Log:         s.log,
		Limits:      limitsOf(p.cfg.Limits),
	}
}

func limitsOf(l config.Limits) proxy.Limits {
	return proxy.Limits{
		Sessions: l.MaxConnections, PerUser: l.MaxConnectionsPerUser, PerAddress: l.MaxConnectionsPerAddress,
		Strangers: l.MaxUnauthenticated, StrangersPerAddress: l.MaxUnauthenticatedPerAddress, SignInDelay: l.SignInDelay.Std(),
		Handshake: l.HandshakeTimeout.Std(), Message: int(l.MaxMessageBytes), Statement: int(l.MaxStatementBytes),
		Pipeline: l.MaxPipeline, Prepared: l.MaxPreparedStatements, Held: int(l.MaxSessionBytes),
		Catalog: l.CatalogAge.Std(), Plans: int(l.PlanCacheBytes), Drain: l.DrainTimeout.Std(), Delay: l.DrainDelay.Std(),
	}
}

// run serves until ctx ends and returns when everything has ended: the sessions first, then what they rely on.
func (s *service) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	around, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var g errgroup.Group
	// What surrounds the server must not end before it; if it does, the server ends too.
	beside := func(what string, f func(context.Context) error) {
		g.Go(func() error {
			err := f(around)
			if around.Err() == nil {
				cancel()
				return fmt.Errorf("%s ended: %w", what, errOr(err, errors.New("without a reason")))
			}
			return err
		})
	}
	if s.record != nil {
		beside("the record", s.record.Run)
		s.note(ctx, audit.Event{Kind: audit.KeysLoaded})
	}
	if s.pages != nil {
		beside("metrics", func(ctx context.Context) error {
			return serveHTTP(ctx, s.pages, metrics.Routes(s.registry, s.checks()...), 30*time.Second)
		})
	}
	now := time.Now()
	s.loads.began(now)
	if s.operators != nil {
		beside("the admin listener", s.serveAdmin)
	}
	if s.traces != nil {
		beside("tracing", s.traces.Run)
	}
	beside("watching files", s.watch)
	beside("tuning the collector", s.tuneCollector)
	for _, what := range []metrics.Reloaded{metrics.ReloadPolicy, metrics.ReloadConfig, metrics.ReloadCertificates} {
		s.metrics.Reload(what, now, nil)
	}
	s.log.Info("ready", zap.String("version", version), zap.Stringer("listen", s.clients.Addr()),
		zap.String("upstream", s.parts.cfg.Upstream.Servers()[0].Host), zap.String("policy", s.parts.world.Policy.Version()))
	if s.parts.cfg.Handover != "" {
		beside("the hand-over", func(around context.Context) error { return s.offer(around, cancel) })
	}
	notify("READY=1")
	context.AfterFunc(ctx, func() { notify("STOPPING=1") })
	err := s.server.Run(ctx)
	s.log.Info("ending")
	end()
	err = errors.Join(err, g.Wait())
	if s.record != nil {
		err = errors.Join(err, s.record.Close())
	}
	return err
}

func errOr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// checks are the conditions of being ready.
func (s *service) checks() []metrics.Check {
	checks := []metrics.Check{{Name: "upstream", Func: s.upstreamReachable}, {Name: "accepting", Now: true, Func: func(context.Context) error {
		if s.server.Stopping() {
			return errors.New("the proxy is shutting down")
		}
		return nil
	}}}
	if s.record != nil {
		checks = append(checks, metrics.Check{Name: "record", Func: func(context.Context) error { return s.record.Healthy() }})
	}
	return checks
}

// upstreamReachable reports whether one of the default upstream's servers can be reached. It opens and closes a socket: no more, lest the server's log fill with broken handshakes.
func (s *service) upstreamReachable(ctx context.Context) error {
	for _, h := range s.parts.routes.Other().Hosts() {
		if h.Reach(ctx, 2*time.Second) == nil {
			return nil
		}
	}
	return errors.New("the upstream server cannot be reached")
}

// note puts an event on the record; that it could not be is logged.
func (s *service) note(ctx context.Context, e audit.Event) {
	if s.record == nil {
		return
	}
	if err := s.record.AppendAsync(ctx, e); err != nil {
		s.log.Error("event not recorded", zap.String("kind", string(e.Kind)), zap.Error(err))
	}
}

// proxiesOf are the balancers that may tell where clients come from.
func proxiesOf(c config.ProxyProtocol) wire.Proxies {
	p := wire.Proxies{Optional: c.Header == config.HeaderOptional}
	for _, n := range c.Trusted {
		p.Trusted = append(p.Trusted, n.Prefix())
	}
	return p
}
