package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
)

// Proxies says who may tell, by a header of the PROXY protocol version 2 in front of everything, where a client comes from. Nobody else's
// header is read: it is no PostgreSQL packet, and the connection ends. The zero value trusts nobody.
// https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
type Proxies struct {
	Trusted []netip.Prefix
	// Optional lets a trusted peer leave the header out; it is then the client itself. Otherwise such a connection ends, because a
	// balancer that forgets the header would make all clients one.
	Optional bool
}

// trust says whether what addr says of its clients is believed.
func (p Proxies) trust(addr netip.Addr) bool {
	return slices.ContainsFunc(p.Trusted, func(t netip.Prefix) bool { return t.Contains(addr) })
}

// proxySignature is what a header of version 2 starts with. No packet of PostgreSQL's does.
const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

// maxProxyHeader bounds what follows a header's fixed 16 bytes: addresses, and extensions, which are passed over.
const maxProxyHeader = 4096

// said is what a proxy says of a connection.
type said struct {
	header bool       // there is a header
	addr   netip.Addr // invalid: the connection is the proxy's own, or nothing is known
}

// read reads the header whose first byte is first, exactly to its end.
func (p Proxies) read(r io.Reader, first byte) (said, error) {
	if first != proxySignature[0] {
		switch {
		case first == 'P':
			return said{}, errors.New("PROXY protocol version 1, which is not spoken: use version 2")
		case !p.Optional:
			return said{}, errors.New("no PROXY protocol header from a trusted proxy")
		}
		return said{}, nil
	}
	var fixed [16]byte
	fixed[0] = first
	if _, err := io.ReadFull(r, fixed[1:]); err != nil {
		return said{}, noEOF(err)
	}
	size := int64(binary.BigEndian.Uint16(fixed[14:]))
	switch {
	case string(fixed[:12]) != proxySignature:
		return said{}, errors.New("malformed PROXY protocol header")
	case fixed[12]>>4 != 2 || fixed[12]&0x0f > 1:
		return said{}, fmt.Errorf("PROXY protocol header of unknown version or command %#x", fixed[12])
	case size > maxProxyHeader:
		return said{}, fmt.Errorf("PROXY protocol header of %d bytes", size)
	}
	addr, err := readProxied(io.LimitReader(r, size), fixed[13], size)
	if local := fixed[12]&0x0f == 0; local { // the proxy's own look at whether we are there
		addr = netip.Addr{}
	}
	return said{header: true, addr: addr}, err
}

// readProxied reads the addresses of one family and protocol, and what follows them.
func readProxied(r io.Reader, family byte, size int64) (netip.Addr, error) {
	var block [36]byte // source, destination, ports
	var addr netip.Addr
	n := 0
	switch family {
	case 0x11: // TCP over IPv4
		n = 12
	case 0x21: // TCP over IPv6
		n = 36
	case 0x00, 0x31: // unspecified, a Unix socket
	default:
		return addr, fmt.Errorf("PROXY protocol header of unknown family %#x", family)
	}
	if int64(n) > size {
		return addr, errors.New("PROXY protocol header that is too short")
	}
	if _, err := io.ReadFull(r, block[:n]); err != nil {
		return addr, noEOF(err)
	}
	switch n {
	case 12:
		addr = netip.AddrFrom4([4]byte(block[:4]))
	case 36:
		addr = netip.AddrFrom16([16]byte(block[:16])).Unmap()
	}
	rest, err := io.Copy(io.Discard, r)
	if err == nil && rest != size-int64(n) {
		err = io.ErrUnexpectedEOF
	}
	return addr, err
}

// peerAddr is the address of the other end of a socket; invalid if it has none.
func peerAddr(nc net.Conn) netip.Addr {
	a := nc.RemoteAddr()
	if a == nil {
		return netip.Addr{}
	}
	p, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Addr{}
	}
	return p.Addr().Unmap()
}
