package config

import (
	"fmt"
	"net/netip"
	"strings"
)

// ProxyProtocol is version 2 of the PROXY protocol, in which a TCP load balancer tells where its clients come from. Version 1 is refused.
type ProxyProtocol struct {
	// Trusted lists the balancers: addresses, or networks as 10.0.0.0/8. Of nobody else a header is believed, or even read: a connection
	// that begins with one is closed. Default: none.
	Trusted []Network `yaml:"trusted,omitempty"`
	// Header is required (the default: a connection from a trusted address without a header is closed, so that a balancer that forgets it
	// is noticed) or optional: it is then the trusted address's own connection.
	Header ProxyHeader `yaml:"header,omitempty"`
}

// IsZero tells whether nobody is trusted; the YAML encoder then leaves the section out.
func (p ProxyProtocol) IsZero() bool { return len(p.Trusted) == 0 }

func (p *ProxyProtocol) defaults() { p.Header = HeaderRequired }

// ProxyHeader says whether a trusted address must send a header.
type ProxyHeader string

// The choices.
const (
	HeaderRequired ProxyHeader = "required"
	HeaderOptional ProxyHeader = "optional"
)

func (ProxyHeader) choices() []string {
	return []string{string(HeaderRequired), string(HeaderOptional)}
}

// Replication says what becomes of replication connections.
type Replication string

// The choices.
const (
	ReplicationRefuse Replication = "refuse"
	ReplicationPermit Replication = "permit"
)

func (Replication) choices() []string {
	return []string{string(ReplicationRefuse), string(ReplicationPermit)}
}

// Network is a range of addresses, written as 10.0.0.0/8, 2001:db8::/32, or as one address.
type Network string

func (n *Network) parse(text, _ string) error {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		*n = Network(netip.PrefixFrom(a, a.BitLen()).String())
		return nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return fmt.Errorf("expected an address or a network such as 10.0.0.0/8, found %q", text)
	case p.Addr().Is4In6():
		return fmt.Errorf("write a network of IPv4 addresses as one: %q", text)
	case p != p.Masked():
		return fmt.Errorf("%q has bits beyond its length; did you mean %s?", text, p.Masked())
	case p.Bits() == 0:
		return fmt.Errorf("%q is everybody; name the balancers", text)
	}
	*n = Network(p.String())
	return nil
}

// Prefix is the range.
func (n Network) Prefix() netip.Prefix {
	p, err := netip.ParsePrefix(strings.TrimSpace(string(n)))
	if err != nil {
		return netip.Prefix{} // contains nothing
	}
	return p
}

func (c *Config) checkProxyProtocol(d *decoder) {
	seen := map[Network]bool{}
	for i, n := range c.ProxyProtocol.Trusted {
		if path := []string{"proxy_protocol", "trusted", fmt.Sprint(i)}; n != "" && seen[n] {
			d.problem(path, "%s stands here twice", n)
		}
		seen[n] = true
	}
	if d.has("proxy_protocol", "header") && len(c.ProxyProtocol.Trusted) == 0 && !d.wrong("proxy_protocol", "trusted") {
		d.problem([]string{"proxy_protocol", "header"}, "header has no use while trusted names nobody")
	}
}
