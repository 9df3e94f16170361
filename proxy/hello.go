package proxy

import (
	"errors"
	"net/netip"
	"slices"
	"unicode/utf8"

	"github.com/pgveil/pgveil/proxy/auth"
	"github.com/pgveil/pgveil/proxy/wire"
)

// upstreamHello is what the server is greeted with on a client's behalf.
func (s *Server) upstreamHello(o wire.Opening) wire.Startup {
	hello := o.Startup
	if !s.opt.ShowAddress || !o.Addr.IsValid() {
		return hello
	}
	const key = "application_name"
	name, _ := hello.Param(key)
	hello.Params = slices.DeleteFunc(slices.Clone(hello.Params), func(p [2]string) bool { return p[0] == key })
	hello.Params = append(hello.Params, [2]string{key, nameWithAddress(name, o.Addr)})
	return hello
}

// maxApplicationName is the longest application_name, in bytes, that the server keeps whole: NAMEDATALEN-1.
const maxApplicationName = 63

// nameWithAddress is name with the address behind it, "app [10.0.0.7]". Where that is too long the name is cut, never the address.
func nameWithAddress(name string, addr netip.Addr) string {
	behind := "[" + addr.WithZone("").String() + "]"
	if name == "" {
		return behind
	}
	behind = " " + behind
	if n := maxApplicationName - len(behind); len(name) > n {
		for n > 0 && !utf8.RuneStart(name[n]) {
			n--
		}
		name = name[:n]
	}
	return name + behind
}

// olderHello is hello in protocol 3.0, for a server that does not answer a newer version with the one it speaks but with an error, as
// PgBouncer 1.18 does. A hello in 3.0 has none.
func olderHello(hello wire.Startup, err error) (wire.Startup, bool) {
	var up *auth.UpstreamError
	if hello.Speaks() == 0 || !errors.As(err, &up) || !up.Unasked || up.Code() != "08P01" && up.Code() != "0A000" {
		return hello, false
	}
	hello.Minor = 0
	return hello, true
}
