package upstream

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/e2e/loopback"
	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/wire"
)

// listener takes connections and says nothing.
func listener(t *testing.T) wire.DialOptions {
	t.Helper()
	return at(loopback.Serve(t, func(c net.Conn) { io.Copy(io.Discard, c) }))
}

func at(port int) wire.DialOptions {
	return wire.DialOptions{Host: "127.0.0.1", Port: uint16(port), Mode: wire.Disable}
}

// nobody is an address on which nobody listens.
func nobody(t *testing.T) wire.DialOptions {
	t.Helper()
	port, err := postgres.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return at(port)
}

func refused(code string) error {
	return &auth.UpstreamError{Frame: wire.AppendError(nil, "FATAL", code, "no", "", "", 0)}
}

// as logs in on servers that are, in the order of the calls, what is said: primary, standby, readonly, or an SQLSTATE.
func as(calls *[][][2]string, is ...string) LogIn {
	return func(_ context.Context, _ *wire.Conn, params [][2]string) (auth.Greeting, error) {
		n := len(*calls)
		*calls = append(*calls, params)
		if n >= len(is) {
			return auth.Greeting{}, errors.New("one login too many")
		}
		standby, readOnly := "off", "off"
		switch is[n] {
		case "primary":
		case "standby":
			standby = "on"
		case "readonly":
			readOnly = "on"
		case "cut":
			return auth.Greeting{}, io.ErrUnexpectedEOF
		default:
			return auth.Greeting{}, refused(is[n])
		}
		return auth.Greeting{Params: [][2]string{{"in_hot_standby", standby}, {"default_transaction_read_only", readOnly}}, Status: 'I'}, nil
	}
}

func TestConnect(t *testing.T) {
	one, two, three := listener(t), listener(t), listener(t)
	for _, c := range []struct {
		name  string
		hosts []wire.DialOptions
		attrs Attrs
		is    []string // what each login in turn finds
		want  int      // index of the host, -1: an error
		err   string
	}{
		{"any takes the first", []wire.DialOptions{one, two}, Any, []string{"standby"}, 0, ""},
		{"the zero value is any", []wire.DialOptions{one, two}, "", []string{"readonly"}, 0, ""},
		{"one that can't be reached is passed over", []wire.DialOptions{nobody(t), two}, Any, []string{"primary"}, 1, ""},
		{"one that breaks off", []wire.DialOptions{one, two}, Any, []string{"cut", "primary"}, 1, ""},
		{"one that starts up", []wire.DialOptions{one, two}, Any, []string{"57P03", "primary"}, 1, ""},
		{"one that is full", []wire.DialOptions{one, two}, Any, []string{"53300", "primary"}, 1, ""},
		{"a wrong password is the answer", []wire.DialOptions{one, two}, Any, []string{"28P01"}, -1, "28P01"},
		{"no such database is the answer", []wire.DialOptions{one, two}, Any, []string{"3D000"}, -1, "3D000"},
		{"all start up", []wire.DialOptions{one, two}, Any, []string{"57P03", "57P03"}, -1, "57P03"},
		{"none can be reached", []wire.DialOptions{nobody(t), nobody(t)}, Any, nil, -1, "could not be reached"},
		{"primary", []wire.DialOptions{one, two}, Primary, []string{"standby", "readonly"}, 1, ""},
		{"read-write", []wire.DialOptions{one, two, three}, ReadWrite, []string{"standby", "readonly", "primary"}, 2, ""},
		{"read-only of a primary", []wire.DialOptions{one, two}, ReadOnly, []string{"primary", "readonly"}, 1, ""},
		{"read-only of a standby", []wire.DialOptions{one, two}, ReadOnly, []string{"primary", "standby"}, 1, ""},
		{"standby", []wire.DialOptions{one, two}, Standby, []string{"readonly", "standby"}, 1, ""},
		{"prefer-standby, there is one", []wire.DialOptions{one, two}, PreferStandby, []string{"primary", "standby"}, 1, ""},
		{"prefer-standby, there is none", []wire.DialOptions{one, two}, PreferStandby, []string{"primary", "primary", "primary"}, 0, ""},
		{"none is fit", []wire.DialOptions{one, two}, ReadWrite, []string{"standby", "standby"}, -1, CodeUnfit},
		{"none is fit, one is gone", []wire.DialOptions{nobody(t), two}, Primary, []string{"standby"}, -1, CodeUnfit},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, err := New(Options{Name: "g", Hosts: c.hosts, Attrs: c.attrs})
			if err != nil {
				t.Fatal(err)
			}
			var calls [][][2]string
			s, err := g.Connect(t.Context(), nil, as(&calls, c.is...))
			if len(calls) != len(c.is) {
				t.Errorf("%d logins, want %d", len(calls), len(c.is))
			}
			if c.want < 0 {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Errorf("got %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s.Conn.Close()
			if s.Host != g.Hosts()[c.want] {
				t.Errorf("host %s, want %s", s.Host.Name(), g.Hosts()[c.want].Name())
			}
		})
	}
}

func TestClientCheckIsTakenBack(t *testing.T) {
	for code, logins := range map[string]int{"42704": 2, "22023": 2, "08P01": 2, "28P01": 1} {
		g, err := New(Options{Name: "g", Hosts: []wire.DialOptions{listener(t)}, ClientCheck: 1500e6})
		if err != nil {
			t.Fatal(err)
		}
		var calls [][][2]string
		s, err := g.Connect(t.Context(), [][2]string{{"work_mem", "1MB"}}, as(&calls, code, "primary"))
		if len(calls) != logins || len(calls[0]) != 2 || calls[0][1] != [2]string{clientCheck, "1500"} {
			t.Errorf("%s: logins %v", code, calls)
		}
		if logins == 1 {
			continue
		}
		if err != nil || len(calls[1]) != 1 {
			t.Fatalf("%s: %v %v", code, err, calls)
		}
		s.Conn.Close()
		calls = nil
		if s, err = g.Connect(t.Context(), nil, as(&calls, "primary")); err != nil || len(calls) != 1 || len(calls[0]) != 0 {
			t.Errorf("%s is not remembered: %v %v", code, err, calls)
		} else {
			s.Conn.Close()
		}
	}
}

func TestRoutes(t *testing.T) {
	group := func(name string) *Group {
		g, err := New(Options{Name: name, Hosts: []wire.DialOptions{{Host: "localhost", Mode: wire.Disable}}})
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	other, a, b := group("other"), group("a"), group("b")
	r, err := NewRoutes([]Route{
		{Users: []string{"*"}, Databases: []string{"crm", "crm_*_x"}, To: a},
		{Users: []string{"re*", "x"}, Databases: []string{"*"}, To: b},
		{Users: []string{"*"}, Databases: []string{"old"}},
	}, other)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		user, database string
		want           *Group
	}{
		{"u", "crm", a}, {"re", "crm", a}, {"u", "crm2", other}, {"u", "crm_y_x", a}, {"u", "crm__x", a}, {"u", "crm_x", other}, {"u", "CRM", other},
		{"re", "d", b}, {"report", "old", b}, {"x", "d", b}, {"xx", "d", other}, {"u", "old", nil}, {"", "", other},
	} {
		if got := r.Of(c.user, c.database); got != c.want {
			t.Errorf("%s, %s: got %v", c.user, c.database, got)
		}
	}
	if _, err := NewRoutes(nil, nil); err == nil {
		t.Error("routes without an upstream")
	}
	if len(r.Groups()) != 3 || r.Groups()[0] != other {
		t.Errorf("groups %v", r.Groups())
	}
}
