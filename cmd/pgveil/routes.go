package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/wire"
)

// buildRoutes makes the upstreams and says who goes where.
func (p *parts) buildRoutes() error {
	groups := map[string]*upstream.Group{config.NoUpstream: nil}
	var problems []error
	add := func(name string, u config.Upstream) {
		g, err := p.groupOf(name, u)
		groups[name] = g
		problems = append(problems, err)
	}
	add(config.DefaultUpstream, p.cfg.Upstream)
	for _, name := range sorted(p.cfg.Upstreams) {
		add(name, p.cfg.Upstreams[name])
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	var list []upstream.Route
	for _, r := range p.cfg.Routes {
		list = append(list, upstream.Route{Users: r.Users, Databases: r.Databases, To: groups[r.To]})
	}
	var err error
	p.routes, err = upstream.NewRoutes(list, groups[config.DefaultUpstream])
	return err
}

func (p *parts) groupOf(name string, u config.Upstream) (*upstream.Group, error) {
	o := upstream.Options{Name: name, Attrs: upstream.Attrs(u.TargetSessionAttrs), Random: u.LoadBalanceHosts == config.BalanceRandom,
		Rounds: u.ConnectRounds, ClientCheck: u.ClientCheckInterval.Std(), HealthEvery: u.HealthInterval.Std(), Pooled: u.Pooler == config.PoolerSession}
	if p.login != nil {
		o.Login = p.login(loginAllow(u))
	}
	for _, h := range u.Servers() {
		d := wire.DialOptions{Host: h.Host, Port: uint16(h.Port), Mode: wire.SSLMode(u.SSLMode), Timeout: u.ConnectTimeout.Std(), Alive: aliveOf(p.cfg.TCP)}
		if u.CA != "" {
			roots, err := wire.LoadRoots(string(u.CA))
			if err != nil {
				return nil, fmt.Errorf("upstream %s: ca: %w", name, err)
			}
			d.Roots = roots
		}
		o.Hosts = append(o.Hosts, d)
	}
	return upstream.New(o)
}

// loginAllow is how a server may ask for the login.
func loginAllow(u config.Upstream) auth.Allow {
	allow := auth.Allow{RequireBinding: u.ChannelBinding == config.BindingRequire}
	for _, a := range u.Allow {
		switch a {
		case config.AskMD5:
			allow.MD5 = true
		case config.AskCleartext:
			allow.Cleartext = true
		case config.AskTrust:
			allow.Trust = true
		}
	}
	return allow
}

func aliveOf(t config.TCP) wire.Alive {
	return wire.Alive{Idle: t.KeepaliveIdle.Std(), Interval: t.KeepaliveInterval.Std(), Count: t.KeepaliveCount, UserTimeout: t.UserTimeout.Std()}
}

// printRoutes says who goes where, unless all go to the one upstream.
func printRoutes(w io.Writer, path string) {
	cfg, err := config.Load(path)
	if err != nil || len(cfg.Routes) == 0 && len(cfg.Upstream.Hosts) == 0 {
		return
	}
	rows := [][]string{{"DATABASES", "USERS", "UPSTREAM", "SERVERS", "SESSIONS"}}
	add := func(databases, users []string, to string) {
		row := []string{strings.Join(databases, " "), strings.Join(users, " "), to, "", ""}
		if to != config.NoUpstream {
			u := cfg.Upstream
			if to != config.DefaultUpstream {
				u = cfg.Upstreams[to]
			}
			var servers []string
			for _, h := range u.Servers() {
				servers = append(servers, net.JoinHostPort(h.Host, strconv.Itoa(h.Port)))
			}
			row[3], row[4] = strings.Join(servers, " "), string(u.TargetSessionAttrs)
		}
		rows = append(rows, row)
	}
	for _, r := range cfg.Routes {
		add(r.Databases, r.Users, r.To)
	}
	add([]string{"*"}, []string{"*"}, config.DefaultUpstream)
	table(w, rows)
}

// hosts is what metrics shows of the servers.
func (p *parts) hosts() []metrics.Host {
	var all []metrics.Host
	for _, g := range p.routes.Groups() {
		for _, h := range g.Hosts() {
			s := h.State()
			all = append(all, metrics.Host{Upstream: s.Group, Address: s.Address, Up: s.Up, Primary: s.Primary, Sessions: s.Sessions})
		}
	}
	return all
}
