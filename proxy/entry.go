package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/proxy/audit"
	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/wire"
)

// comesIn takes a place for a connection that nothing is known of. Whoever has not signed in yet counts: memory for a TLS handshake is
// not for everyone at once.
func (s *Server) comesIn(nc net.Conn, l Limits) (*stranger, error) {
	place, err := s.admission.enter(l)
	if err != nil {
		s.notSignedIn(addrOf(nc), "", err, metrics.TooManySessions)
		wire.TurnAway(nc, err)
		return nil, err
	}
	s.metrics.Strangers.Inc()
	place.left = s.metrics.Strangers.Dec
	return place, nil
}

func addrOf(nc net.Conn) netip.Addr {
	if a, ok := nc.RemoteAddr().(*net.TCPAddr); ok {
		return a.AddrPort().Addr().Unmap()
	}
	return netip.Addr{}
}

// holdBack waits as long as the answer to a sign-in is to be held back, and returns what becomes of it. A client that leaves
// meanwhile is not waited for.
func (s *Server) holdBack(ctx context.Context, client *wire.Conn, try *attempt, proof auth.Proof, signIn error) error {
	wrong := signIn != nil
	if wrong && outcomeOfSignIn(signIn) != metrics.WrongPassword {
		return signIn
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer s.vigil.add(&watched{client: client, gone: stop})()
	waited, err := try.judged(ctx, !wrong, !proof.Verified())
	if waited > 0 {
		s.metrics.Limit(metrics.LimitSignInDelayed)
	}
	if err != nil {
		return err
	}
	return signIn
}

// mayEnter judges whether who has proven to be a user may have a session, and takes the place for it.
func (s *Server) mayEnter(o wire.Opening, proof auth.Proof, l Limits) (giveBack func(), err error) {
	if err := s.mayOpen(o, proof.User, proof.Method); err != nil {
		return nil, err
	}
	rules := s.World().Policy
	ofRole := rules.Limits(rules.RolesOf(subjectOf(o, proof.User, proof.Method))).Connections
	return s.admission.take(o.Addr, proof.User, l, ofRole)
}

// notSignedIn counts and records an attempt that came to nothing.
func (s *Server) notSignedIn(addr netip.Addr, user string, err error, outcome metrics.Outcome) {
	if errors.Is(err, io.EOF) && user == "" {
		return // a health check
	}
	s.metrics.SignIn(outcome)
	var over *tooMany
	if errors.As(err, &over) {
		s.metrics.Limit(over.limit)
	}
	s.log.Info("sign-in failed", zap.Stringer("addr", addr), zap.String("user", user), zap.String("outcome", string(outcome)), zap.Error(err))
	if s.audit == nil {
		return
	}
	e := audit.Event{Kind: audit.SignInFailed, User: user, Addr: addr.String(), Reason: string(outcome)}
	if over != nil {
		e.SQLState, e.Reason = over.told.Code, e.Reason+": "+string(over.limit)
	}
	if err := s.audit.AppendAsync(context.Background(), e); err != nil {
		s.log.Error("audit event lost", zap.Error(err))
	}
}

func outcomeOfOpening(err error) metrics.Outcome {
	var e *wire.Error
	switch {
	case errors.As(err, &e) && e.Code == "28000":
		return metrics.TLSRequired
	case errors.As(err, &e) && e.Code == "53300":
		return metrics.TooManySessions
	case errors.Is(err, context.DeadlineExceeded), timedOut(err):
		return metrics.SignInTimeout
	}
	return metrics.ProtocolError
}

func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func outcomeOfSignIn(err error) metrics.Outcome {
	var e *wire.Error
	var over *tooMany
	switch {
	case errors.As(err, &over):
		return metrics.Throttled
	case errors.As(err, &e) && e.Code == "28P01":
		return metrics.WrongPassword
	case errors.As(err, &e):
		return metrics.ProtocolError
	case timedOut(err), errors.Is(err, context.DeadlineExceeded):
		return metrics.SignInTimeout
	}
	return metrics.ClientLeft
}

func outcomeOfEntry(err error) metrics.Outcome {
	var over *tooMany
	if errors.As(err, &over) {
		return metrics.TooManySessions
	}
	return metrics.NotAllowed
}

func outcomeOfLogin(err error) metrics.Outcome {
	var up *auth.UpstreamError
	if errors.As(err, &up) && up.Code() == "28P01" {
		return metrics.WrongPassword
	}
	return metrics.UpstreamFailed
}
