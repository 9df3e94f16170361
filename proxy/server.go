// Package proxy accepts connections and runs one session each: two loops, one ledger, and a plan that is applied to
// parameters, literals and rows.
package proxy

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/audit"
	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/trace"
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// Options is everything that a Server is made of. Audit may be nil if no role's statements are recorded.
type Options struct {
	Listener net.Listener
	Accept   wire.AcceptOptions
	Method   auth.Method
	Routes   *upstream.Routes
	World    *World
	Audit    *audit.Log
	Metrics  *metrics.Metrics
	Traces   *trace.Tracer // nil: none
	Log      *zap.Logger
	Limits   Limits
	// ShowAddress puts the client's address into application_name upstream.
	ShowAddress bool
	Now         func() time.Time // nil: time.Now
}

// Server accepts clients. Make it with New; Run it once.
type Server struct {
	opt      Options
	world    atomic.Pointer[World]
	catalogs *catalogs
	plans    *policy.Cache
	metrics  *metrics.Metrics
	audit    *audit.Log
	log      *zap.Logger
	now      func() time.Time

	columns   sync.Map // columnName → *metrics.ColumnCounters
	limits    atomic.Pointer[Limits]
	admission admission
	throttle  *throttle
	buffers   wire.Buffers // of all sessions
	stopping  atomic.Bool  // soon no more clients are taken
	closing   atomic.Bool  // none are

	vigil    vigil
	arrivals arrivals
	looks    [32]byte // keys the hashes by which plans are shown
	// A place for each cancel request that may be under way: those of strangers, and the proxy's own for clients that are gone.
	cancels, ownCancels chan struct{}
	keys                keys
	hurry               sync.Once
	atOnce              chan struct{} // closed when sessions are not waited for any more
}

type columnName struct {
	table  sql.TableName
	column string
}

// New makes a Server. It starts nothing.
func New(o Options) (*Server, error) {
	switch {
	case o.World == nil, o.Method == nil, o.Metrics == nil, o.Log == nil, o.Listener == nil, o.Routes == nil:
		return nil, errors.New("proxy: incomplete options")
	case !o.Limits.set():
		return nil, errUnlimited
	case o.Audit == nil && o.World.Policy.RecordsStatements():
		return nil, errors.New("the policy records statements and there is no audit log")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{opt: o, catalogs: newCatalogs(o.Limits.Catalog), plans: policy.NewCache(o.Limits.Plans), metrics: o.Metrics,
		audit: o.Audit, log: o.Log, now: o.Now, cancels: make(chan struct{}, cancels), ownCancels: make(chan struct{}, cancels), atOnce: make(chan struct{})}
	rand.Read(s.looks[:]) // never fails
	s.world.Store(o.World)
	s.limits.Store(&o.Limits)
	s.throttle = newThrottle()
	o.Metrics.WatchPlanCache(s.plans.Stats)
	return s, nil
}

// SetWorld makes w the world of every statement from now on.
func (s *Server) SetWorld(w *World) error {
	if s.audit == nil && w.Policy.RecordsStatements() {
		return errors.New("the policy records statements and there is no audit log")
	}
	s.world.Store(w)
	s.plans.Purge()
	return nil
}

// World is the world in force.
func (s *Server) World() *World { return s.world.Load() }

func (s *Server) draining() bool { return s.closing.Load() }

// counters returns the counters of a column, always the same ones.
func (s *Server) counters(table sql.TableName, column string) *metrics.ColumnCounters {
	name := columnName{table, column}
	if c, ok := s.columns.Load(name); ok {
		return c.(*metrics.ColumnCounters)
	}
	c, _ := s.columns.LoadOrStore(name, s.metrics.Column(table.String(), column))
	return c.(*metrics.ColumnCounters)
}

func (s *Server) accept(ctx context.Context, sessions *sync.WaitGroup) error {
	for pause := time.Duration(0); ; {
		nc, err := s.opt.Listener.Accept()
		if err != nil {
			var ne net.Error
			if errors.As(err, &ne) && ne.Timeout() || !errors.Is(err, net.ErrClosed) && pause < time.Second {
				pause = max(2*pause, 5*time.Millisecond) // out of file descriptors, most likely
				s.log.Warn("accept failed", zap.Error(err), zap.Duration("again_in", pause))
				time.Sleep(pause)
				continue
			}
			return err
		}
		pause = 0
		sessions.Go(func() {
			ses, giveBack := s.open(ctx, nc)
			if ses == nil {
				nc.Close()
				return
			}
			// In a goroutine of its own: a stack stays as large as signing in has made it until the collector has run a few times.
			sessions.Go(func() { s.live(ctx, nc, ses, giveBack) })
		})
	}
}

// caught keeps a panic from ending more than the goroutine; it is to be deferred.
func (s *Server) caught() {
	if r := recover(); r != nil {
		s.log.Error("panic", zap.String("type", fmt.Sprintf("%T", r)), zap.Stack("stack"))
	}
}

// open makes a session of a connection. It is nil where there is none; otherwise giveBack must be called at its end.
func (s *Server) open(ctx context.Context, nc net.Conn) (ses *session, giveBack func()) {
	defer s.caught()
	limits := *s.limits.Load()
	place, err := s.comesIn(nc, limits)
	if err != nil {
		return nil, nil
	}
	defer place.leave()
	arrival := s.arrivals.add(nc, s.now())
	defer arrival.gone()
	handshake, done := context.WithTimeout(ctx, limits.Handshake)
	defer done()
	accept := s.opt.Accept
	accept.Known = func(addr netip.Addr) error { return place.comesFrom(addr, limits) }
	client, opening, err := wire.Accept(handshake, nc, accept)
	if err != nil {
		s.notSignedIn(opening.Addr, "", err, outcomeOfOpening(err))
		return nil, nil
	}
	client.Lend(&s.buffers)
	if opening.Cancel != nil {
		s.cancel(handshake, client, *opening.Cancel)
		return nil, nil
	}
	arrival.asks(opening)
	if ses, giveBack, err = s.signIn(handshake, client, opening); err != nil {
		return nil, nil
	}
	return ses, giveBack
}

// live is a session's life.
func (s *Server) live(ctx context.Context, nc net.Conn, ses *session, giveBack func()) {
	defer nc.Close()
	defer s.caught()
	defer giveBack()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ses.ctx, ses.stop, ses.ending = ctx, stop, ctx.Done()
	defer s.keys.add(ses.running, ses.host)()
	defer ses.host.Opened()()
	s.metrics.Sessions.Inc()
	s.metrics.SessionsActive.Inc()
	defer s.metrics.SessionsActive.Dec()
	reason := ses.run()
	ses.log.Debug("session ended", zap.Error(reason))
}

// signIn proves who the client is, logs in upstream, and only then tells the client that it is in. The session has a place,
// which giveBack gives back.
func (s *Server) signIn(ctx context.Context, client *wire.Conn, o wire.Opening) (ses *session, giveBack func(), err error) {
	defer wire.Bound(ctx, client.Conn)()
	giveBack = func() {}
	fail := func(err error, outcome metrics.Outcome) (*session, func(), error) {
		giveBack()
		s.notSignedIn(o.Addr, o.Startup.User, err, outcome)
		var up *auth.UpstreamError
		if errors.As(err, &up) {
			client.HangupFrame(up.Frame)
		} else {
			client.Hangup(err)
		}
		return nil, nil, err
	}
	limits := *s.limits.Load()
	if err := s.admission.fits(o.Addr, limits); err != nil {
		return fail(err, metrics.TooManySessions)
	}
	try, err := s.throttle.begin(o.Addr, o.Startup.User, limits.SignInDelay, s.now)
	if err != nil {
		return fail(err, metrics.Throttled)
	}
	proof, err := s.opt.Method.Authenticate(ctx, client, o.Startup, o.TLS)
	defer proof.Wipe()
	if err := s.holdBack(ctx, client, try, proof, err); err != nil {
		return fail(err, outcomeOfSignIn(err))
	}
	back, err := s.mayEnter(o, proof, limits)
	if err != nil {
		return fail(err, outcomeOfEntry(err))
	}
	giveBack = back
	session, err := s.logIn(ctx, client, s.upstreamHello(o), proof)
	up, greeting := session.Conn, session.Greeting
	if err != nil {
		outcome := outcomeOfLogin(err)
		if outcome == metrics.WrongPassword && !proof.Verified() {
			try.failed()
		}
		return fail(err, outcome)
	}
	try.succeeded()
	out := append(client.Out(), proof.Final...)
	out = wire.AppendAuth(out, wire.AuthOk, nil)
	out = greeting.Append(out)
	if err := errors.Join(client.SetOut(out), client.Flush()); err != nil {
		up.Close()
		return fail(err, metrics.ClientLeft)
	}
	s.metrics.SignIn(metrics.SignedIn)
	ses = s.newSession(client, up, o, proof, greeting)
	ses.host, ses.source, ses.began = session.Host, session.Host.Name()+"\x00"+o.Startup.Database, s.now()
	ses.patience = s.opt.Routes.Of(o.Startup.User, o.Startup.Database).ClientCheck()
	return ses, giveBack, nil
}

func (s *Server) newSession(client, up *wire.Conn, o wire.Opening, proof auth.Proof, g auth.Greeting) *session {
	client.SetMaxWhole(s.limits.Load().Message)
	up.SetMaxWhole(wire.MaxFrame)
	ses := &session{server: s, id: newSessionID(), client: client, up: up, ledger: newLedger(),
		subject: subjectOf(o, proof.User, proof.Method)}
	ses.log = s.log.With(zap.String("session", ses.id), zap.String("user", proof.User), zap.String("database", o.Startup.Database))
	ses.seal.server = s
	ses.settings.Store(&value.Settings{})
	for _, p := range g.Params {
		ses.setting(p[0], p[1])
	}
	ses.major = ses.version
	ses.status.Store(uint32(g.Status))
	ses.running = wire.Cancel{PID: g.PID, Key: g.Key}
	ses.enter(s.world.Load())
	if o.Startup.Replication != wire.NoReplication {
		ses.walsender = &walsender{session: ses}
	}
	return ses
}
