package wire

import "strings"

// Kinds of authentication request, the int32 that an R frame starts with: src/include/libpq/protocol.h.
const (
	AuthOk           = 0
	AuthCleartext    = 3
	AuthMD5          = 5
	AuthSASL         = 10
	AuthSASLContinue = 11
	AuthSASLFinal    = 12
)

// AppendAuth appends an authentication request of the given kind with data after it.
func AppendAuth(dst []byte, kind int32, data []byte) []byte {
	dst, at := Begin(dst, 'R')
	dst = AppendInt32(dst, kind)
	return End(append(dst, data...), at)
}

// AppendStartup appends a StartupMessage that asks for the protocol version that h speaks, 3.0 or 3.2. Names and values must be free of zero bytes.
func AppendStartup(dst []byte, h Startup) []byte {
	at := len(dst)
	dst = AppendInt32(dst, 0)
	dst = AppendInt32(dst, protocol30|int32(h.asks()))
	dst = appendPair(dst, "user", h.User)
	dst = appendPair(dst, "database", h.Database)
	if h.Replication != NoReplication {
		dst = appendPair(dst, "replication", string(h.Replication))
	}
	for _, p := range h.Params {
		dst = appendPair(dst, p[0], p[1])
	}
	dst = append(dst, 0)
	n := len(dst) - at
	dst[at], dst[at+1], dst[at+2], dst[at+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	return dst
}

func appendPair(dst []byte, name, value string) []byte {
	return AppendCString(AppendCString(dst, name), value)
}

// AppendParameterStatus appends a ParameterStatus.
func AppendParameterStatus(dst []byte, name, value string) []byte {
	dst, at := Begin(dst, 'S')
	return End(appendPair(dst, name, value), at)
}

// AppendBackendKeyData appends a BackendKeyData.
func AppendBackendKeyData(dst []byte, pid uint32, key []byte) []byte {
	dst, at := Begin(dst, 'K')
	dst = AppendInt32(dst, int32(pid))
	return End(append(dst, key...), at)
}

// AppendReady appends a ReadyForQuery; status is I, T or E.
func AppendReady(dst []byte, status byte) []byte { return AppendFrame(dst, 'Z', []byte{status}) }

// AppendCancel appends a CancelRequest, which has no type byte.
func AppendCancel(dst []byte, c Cancel) []byte {
	dst = AppendInt32(dst, int32(12+len(c.Key)))
	dst = AppendInt32(dst, cancelRequest)
	dst = AppendInt32(dst, int32(c.PID))
	return append(dst, c.Key...)
}

// noZero keeps s from ending a field early.
func noZero(s string) string { return strings.ReplaceAll(s, "\x00", "") }
