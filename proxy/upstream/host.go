package upstream

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/wire"
)

// Host is one server.
type Host struct {
	dial           wire.DialOptions
	group, address string
	pooled         bool

	down     atomic.Bool  // could not be reached, when it was tried last
	kind     atomic.Int32 // what it was when somebody logged in last
	noCheck  atomic.Bool  // does not take client_connection_check_interval
	sessions atomic.Int64
}

// What a server can be, as far as is known.
const (
	kindUnknown = iota
	kindPrimary
	kindStandby
)

// Name tells the host from all others: upstream and address.
func (h *Host) Name() string { return h.group + " " + h.address }

// Pooled reports whether a connection pooler stands in front of the host, as Options said.
func (h *Host) Pooled() bool { return h.pooled }

// State is what is known of the host. It may be old.
type State struct {
	Group, Address  string
	Up              bool
	Primary, Sorted bool // Sorted: somebody has logged in, so that Primary is known
	Sessions        int64
}

// State is the host's.
func (h *Host) State() State {
	kind := h.kind.Load()
	return State{Group: h.group, Address: h.address, Up: !h.down.Load(), Primary: kind == kindPrimary, Sorted: kind != kindUnknown, Sessions: h.sessions.Load()}
}

// Opened counts a session on the host; the function that it returns takes it off.
func (h *Host) Opened() (closed func()) {
	h.sessions.Add(1)
	return func() { h.sessions.Add(-1) }
}

// Cancel forwards a cancel request to the host.
func (h *Host) Cancel(ctx context.Context, c wire.Cancel) error {
	return wire.SendCancel(ctx, h.dial, c)
}

// Dial connects to the host without logging in.
func (h *Host) Dial(ctx context.Context) (*wire.Conn, error) { return wire.Dial(ctx, h.dial) }

// unlikely is how little hope there is that the host is the right one.
func (h *Host) unlikely(want Attrs) int {
	n, kind := 0, h.kind.Load()
	if h.down.Load() {
		n += 2
	}
	switch want {
	case ReadWrite, Primary:
		if kind == kindStandby {
			n++
		}
	case Standby, ReadOnly:
		if kind == kindPrimary {
			n++
		}
	}
	return n
}

// dialError is a host that can't be reached.
type dialError struct {
	address string
	cause   error
}

func (e *dialError) Error() string { return e.address + ": " + e.cause.Error() }
func (e *dialError) Unwrap() error { return e.cause }

// wrongKind is a host that is not what was asked for.
type wrongKind struct {
	address string
	want    Attrs
	is      string
}

func (e *wrongKind) Error() string {
	return fmt.Sprintf("%s is %s, wanted was %s", e.address, e.is, e.want)
}

// connect opens a session on this host.
func (h *Host) connect(ctx context.Context, o Options, want Attrs, params [][2]string, login LogIn) (Session, error) {
	with, asked := params, false
	if o.ClientCheck > 0 && !h.noCheck.Load() && !setsClientCheck(params) {
		with, asked = append(params[:len(params):len(params)], [2]string{clientCheck, strconv.FormatInt(o.ClientCheck.Milliseconds(), 10)}), true
	}
	up, g, err := h.logIn(ctx, with, login)
	if asked && refusesSetting(err) {
		// The server is older than PostgreSQL 14, of a system on which it can't look, or a pooler.
		if up, g, err = h.logIn(ctx, params, login); err == nil {
			h.noCheck.Store(true)
		}
	}
	if err != nil {
		return Session{}, err
	}
	if err := h.judge(ctx, up, g, want); err != nil {
		up.Write(wire.AppendFrame(nil, 'X', nil))
		up.Flush()
		up.Close()
		return Session{}, err
	}
	return Session{Conn: up, Greeting: g, Host: h}, nil
}

// ErrAgain is what LogIn returns to be called once more, on a new connection.
var ErrAgain = errors.New("once more")

func (h *Host) logIn(ctx context.Context, params [][2]string, login LogIn) (*wire.Conn, auth.Greeting, error) {
	for again := false; ; again = true {
		up, err := wire.Dial(ctx, h.dial)
		if err != nil {
			h.down.Store(ctx.Err() == nil)
			return nil, auth.Greeting{}, &dialError{address: h.address, cause: err}
		}
		h.down.Store(false)
		release := wire.Bound(ctx, up.Conn)
		g, err := login(ctx, up, params)
		release()
		if err == nil {
			return up, g, nil
		}
		up.Close()
		if again || !errors.Is(err, ErrAgain) {
			return nil, g, err
		}
	}
}

// clientCheck is the setting by which a server looks for its client while it works, since PostgreSQL 14.
const clientCheck = "client_connection_check_interval"

// setsClientCheck reports whether the client has an opinion of its own on the setting. Options are read as pg_split_opts and getopt do:
// whatever looks as if it set it counts.
func setsClientCheck(params [][2]string) bool {
	for _, p := range params {
		if strings.EqualFold(p[0], clientCheck) ||
			p[0] == "options" && strings.Contains(strings.ToLower(strings.ReplaceAll(p[1], "-", "_")), clientCheck) {
			return true
		}
	}
	return false
}

// refusesSetting reports whether a login may have failed because of a startup parameter: an unknown one, one that can't be set, or one
// that a pooler doesn't take.
func refusesSetting(err error) bool {
	var said *auth.UpstreamError
	if !errors.As(err, &said) {
		return false
	}
	switch said.Code() {
	case "42704", "22023", "08P01", "0A000":
		return true
	}
	return false
}

// judge reports whether the session's server is of the wanted kind, as libpq does: by what the server reports at login, which it does
// since PostgreSQL 14, else by asking it.
func (h *Host) judge(ctx context.Context, up *wire.Conn, g auth.Greeting, want Attrs) error {
	standby, known := g.Param("in_hot_standby")
	if known {
		h.learn(standby == "on")
	}
	switch want {
	case "", Any, PreferStandby:
		return nil
	case Primary, Standby:
		if !known {
			v, err := ask(ctx, up, "SELECT pg_catalog.pg_is_in_recovery()")
			if err != nil {
				return &dialError{address: h.address, cause: err}
			}
			standby = map[string]string{"t": "on", "f": "off"}[v]
			h.learn(standby == "on")
		}
		if is := map[string]string{"on": "a standby", "off": "a primary"}[standby]; is == "" || (standby == "on") != (want == Standby) {
			return &wrongKind{address: h.address, want: want, is: is}
		}
		return nil
	}
	readOnly, reported := g.Param("default_transaction_read_only")
	if known && reported {
		if standby == "on" {
			readOnly = "on"
		}
	} else {
		var err error
		if readOnly, err = ask(ctx, up, "SHOW transaction_read_only"); err != nil {
			return &dialError{address: h.address, cause: err}
		}
	}
	if is := map[string]string{"on": "read-only", "off": "read-write"}[readOnly]; is == "" || (readOnly == "on") != (want == ReadOnly) {
		return &wrongKind{address: h.address, want: want, is: is}
	}
	return nil
}

func (h *Host) learn(standby bool) {
	if standby {
		h.kind.Store(kindStandby)
	} else {
		h.kind.Store(kindPrimary)
	}
}

// askTimeout bounds a question after login.
const askTimeout = 5 * time.Second

// ask runs a query with one result on a session that is just open, and leaves it as it was.
func ask(ctx context.Context, up *wire.Conn, text string) (string, error) {
	ctx, done := context.WithTimeout(ctx, askTimeout)
	defer done()
	defer wire.Bound(ctx, up.Conn)()
	if err := errors.Join(up.Write(wire.AppendFrame(nil, 'Q', append([]byte(text), 0))), up.Flush()); err != nil {
		return "", err
	}
	answer, err := "", error(nil)
	for range 100 {
		typ, _, e := up.Next()
		if e != nil {
			return "", e
		}
		body, e := up.Body()
		if e != nil {
			return "", e
		}
		switch typ {
		case 'D':
			r := wire.NewReader(body)
			if r.Int16() == 1 {
				v, _ := r.Value()
				answer = string(v)
			}
			err = errors.Join(err, r.Err())
		case 'E':
			err = fmt.Errorf("the server refused a question (%s)", wire.ErrorField(body, 'C'))
		case 'Z':
			return answer, err
		}
	}
	return "", errors.New("the server's answer has no end")
}
