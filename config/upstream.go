package config

import (
	"net/netip"
	"strconv"
	"strings"
)

// DefaultUpstream is the name of the upstream that needs none.
const DefaultUpstream = "default"

// NoUpstream is where a route leads nowhere.
const NoUpstream = "none"

// maxHosts bounds the servers of one upstream: a cancel request of a stranger is sent to all.
const maxHosts = 16

// checkUpstreams reports what can't be meant about servers, routes and TCP.
func (c *Config) checkUpstreams(d *decoder) {
	checkUpstream(d, c.Upstream, "upstream")
	used := map[string]bool{}
	for i, r := range c.Routes {
		path := []string{"routes", strconv.Itoa(i)}
		used[r.To] = true
		switch _, known := c.Upstreams[r.To]; {
		case r.To == "" && !d.wrong(append(path, "to")...):
			d.problem(path, "a route needs to: the name of an upstream, or none")
		case r.To != "" && r.To != DefaultUpstream && r.To != NoUpstream && !known:
			d.problem(append(path, "to"), "there is no upstream %q in upstreams", r.To)
		}
		for key, names := range map[string][]string{"databases": r.Databases, "users": r.Users} {
			if len(names) == 0 {
				d.problem(append(path, key), "%s has no names; leave it out for all", key)
			}
			for j, name := range names {
				if name == "" || strings.ContainsRune(name, 0) {
					d.problem(append(path, key, strconv.Itoa(j)), "expected a name, or a pattern with *")
				}
			}
		}
	}
	for _, name := range mapKeys(c.Upstreams) {
		switch {
		case name == DefaultUpstream || name == NoUpstream || name == "":
			d.problem([]string{"upstreams", name}, "the name %q has a meaning of its own", name)
		case !used[name]:
			d.problem([]string{"upstreams", name}, "no route leads to upstream %s", name)
		}
		if !d.wrong("upstreams", name) {
			checkUpstream(d, c.Upstreams[name], "upstreams", name)
		}
	}
	if n := c.TCP.KeepaliveCount; n < 1 || n > 100 {
		d.problem([]string{"tcp", "keepalive_count"}, "expected a number from 1 to 100, found %d", n)
	}
}

func checkUpstream(d *decoder, u Upstream, at ...string) {
	path := func(names ...string) []string { return append(at[:len(at):len(at)], names...) }
	name := strings.Join(at, ".")
	switch {
	case d.has(path("hosts")...) && (d.has(path("host")...) || u.Port != 5432):
		d.problem(path("hosts"), "hosts stands instead of host and port")
	case d.has(path("hosts")...) && len(u.Hosts) == 0:
		d.problem(path("hosts"), "hosts has no entries")
	case len(u.Hosts) > maxHosts:
		d.problem(path("hosts"), "expected at most %d hosts, found %d", maxHosts, len(u.Hosts))
	}
	seen := map[UpstreamHost]bool{}
	for i, h := range u.Hosts {
		p := path("hosts", strconv.Itoa(i))
		if seen[h] {
			d.problem(p, "%s:%d stands here twice", h.Host, h.Port)
		}
		seen[h] = true
		checkHost(d, u, h, p, name+".hosts")
	}
	if len(u.Hosts) == 0 && !d.has(path("hosts")...) {
		checkHost(d, u, UpstreamHost{Host: u.Host, Port: u.Port}, at, name)
	}
	if u.SSLMode == SSLDisable && u.ChannelBinding == BindingRequire {
		d.problem(path("channel_binding"), "channel_binding require needs TLS; sslmode is disable")
	}
	if u.SSLMode == SSLVerifyCA && !d.has(path("ca")...) {
		d.problem(path("sslmode"), "sslmode verify-ca needs %s.ca", name)
	}
	if u.CA != "" && (u.SSLMode == SSLDisable || u.SSLMode == SSLRequire) {
		d.problem(path("ca"), "ca has no use with sslmode %s; use verify-full or verify-ca", u.SSLMode)
	}
	if n := u.ConnectRounds; n < 1 || n > 100 {
		d.problem(path("connect_rounds"), "expected a number from 1 to 100, found %d", n)
	}
}

// checkHost reports what can't be meant about one server, whose keys stand at path.
func checkHost(d *decoder, u Upstream, h UpstreamHost, at []string, name string) {
	path := func(key string) []string { return append(at[:len(at):len(at)], key) }
	sslmode := path("sslmode")
	if strings.HasSuffix(name, ".hosts") {
		sslmode = append(at[:len(at)-2:len(at)-2], "sslmode")
	}
	if h.Port < 1 || h.Port > 65535 {
		d.problem(path("port"), "expected a port from 1 to 65535, found %d", h.Port)
	}
	local := strings.HasPrefix(h.Host, "/") || h.Host == "localhost"
	if ip, err := netip.ParseAddr(h.Host); err == nil && ip.IsLoopback() {
		local = true
	}
	switch {
	case h.Host == "":
		if !d.wrong(path("host")...) {
			d.problem(path("host"), "%s.host is missing", name)
		}
	case strings.ContainsAny(h.Host, " ,\x00"):
		d.problem(path("host"), "expected one host name, address or socket folder")
	case d.wrong(sslmode...):
	case u.SSLMode == SSLDisable && !local:
		d.problem(sslmode, "sslmode disable is accepted only for a loopback address or a Unix socket")
	case strings.HasPrefix(h.Host, "/") && u.SSLMode != SSLDisable:
		d.problem(sslmode, "a Unix socket has no TLS: set sslmode: disable")
	}
}
