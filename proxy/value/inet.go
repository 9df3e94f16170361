package value

import (
	"encoding/binary"
	"net/netip"
	"strconv"
)

// Address families in the binary form: PGSQL_AF_INET and PGSQL_AF_INET6, src/include/utils/inet.h.
const (
	familyInet  = 2
	familyInet6 = 3
)

// inet decodes for inet and cidr columns. The canonical value is the address family (2 or 3), the number of bits of the netmask, the
// address.
func (in *input) inet(dst []byte) ([]byte, error) {
	switch {
	case in.declared == in.t.OID, in.declared == OIDCidr:
	case in.declared == OIDInet && !in.store():
	case in.declared == OIDInet:
		return dst, in.uncast()
	default:
		return dst, in.mismatch()
	}
	var addr [16]byte
	var size, bits int
	var err error
	if in.binary {
		size, bits, err = in.recvInet(&addr)
	} else {
		size, bits, err = in.parseInet(&addr)
	}
	if err != nil {
		return dst, err
	}
	family := byte(familyInet)
	if size == 16 {
		family = familyInet6
	}
	return append(append(dst, byte(TagInet), family, byte(bits)), addr[:size]...), nil
}

// recvInet follows network_recv, src/backend/utils/adt/network.c.
func (in *input) recvInet(addr *[16]byte) (size, bits int, err error) {
	name := TypeName(in.declared)
	raw := in.raw
	if len(raw) < 1 {
		return 0, 0, fail(stateProtocol, "no data left in message")
	}
	size = 4
	switch raw[0] {
	case familyInet:
	case familyInet6:
		size = 16
	default:
		return 0, 0, fail(stateBinary, `invalid address family in external "`+name+`" value`)
	}
	if len(raw) < 2 {
		return 0, 0, fail(stateProtocol, "no data left in message")
	}
	if bits = int(raw[1]); bits > 8*size {
		return 0, 0, fail(stateBinary, `invalid bits in external "`+name+`" value`)
	}
	if len(raw) < 4 {
		return 0, 0, fail(stateProtocol, "no data left in message")
	}
	if int(raw[3]) != size {
		return 0, 0, fail(stateBinary, `invalid length in external "`+name+`" value`)
	}
	if raw = raw[4:]; len(raw) < size {
		return 0, 0, fail(stateProtocol, "no data left in message")
	}
	copy(addr[:], raw[:size])
	if in.declared == OIDCidr && hostBits(addr[:size], bits) {
		return 0, 0, fail(stateBinary, `invalid external "cidr" value`)
	}
	if len(raw) > size {
		return 0, 0, errExtra()
	}
	return size, bits, nil
}

// parseInet reads the full forms that network_in accepts: four octets or an IPv6 address, with or without /bits. What it would
// complete (10.1) is refused.
func (in *input) parseInet(addr *[16]byte) (size, bits int, err error) {
	name := TypeName(in.declared)
	text, mask := string(in.raw), ""
	for i, c := range in.raw {
		if c == '/' {
			text, mask = string(in.raw[:i]), string(in.raw[i:])
			break
		}
	}
	a, perr := netip.ParseAddr(text)
	if perr != nil || a.Zone() != "" {
		return 0, 0, in.notAddress(name)
	}
	size = a.BitLen() / 8
	if size == 4 {
		four := a.As4()
		copy(addr[:], four[:])
	} else {
		*addr = a.As16()
	}
	bits = 8 * size
	if mask != "" {
		n, perr := strconv.ParseUint(mask[1:], 10, 8)
		if perr != nil || int(n) > bits || len(mask) > 2 && mask[1] == '0' {
			return 0, 0, in.notAddress(name)
		}
		bits = int(n)
	}
	if in.declared == OIDCidr && hostBits(addr[:size], bits) {
		return 0, 0, fail(stateSyntax, "invalid cidr value")
	}
	return size, bits, nil
}

// notAddress is a syntax error for certain, or what might be one of the shorter forms.
func (in *input) notAddress(name string) error {
	for _, c := range in.raw {
		if HexDigit(c) > 15 && c != '.' && c != ':' && c != '/' && c|0x20 != 'x' {
			return invalidSyntax(name)
		}
	}
	if len(in.raw) == 0 {
		return invalidSyntax(name)
	}
	return notUnderstood(name, "Write the whole address, as 192.0.2.1 or 2001:db8::1, with /bits if need be.")
}

// hostBits reports whether a bit to the right of the netmask is set.
func hostBits(addr []byte, bits int) bool {
	for i, c := range addr {
		keep := min(max(bits-8*i, 0), 8)
		if c&(0xff>>keep) != 0 {
			return true
		}
	}
	return false
}

func encodeInet(dst []byte, t Type, bin bool, b []byte) ([]byte, error) {
	size := len(b) - 2
	if size != 4 && size != 16 || (b[0] == familyInet6) != (size == 16) || b[0] != familyInet && b[0] != familyInet6 || int(b[1]) > 8*size {
		return dst, corrupted("inet")
	}
	family, bits, addr := b[0], b[1], b[2:]
	cidr := byte(0)
	if t.OID == OIDCidr {
		cidr = 1
		if hostBits(addr, int(bits)) {
			return dst, corrupted("cidr")
		}
	}
	if bin {
		return append(append(dst, family, bits, cidr, byte(size)), addr...), nil
	}
	if size == 4 {
		dst = appendFour(dst, addr)
	} else {
		dst = appendSix(dst, addr)
	}
	if cidr == 1 || int(bits) != 8*size {
		dst = appendInt(append(dst, '/'), int64(bits))
	}
	return dst, nil
}

func appendFour(dst, addr []byte) []byte {
	for i, c := range addr {
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = appendInt(dst, int64(c))
	}
	return dst
}

// appendSix follows inet_net_ntop_ipv6, src/port/inet_net_ntop.c: the longest run of zero words is ::, and the end of a mapped
// or compatible IPv4 address has dots.
func appendSix(dst, addr []byte) []byte {
	word := func(i int) uint16 { return binary.BigEndian.Uint16(addr[2*i:]) }
	base, run := -1, 1
	for i := 0; i < 8; i++ {
		n := 0
		for i+n < 8 && word(i+n) == 0 {
			n++
		}
		if n > run {
			base, run = i, n
		}
		i += n
	}
	for i := 0; i < 8; i++ {
		if base >= 0 && i >= base && i < base+run {
			if i == base {
				dst = append(dst, ':')
			}
			continue
		}
		if i > 0 {
			dst = append(dst, ':')
		}
		if i == 6 && base == 0 && (run == 6 || run == 7 && word(7) != 1 || run == 5 && word(5) == 0xffff) {
			return appendFour(dst, addr[12:])
		}
		dst = strconv.AppendUint(dst, uint64(word(i)), 16)
	}
	if base >= 0 && base+run == 8 {
		dst = append(dst, ':')
	}
	return dst
}

// macaddr reads six pairs of digits between colons or hyphens, or without; macaddr_in has more forms, which are refused.
func (in *input) macaddr(dst []byte) ([]byte, error) {
	if in.binary {
		if err := fixedLen(in.raw, 6); err != nil {
			if len(in.raw) < 6 {
				err = fail(stateProtocol, "no data left in message")
			}
			return dst, err
		}
		return append(append(dst, byte(TagMacaddr)), in.raw...), nil
	}
	b := trimSpace(in.raw)
	separator := byte(0)
	switch len(b) {
	case 12:
	case 17:
		separator = b[2]
	default:
		return dst, in.notMacaddr()
	}
	if separator != 0 && separator != ':' && separator != '-' {
		return dst, in.notMacaddr()
	}
	dst = append(dst, byte(TagMacaddr))
	for i := range 6 {
		if i > 0 && separator != 0 {
			if b[0] != separator {
				return dst, in.notMacaddr()
			}
			b = b[1:]
		}
		hi, lo := HexDigit(b[0]), HexDigit(b[1])
		if hi|lo > 15 {
			return dst, in.notMacaddr()
		}
		dst = append(dst, hi<<4|lo)
		b = b[2:]
	}
	return dst, nil
}

func (in *input) notMacaddr() error {
	for _, c := range in.raw {
		if HexDigit(c) > 15 && c != ':' && c != '-' && c != '.' && c|0x20 != 'x' && c != '+' && !isSpace(c) {
			return invalidSyntax("macaddr")
		}
	}
	return notUnderstood("macaddr", "Write it as 08:00:2b:01:02:03.")
}

func encodeMacaddr(dst []byte, bin bool, b []byte) ([]byte, error) {
	switch {
	case len(b) != 6:
		return dst, corrupted("macaddr")
	case bin:
		return append(dst, b...), nil
	}
	for i, c := range b {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst, nil
}
