package upstream

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

// Route sends sessions to a group. A session fits it by one of the users and one of the databases; a pattern may hold asterisks, each of
// which stands for any characters.
type Route struct {
	Users, Databases []string
	To               *Group // nil: nobody is let in
}

// Routes is all the upstreams.
type Routes struct {
	list  []Route
	other *Group
	hosts []*Host // of all groups, each once
	all   []*Group
}

// NewRoutes makes Routes: the first route that fits counts, and other is for those whom none does.
func NewRoutes(list []Route, other *Group) (*Routes, error) {
	if other == nil {
		return nil, errors.New("no upstream")
	}
	r := &Routes{list: list, other: other}
	seen := map[*Group]bool{}
	for _, g := range append([]*Group{other}, groupsOf(list)...) {
		if g == nil || seen[g] {
			continue
		}
		seen[g] = true
		r.all = append(r.all, g)
		r.hosts = append(r.hosts, g.hosts...)
	}
	return r, nil
}

func groupsOf(list []Route) []*Group {
	var groups []*Group
	for _, r := range list {
		groups = append(groups, r.To)
	}
	return groups
}

// Of is the group for a session, nil if there is none for it.
func (r *Routes) Of(user, database string) *Group {
	for _, route := range r.list {
		if fits(route.Users, user) && fits(route.Databases, database) {
			return route.To
		}
	}
	return r.other
}

// Other is the group of those whom no route fits.
func (r *Routes) Other() *Group { return r.other }

// Groups are all groups, the one of those whom no route fits first.
func (r *Routes) Groups() []*Group { return r.all }

func fits(patterns []string, name string) bool {
	for _, p := range patterns {
		if matches(p, name) {
			return true
		}
	}
	return false
}

// matches reports whether name is as pattern says.
func matches(pattern, name string) bool {
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == name
	}
	rest, ok := strings.CutPrefix(name, before)
	if !ok {
		return false
	}
	for i := 0; i <= len(rest); i++ {
		if matches(after, rest[i:]) {
			return true
		}
	}
	return false
}

// Cancel forwards a cancel request whose session is not known here to all hosts: its key fits one of them at most. It reports the errors
// of hosts that could not be asked.
func (r *Routes) Cancel(ctx context.Context, c wire.Cancel) error {
	failed := make([]error, len(r.hosts))
	var all sync.WaitGroup
	for i, h := range r.hosts {
		all.Go(func() { failed[i] = h.Cancel(ctx, c) })
	}
	all.Wait()
	return errors.Join(failed...)
}

// Run looks now and then whether the hosts of groups with several can be reached, until ctx ends. It opens and closes a socket: a server
// logs nothing of it.
func (r *Routes) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, g := range r.all {
		if g.o.HealthEvery <= 0 || len(g.hosts) < 2 {
			continue
		}
		for _, h := range g.hosts {
			all.Go(func() { h.watch(ctx, g.o.HealthEvery) })
		}
	}
	all.Wait()
}

func (h *Host) watch(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		h.down.Store(h.Reach(ctx, every) != nil && ctx.Err() == nil)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Reach opens and closes a socket to the host.
func (h *Host) Reach(ctx context.Context, within time.Duration) error {
	network, address := h.dial.Address()
	nc, err := (&net.Dialer{Timeout: within}).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	return nc.Close()
}
