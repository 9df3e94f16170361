package proxy

import (
	"context"
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/wire"
)

// logIn opens the client's session on a server that its route leads to. It gives up when the client has left.
func (s *Server) logIn(ctx context.Context, client *wire.Conn, hello wire.Startup, proof auth.Proof) (upstream.Session, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer s.vigil.add(&watched{client: client, gone: stop})()
	group := s.opt.Routes.Of(hello.User, hello.Database)
	if group == nil {
		return upstream.Session{}, &wire.Error{Severity: "FATAL", Code: "3D000",
			Message: "no upstream server is configured for this user and database [" + CodeNoRoute + "]",
			Hint:    "Check the names in the connection string; the routes in the proxy's configuration say who goes where."}
	}
	session, err := group.Connect(ctx, hello.Params, func(ctx context.Context, up *wire.Conn, params [][2]string) (auth.Greeting, error) {
		up.Lend(&s.buffers)
		hello.Params = params
		g, err := group.Login().Login(ctx, up, hello, proof)
		if older, again := olderHello(hello, err); again {
			hello = older
			return g, upstream.ErrAgain
		}
		return g, err
	})
	if err == nil {
		return session, nil
	}
	if unreached := (*upstream.Unreached)(nil); errors.As(err, &unreached) {
		s.metrics.UpstreamError(metrics.StageDial)
		s.log.Error("upstream not reached", zap.String("upstream", group.Name()), zap.Error(err))
	} else {
		s.metrics.UpstreamError(metrics.StageLogin)
	}
	return session, err
}

// CodeNoRoute is the refusal's code where the routes lead a session nowhere.
const CodeNoRoute = "PV331"

// keys are the cancel keys of the sessions of this server, and where each is.
type keys struct {
	mu  sync.Mutex
	all map[cancelKey]*upstream.Host
}

type cancelKey struct {
	pid uint32
	key string
}

func (k *keys) add(c wire.Cancel, h *upstream.Host) (remove func()) {
	id := cancelKey{c.PID, string(c.Key)}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.all == nil {
		k.all = map[cancelKey]*upstream.Host{}
	}
	k.all[id] = h
	return func() {
		k.mu.Lock()
		defer k.mu.Unlock()
		delete(k.all, id)
	}
}

func (k *keys) host(c wire.Cancel) *upstream.Host {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.all[cancelKey{c.PID, string(c.Key)}]
}

// cancelTimeout bounds what one cancel request of a stranger may take.
const cancelTimeout = 10 * time.Second

// cancel forwards a cancel request to the server, which alone knows whether its key is right: to the one on which the session is, or, if
// another proxy has the session, to all.
func (s *Server) cancel(ctx context.Context, client *wire.Conn, c wire.Cancel) {
	defer client.Close()
	ctx, done := context.WithTimeout(ctx, cancelTimeout)
	defer done()
	select {
	case s.cancels <- struct{}{}:
		defer func() { <-s.cancels }()
	case <-ctx.Done():
		return
	}
	err := error(nil)
	if h := s.keys.host(c); h != nil {
		err = h.Cancel(ctx, c)
	} else {
		err = s.opt.Routes.Cancel(ctx, c)
	}
	if err != nil {
		s.metrics.UpstreamError(metrics.StageCancel)
		s.log.Warn("cancel request not forwarded", zap.Error(err))
	}
}
