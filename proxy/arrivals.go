package proxy

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

// arrivals are the connections that have not signed in yet, for the operator to see.
type arrivals struct {
	mu   sync.Mutex
	last uint64
	all  map[*arrival]struct{}
}

// arrival is one of them. Its fields belong to arrivals.mu.
type arrival struct {
	of             *arrivals
	id             uint64
	conn           net.Conn
	since          time.Time
	addr           netip.Addr // zero until the client has said what it wants
	user, database string
}

// add begins to show a connection; gone ends it.
func (a *arrivals) add(conn net.Conn, now time.Time) *arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.all == nil {
		a.all = map[*arrival]struct{}{}
	}
	a.last++
	n := &arrival{of: a, id: a.last, conn: conn, since: now}
	a.all[n] = struct{}{}
	return n
}

// asks notes what the client has asked for.
func (n *arrival) asks(o wire.Opening) {
	n.of.mu.Lock()
	defer n.of.mu.Unlock()
	n.addr, n.user, n.database = o.Addr, o.Startup.User, o.Startup.Database
}

func (n *arrival) gone() {
	n.of.mu.Lock()
	defer n.of.mu.Unlock()
	delete(n.of.all, n)
}

// name tells arrivals from sessions, whose IDs are hexadecimal.
func (n *arrival) name() string { return fmt.Sprintf("new-%d", n.id) }

func (a *arrivals) infos(now time.Time) []SessionInfo {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []SessionInfo
	for n := range a.all {
		i := SessionInfo{ID: n.name(), State: StateSigningIn, Age: now.Sub(n.since).Seconds(), StateAge: now.Sub(n.since).Seconds(),
			User: n.user, Database: n.database, Waiting: WaitingClient}
		if n.addr.IsValid() {
			i.Client = n.addr.String()
		} else if at, err := netip.ParseAddrPort(n.conn.RemoteAddr().String()); err == nil {
			i.Client = at.Addr().Unmap().String()
		}
		all = append(all, i)
	}
	return all
}

// kill closes a connection that has not signed in.
func (a *arrivals) kill(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for n := range a.all {
		if n.name() == id {
			n.conn.Close()
			return true
		}
	}
	return false
}
