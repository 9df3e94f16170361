package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// Admin is the listener for operators: sessions, what they wait for, ending one, the log's level, the plan cache, profiles. It shows no
// statement's text and no value. Who reaches it may end sessions: a Unix socket, which only the proxy's own user may open, is the
// narrowest place.
type Admin struct {
	// Listen is unix: and a path, or a loopback address with its port as in 127.0.0.1:9188. Default: none.
	Listen AdminAddress `yaml:"listen,omitempty"`
}

// IsZero tells whether there is no such listener; the YAML encoder then leaves the section out.
func (a Admin) IsZero() bool { return a.Listen == "" }

// AdminAddress is unix: and an absolute path, or a loopback address and a port.
type AdminAddress string

const unixScheme = "unix:"

func (a *AdminAddress) parse(text, dir string) error {
	if path, ok := strings.CutPrefix(text, unixScheme); ok {
		var p Path
		if err := p.parse(path, dir); err != nil {
			return err
		}
		*a = AdminAddress(unixScheme + p)
		return nil
	}
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return fmt.Errorf("expected unix:/PATH or an address and port such as 127.0.0.1:9188, found %q", text)
	}
	if !at.Addr().IsLoopback() {
		return errors.New("the admin listener ends sessions for whoever asks: it needs a loopback address, such as 127.0.0.1:9188, or unix:/PATH")
	}
	*a = AdminAddress(at.String())
	return nil
}

// Socket is the path of a Unix socket, empty if the address is another.
func (a AdminAddress) Socket() string {
	path, ok := strings.CutPrefix(string(a), unixScheme)
	if !ok {
		return ""
	}
	return path
}
