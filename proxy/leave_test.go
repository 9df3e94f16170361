package proxy

import (
	"io"
	"net"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/wire"
)

// TestNothingFollowsFarewell: when the server has told the client that the session is over, nothing is said behind that, whatever else ends it.
func TestNothingFollowsFarewell(t *testing.T) {
	told := wire.AppendError(nil, "FATAL", "57P01", "terminating connection due to administrator command", "", "", 0)
	for name, reason := range map[string]error{
		"of ours":     &fatal{sqlstate: "XX000", message: "internal error of the proxy"},
		"a limit":     &wire.Error{Severity: "FATAL", Code: "53300", Message: "too many"},
		"a dismissal": io.EOF,
	} {
		client, far := net.Pipe()
		up, server := net.Pipe()
		server.Close()
		s := &session{server: &Server{metrics: metrics.New(prometheus.NewRegistry())}, ledger: newLedger(), client: wire.NewConn(client, 1<<20), up: wire.NewConn(up, 1<<20), farewell: true}
		if reason == io.EOF {
			s.dismissed.Store(&wire.Error{Severity: "FATAL", Code: "57P05", Message: "terminating connection due to idle-session timeout"})
		}
		if err := s.client.SetOut(append(s.client.Out(), told...)); err != nil {
			t.Fatal(err)
		}
		go s.hangUp(reason)
		got, _ := io.ReadAll(far)
		if string(got) != string(told) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestLastWordsAreSaidOnce: the server's FATAL is the session's farewell whatever it was asked, by the client or by the proxy itself.
func TestLastWordsAreSaidOnce(t *testing.T) {
	told := wire.AppendError(nil, "FATAL", "57P01", "terminating connection due to administrator command", "", "", 0)
	for name, take := range map[string]func(s *session) error{
		"a statement of ours":             func(s *session) error { return s.innerFrame(&inner{done: make(chan struct{})}, 'E') },
		"one of ours in a batch":          func(s *session) error { return s.innerFrame(&inner{inBatch: true, done: make(chan struct{})}, 'E') },
		"behind an error of ours":         func(s *session) error { return s.swallow(answer{kind: kindQuery}, 'E') },
		"a statement":                     func(s *session) error { return s.serverError(answer{kind: kindQuery}) },
		"when nothing was asked":          func(s *session) error { return s.unasked('E') },
		"a statement that is refused":     func(s *session) error { return s.serverError(answer{kind: kindParse, refusal: refusalAborted}) },
		"the text of a refused statement": func(s *session) error { return s.serverError(answer{kind: kindQuery, refusal: refusalAborted}) },
	} {
		client, far := net.Pipe()
		up, server := net.Pipe()
		s := &session{server: &Server{metrics: metrics.New(prometheus.NewRegistry())}, ledger: newLedger(), client: wire.NewConn(client, 1<<20), up: wire.NewConn(up, 1<<20)}
		go func() {
			server.Write(told)
			server.Close()
		}()
		if typ, _, err := s.up.Next(); typ != 'E' || err != nil {
			t.Fatalf("%s: %q %v", name, typ, err)
		}
		if err := take(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		go s.hangUp(io.EOF)
		if got, _ := io.ReadAll(far); string(got) != string(told) {
			t.Errorf("%s: the client is told %q", name, got)
		}
	}
}
