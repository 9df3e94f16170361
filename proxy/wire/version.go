package wire

// Minor versions of protocol 3 that exist: 3.0, and 3.2 of PostgreSQL 18, in which keys of CancelRequest have 4 to 256 bytes and not
// always 4. There is no 3.1: https://www.postgresql.org/docs/18/protocol.html#PROTOCOL-VERSIONS.
const newestMinor = 2

// Speaks is the minor version that a session speaks with whoever asked for s.Minor: what was asked for, or the newest there is.
func (s Startup) Speaks() uint16 { return min(s.Minor, newestMinor) }

// asks is the minor version that s asks a server for: one that exists.
func (s Startup) asks() uint16 {
	if s.LongKeys() {
		return newestMinor
	}
	return 0
}

// LongKeys says whether s's side takes keys of other lengths than four bytes.
func (s Startup) LongKeys() bool { return s.Speaks() >= 2 }

// appendNegotiate appends the NegotiateProtocolVersion that s calls for, if any: a newer version was asked for, or a _pq_ parameter, of
// which we know none. The version is the full number, as PostgreSQL sends it (SendNegotiateProtocolVersion, version 18).
func appendNegotiate(dst []byte, s Startup) []byte {
	if s.Minor <= newestMinor && len(s.unknown) == 0 {
		return dst
	}
	dst, at := Begin(dst, 'v')
	dst = AppendInt32(dst, protocol30|int32(s.Speaks()))
	dst = AppendInt32(dst, int32(len(s.unknown)))
	for _, name := range s.unknown {
		dst = AppendCString(dst, name)
	}
	return End(dst, at)
}

// ReadNegotiate reads the body of a NegotiateProtocolVersion that answers s, which asked for no _pq_ parameter. It says which minor
// version the server speaks; ok is false if it is no answer to s.
func ReadNegotiate(body []byte, s Startup) (minor uint16, ok bool) {
	r := NewReader(body)
	version, options := r.Uint32(), r.Int32()
	if r.Err() != nil || options != 0 || len(r.Rest()) > 0 || version>>16 != 3 || uint16(version) >= s.asks() {
		return 0, false
	}
	return uint16(version), true
}
