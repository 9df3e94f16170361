package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/proxy/wire"
)

const (
	// lastWords is how long the server's last words are waited for once it takes no more, and how long writing ours may take.
	lastWords = time.Second
	// stopping bounds how long the server is asked again to stop what it does for a client that is gone.
	stopping = 3 * time.Second
	// cancels bounds how many cancel requests are under way, of strangers and of ours each: when many clients vanish at once, the server has
	// other work too.
	cancels = 16
	// untouched is how long a session in which nothing was asked yet is left alone while the server stops: it may have been on its way in.
	untouched = 2 * time.Second
)

// idle ends the session if nothing is owed or open in it. The server has not seen what the client sends behind that.
func (s *session) idle() {
	if s.ledger.closeIdle(s.transaction() == 'I', s.now().Sub(s.began) > untouched) {
		s.stop()
	}
}

// closeIdle makes owe take nothing any more, if nothing is owed and no batch is open. fresh says that this goes for a session too in which
// nothing was asked yet.
func (l *ledger) closeIdle(outside, fresh bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !outside || l.owedLocked() || l.unsynced || !l.asked && !fresh {
		return false
	}
	l.closed = true
	return true
}

// stopLater ends the session after what ended one of its loops, at once unless the other loop still has something to do.
func (s *session) stopLater(reason error, inbound bool) {
	switch {
	case errors.Is(reason, errSentAll): // until the server has ended
	case errors.Is(reason, errTerminate):
		// The server ends the session when it has done what it was sent. As with client_connection_check_interval, nobody waits for
		// what takes longer.
		if s.patience > 0 {
			time.AfterFunc(s.patience, s.stop)
		}
	case inbound && s.up.WriteFailed():
		time.AfterFunc(lastWords, s.stop) // the outbound loop may still read why
	default:
		s.stop()
	}
}

// interrupt makes both loops return from whatever they wait for. What was sent and not read is lost, as it is when either
// peer vanishes; what is pending goes out in hangUp.
func (s *session) interrupt() {
	past := time.Unix(1, 0)
	s.client.SetReadDeadline(past)
	s.client.SetWriteDeadline(s.now().Add(lastWords)) // a frame that is being written may end
	s.up.SetDeadline(past)
	s.ledger.end()
}

// hangUp ends both connections: the server is told Terminate, the client is sent what is pending and why the session ends.
func (s *session) hangUp(reason error) {
	lost := s.up.Lost()
	gone := lost != nil
	var f *fatal
	var e *wire.Error
	switch soon := time.Now().Add(lastWords); {
	case errors.As(reason, &f), errors.As(reason, &e), gone, s.server.draining(), s.killed.Load():
		s.client.SetDeadline(soon)
	default:
		s.client.SetDeadline(time.Now().Add(lastWords / 4)) // it has most likely left
	}
	left := make(chan struct{})
	go func() { s.leaveServer(gone); close(left) }()
	defer func() { <-left }()
	switch told := s.dismissed.Load(); {
	case s.farewell && !s.client.Deaf.Load(): // nothing may follow that
		s.client.HangupFrame(nil)
	case told != nil && !s.client.Deaf.Load():
		s.client.Hangup(told)
	case f != nil:
		s.client.Hangup(f.wire())
	case e != nil:
		s.client.Hangup(e)
	case s.client.Deaf.Load():
		s.client.Hangup(nil)
	case errors.Is(reason, errSentAll) && s.ledger.unanswered() == 0:
		s.client.Flush()
		s.client.Hangup(nil)
	case gone:
		s.client.Hangup(s.serverLost(lost))
	case s.killed.Load():
		s.client.Hangup(&wire.Error{Severity: "FATAL", Code: "57P01", Message: "terminating connection due to administrator command"})
	case s.server.draining():
		s.client.Hangup(&wire.Error{Severity: "FATAL", Code: "57P01", Message: "terminating connection due to administrator command",
			Hint: "The proxy is shutting down. Connect again."})
	default:
		s.client.Flush()
		s.client.Hangup(nil)
	}
}

// serverLost is what the client is told when the server has ended the connection without a word, or can't be reached any more.
func (s *session) serverLost(cause error) *wire.Error {
	e := &wire.Error{Severity: "FATAL", Code: "08006", Message: "the database server closed the connection unexpectedly",
		Hint: "The server's log may say why. Whether a statement was carried out that was not answered is not known: look before it is repeated."}
	if !errors.Is(cause, io.EOF) {
		e.Message = "the connection to the database server was lost"
		e.Hint = "The server or the network between it and the proxy has failed. " + e.Hint[strings.Index(e.Hint, "Whether"):]
	}
	if s.warned != "" { // the server has said it in a notice
		e.Code = s.warned
	}
	return e
}

// leaveServer ends the connection to the server, and what the server does for this session.
func (s *session) leaveServer(gone bool) {
	defer s.up.Close()
	if gone {
		return
	}
	busy := s.ledger.owed()
	if busy {
		s.cancelRunning()
	}
	s.up.SetDeadline(time.Now().Add(lastWords / 4))
	if s.up.Write(wire.AppendFrame(nil, 'X', nil)) != nil || s.up.Flush() != nil || !busy {
		return
	}
	// Behind what was cancelled the server may have more to do, and a request that comes between two statements has no effect.
	wait := lookEvery / 4
	for until := time.Now().Add(stopping); time.Now().Before(until); wait = min(2*wait, lookEvery) {
		s.up.SetReadDeadline(time.Now().Add(wait))
		if _, err := io.Copy(io.Discard, struct{ io.Reader }{s.up.Conn}); !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		s.cancelRunning()
	}
}

// cancelRunning cancels what the server does for a client that is gone: the server itself looks for the client only when it has
// something to say to it.
func (s *session) cancelRunning() {
	ctx, done := context.WithTimeout(context.Background(), 2*time.Second)
	defer done()
	select {
	case s.server.ownCancels <- struct{}{}:
		defer func() { <-s.server.ownCancels }()
	case <-ctx.Done():
		return
	}
	if err := s.host.Cancel(ctx, s.running); err != nil {
		s.log.Debug("a statement of a client that is gone was not cancelled", zap.Error(err))
	}
}

// warning takes note of a notice that the server gives before it ends sessions without more words: quickdie in
// src/backend/tcop/postgres.c.
func (s *session) warning(body []byte) {
	if !bytes.Contains(body, []byte("C57P0")) {
		return
	}
	switch code := wire.ErrorField(body, 'C'); code {
	case "57P01", "57P02", "57P03":
		s.warned = code
	}
}
