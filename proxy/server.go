// Package proxy accepts connections and runs one session each: two loops, one ledger, and a plan that is applied to
// parameters, literals and rows.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// Limits bound what a session or the whole may use. Zero values are not allowed.
type Limits struct {
	Sessions  int           // at the same time
	Handshake time.Duration // from accept to the end of sign-in
	Message   int           // bytes of a message that must be read whole
	Catalog   time.Duration // age at which the catalog is read again
	Plans     int           // bytes of the plan cache
	Drain     time.Duration // that transactions are given to finish when the server stops
	Delay     time.Duration // before that, in which clients are still taken while Stopping says that they should not come
}

// Options is everything that a Server is made of. Audit may be nil if no role's statements are recorded.
type Options struct {
	Listener net.Listener
	Accept   wire.AcceptOptions
	Method   auth.Method
	Routes   *upstream.Routes
	World    *World
	Audit    *audit.Log
	Metrics  *metrics.Metrics
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

	columns  sync.Map     // columnName → *metrics.ColumnCounters
	buffers  wire.Buffers // of all sessions
	sessions atomic.Int64 // that have signed in
	opening  atomic.Int64 // connections that have not
	stopping atomic.Bool  // soon no more clients are taken
	closing  atomic.Bool  // none are

	vigil   vigil
	cancels chan struct{} // a place for each cancel request of ours that may be under way
	keys    keys
	hurry   sync.Once
	atOnce  chan struct{} // closed when sessions are not waited for any more
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
	case o.Limits.Sessions <= 0 || o.Limits.Handshake <= 0 || o.Limits.Message <= 0 || o.Limits.Plans <= 0:
		return nil, errors.New("proxy: limits must be set")
	case o.Audit == nil && o.World.Policy.RecordsStatements():
		return nil, errors.New("the policy records statements and there is no audit log")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{opt: o, catalogs: newCatalogs(o.Limits.Catalog), plans: policy.NewCache(o.Limits.Plans), metrics: o.Metrics,
		audit: o.Audit, log: o.Log, now: o.Now, cancels: make(chan struct{}, cancels), atOnce: make(chan struct{})}
	s.world.Store(o.World)
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
		sessions.Add(1)
		go func() {
			defer sessions.Done()
			s.serve(ctx, nc)
		}()
	}
}

// serve is a connection's life, in order.
func (s *Server) serve(ctx context.Context, nc net.Conn) {
	defer nc.Close()
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("panic", zap.String("type", fmt.Sprintf("%T", r)), zap.Stack("stack"))
		}
	}()
	// Whoever has not signed in yet counts too: memory for a TLS handshake is not for everyone at once.
	signedIn := sync.OnceFunc(func() { s.opening.Add(-1) })
	defer signedIn()
	if s.opening.Add(1) > int64(s.opt.Limits.Sessions) {
		s.metrics.SignIn(metrics.TooManySessions)
		return
	}
	handshake, done := context.WithTimeout(ctx, s.opt.Limits.Handshake)
	defer done()
	client, opening, err := wire.Accept(handshake, nc, s.opt.Accept)
	if err != nil {
		s.notSignedIn(opening.Addr, "", err, outcomeOfOpening(err))
		return
	}
	if opening.Cancel != nil {
		s.cancel(handshake, client, *opening.Cancel)
		return
	}
	ses, err := s.signIn(handshake, client, opening)
	if err != nil {
		return
	}
	defer s.sessions.Add(-1)
	signedIn()
	done()
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

// signIn proves who the client is, logs in upstream, and only then tells the client that it is in.
func (s *Server) signIn(ctx context.Context, client *wire.Conn, o wire.Opening) (*session, error) {
	defer wire.Bound(ctx, client.Conn)()
	fail := func(err error, outcome metrics.Outcome) (*session, error) {
		s.notSignedIn(o.Addr, o.Startup.User, err, outcome)
		var up *auth.UpstreamError
		if errors.As(err, &up) {
			client.HangupFrame(up.Frame)
		} else {
			client.Hangup(err)
		}
		return nil, err
	}
	if n := s.sessions.Add(1); n > int64(s.opt.Limits.Sessions) {
		s.sessions.Add(-1)
		return fail(&wire.Error{Severity: "FATAL", Code: "53300", Message: "sorry, too many clients already"}, metrics.TooManySessions)
	}
	proof, err := s.opt.Method.Authenticate(ctx, client, o.Startup, o.TLS)
	if err != nil {
		s.sessions.Add(-1)
		return fail(err, outcomeOfSignIn(err))
	}
	defer proof.Wipe()
	if err := s.mayOpen(o, proof.User, proof.Method); err != nil {
		s.sessions.Add(-1)
		return fail(err, metrics.NotAllowed)
	}
	session, err := s.logIn(ctx, client, s.upstreamHello(o), proof)
	up, greeting := session.Conn, session.Greeting
	if err != nil {
		s.sessions.Add(-1)
		return fail(err, outcomeOfLogin(err))
	}
	out := append(client.Out(), proof.Final...)
	out = wire.AppendAuth(out, wire.AuthOk, nil)
	out = greeting.Append(out)
	if err := errors.Join(client.SetOut(out), client.Flush()); err != nil {
		s.sessions.Add(-1)
		up.Close()
		return fail(err, metrics.ClientLeft)
	}
	s.metrics.SignIn(metrics.SignedIn)
	ses := s.newSession(client, up, o, proof, greeting)
	ses.host, ses.source, ses.began = session.Host, session.Host.Name()+"\x00"+o.Startup.Database, s.now()
	ses.patience = s.opt.Routes.Of(o.Startup.User, o.Startup.Database).ClientCheck()
	return ses, nil
}

func (s *Server) newSession(client, up *wire.Conn, o wire.Opening, proof auth.Proof, g auth.Greeting) *session {
	client.Lend(&s.buffers)
	up.Lend(&s.buffers)
	client.SetMaxWhole(s.opt.Limits.Message)
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

// notSignedIn counts and records an attempt that came to nothing.
func (s *Server) notSignedIn(addr netip.Addr, user string, err error, outcome metrics.Outcome) {
	if errors.Is(err, io.EOF) && user == "" {
		return // a health check
	}
	s.metrics.SignIn(outcome)
	s.log.Info("sign-in failed", zap.Stringer("addr", addr), zap.String("user", user), zap.String("outcome", string(outcome)), zap.Error(err))
	if s.audit == nil {
		return
	}
	e := audit.Event{Kind: audit.SignInFailed, User: user, Addr: addr.String(), Reason: string(outcome)}
	if err := s.audit.AppendAsync(context.Background(), e); err != nil {
		s.log.Error("audit event lost", zap.Error(err))
	}
}

func outcomeOfOpening(err error) metrics.Outcome {
	var e *wire.Error
	switch {
	case errors.As(err, &e) && e.Code == "28000":
		return metrics.TLSRequired
	case errors.Is(err, context.DeadlineExceeded):
		return metrics.SignInTimeout
	}
	return metrics.ProtocolError
}

func outcomeOfSignIn(err error) metrics.Outcome {
	var e *wire.Error
	switch {
	case errors.As(err, &e) && e.Code == "28P01":
		return metrics.WrongPassword
	case errors.As(err, &e):
		return metrics.ProtocolError
	}
	return metrics.ClientLeft
}

func outcomeOfLogin(err error) metrics.Outcome {
	var up *auth.UpstreamError
	if errors.As(err, &up) && up.Code() == "28P01" {
		return metrics.WrongPassword
	}
	return metrics.UpstreamFailed
}
