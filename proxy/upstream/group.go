// Package upstream knows the servers behind the proxy: which one a client's session goes to, whether it is reached, and whether it is
// the kind of server that is wanted.
package upstream

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/wire"
)

// Attrs is libpq's target_session_attrs: what kind of server a session is to have. The zero value is Any.
type Attrs string

// The kinds: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNECT-TARGET-SESSION-ATTRS.
const (
	Any           Attrs = "any"
	ReadWrite     Attrs = "read-write"
	ReadOnly      Attrs = "read-only"
	Primary       Attrs = "primary"
	Standby       Attrs = "standby"
	PreferStandby Attrs = "prefer-standby"
)

// Options make a Group.
type Options struct {
	Name  string             // in messages, metrics and the log
	Hosts []wire.DialOptions // at least one
	Attrs Attrs
	// Random takes the hosts in random order for each session, as libpq's load_balance_hosts.
	Random bool
	// Rounds is how many times the hosts are gone through before a client is told that none is fit; 0: once.
	Rounds int
	// ClientCheck is client_connection_check_interval for the sessions, where the server has it and the client does not set it; 0: not set.
	ClientCheck time.Duration
	// Pooled says that there is a connection pooler in front of the hosts, and that it pools sessions.
	Pooled bool
	// HealthEvery is how often it is looked whether the hosts can be reached; 0, or one host alone: never.
	HealthEvery time.Duration
	// Login logs sessions in on these servers.
	Login auth.Login
}

// Group is the hosts among which a session's server is chosen.
type Group struct {
	o     Options
	hosts []*Host
}

// New makes a Group. It connects nowhere.
func New(o Options) (*Group, error) {
	if len(o.Hosts) == 0 {
		return nil, fmt.Errorf("upstream %s: no host", o.Name)
	}
	switch o.Attrs {
	case "", Any, ReadWrite, ReadOnly, Primary, Standby, PreferStandby:
	default:
		return nil, fmt.Errorf("upstream %s: unknown target_session_attrs %q", o.Name, o.Attrs)
	}
	g := &Group{o: o}
	for _, d := range o.Hosts {
		if err := d.Check(); err != nil {
			return nil, fmt.Errorf("upstream %s: %w", o.Name, err)
		}
		g.hosts = append(g.hosts, &Host{dial: d, group: o.Name, address: addressOf(d), pooled: o.Pooled})
	}
	return g, nil
}

// Name is the group's name.
func (g *Group) Name() string { return g.o.Name }

// Hosts are the group's hosts in the order of the configuration.
func (g *Group) Hosts() []*Host { return g.hosts }

// ClientCheck is the interval given in Options.
func (g *Group) ClientCheck() time.Duration { return g.o.ClientCheck }

// Login is the login given in Options.
func (g *Group) Login() auth.Login { return g.o.Login }

// LogIn logs in on a new connection, with these startup parameters. It may be called several times.
type LogIn func(ctx context.Context, up *wire.Conn, params [][2]string) (auth.Greeting, error)

// Session is what Connect has opened.
type Session struct {
	Conn     *wire.Conn
	Greeting auth.Greeting
	Host     *Host
}

// pause is how long is waited before the hosts are gone through again.
const pause = 300 * time.Millisecond

// Connect opens a session on the first host that is fit. Like libpq it goes on to the next one where a host can't be reached or takes no
// sessions now, or is of the wrong kind; any other refusal of a login is the answer, since the next host would say the same. The error
// is that of the login, or a *wire.Error with what the client is to know.
func (g *Group) Connect(ctx context.Context, params [][2]string, login LogIn) (Session, error) {
	var all attempt
	for round := range max(1, g.o.Rounds) {
		if round > 0 {
			select {
			case <-time.After(time.Duration(round) * pause):
			case <-ctx.Done():
				return Session{}, all.told(g, ctx.Err())
			}
		}
		passes := []Attrs{g.o.Attrs}
		if g.o.Attrs == PreferStandby {
			passes = []Attrs{Standby, Any}
		}
		for _, want := range passes {
			for _, h := range g.order(want) {
				s, err := h.connect(ctx, g.o, want, params, login)
				if err == nil {
					return s, nil
				}
				if !all.goOn(err) || ctx.Err() != nil {
					return Session{}, all.told(g, err)
				}
			}
		}
	}
	return Session{}, all.told(g, nil)
}

// order is the hosts as they are tried: first those that are believed to be reachable and of the right kind.
func (g *Group) order(want Attrs) []*Host {
	hosts := slices.Clone(g.hosts)
	if g.o.Random {
		shuffle(hosts)
	}
	slices.SortStableFunc(hosts, func(a, b *Host) int { return a.unlikely(want) - b.unlikely(want) })
	return hosts
}

func shuffle(hosts []*Host) {
	for i := len(hosts) - 1; i > 0; i-- {
		n, err := rand.Int(rand.Reader, big.NewInt(int64(i+1)))
		if err != nil {
			return // it never fails; the order of the configuration is as good
		}
		j := int(n.Int64())
		hosts[i], hosts[j] = hosts[j], hosts[i]
	}
}

// attempt collects why hosts were passed over.
type attempt struct {
	unreached, unfit int
	causes           []string
	last             error // of the server itself
}

// goOn takes note of why a host was passed over, and reports whether the next is to be tried.
func (a *attempt) goOn(err error) bool {
	var wrong *wrongKind
	var said *auth.UpstreamError
	var dial *dialError
	var ne net.Error
	switch {
	case errors.As(err, &wrong):
		a.unfit++
	case errors.As(err, &said):
		a.last = err
		if code := said.Code(); code != "57P03" && code != "57P01" && code != "57P02" && code != "53300" {
			return false
		}
	case errors.As(err, &dial), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &ne):
		a.unreached++
	default:
		return false
	}
	if text := err.Error(); !slices.Contains(a.causes, text) {
		a.causes = append(a.causes, text)
	}
	return true
}

// told is the error of Connect. Addresses are for the log, not for the client.
func (a *attempt) told(g *Group, err error) error {
	var dial *dialError
	var wrong *wrongKind
	switch {
	case err != nil && !errors.As(err, &dial) && !errors.As(err, &wrong) && len(a.causes) == 0:
		return err
	case a.last != nil && a.unfit == 0:
		return a.last
	}
	if err != nil && len(a.causes) == 0 {
		a.causes = append(a.causes, err.Error())
	}
	e := &wire.Error{Severity: "FATAL", Code: "08001", Message: "the database server could not be reached", Hint: "The proxy's log has the reason."}
	if a.unfit > 0 {
		e.Message = fmt.Sprintf("no reachable server is fit for %s sessions [%s]", g.o.Attrs, CodeUnfit)
		e.Hint = "After a failover it can take a moment. The proxy's log says what each server was."
	}
	return &Unreached{Causes: strings.Join(a.causes, "; "), tell: e}
}

// CodeUnfit is the refusal's code where hosts can be reached and none is of the kind that is wanted.
const CodeUnfit = "PV330"

// Unreached says that no host could be had. It wraps what the client is told.
type Unreached struct {
	Causes string // for the log
	tell   *wire.Error
}

func (e *Unreached) Error() string { return e.tell.Message + ": " + e.Causes }
func (e *Unreached) Unwrap() error { return e.tell }

func addressOf(d wire.DialOptions) string {
	port := d.Port
	if port == 0 {
		port = 5432
	}
	return net.JoinHostPort(d.Host, strconv.Itoa(int(port)))
}
