package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// ErrShort is what Reader reports when a body ends before a field does.
var ErrShort = errors.New("message body too short")

// Reader reads the fields of one frame's body in order. The first failure sticks; every later read returns a zero value.
type Reader struct {
	b   []byte
	err error
}

// NewReader reads from body, which the fields returned alias.
func NewReader(body []byte) Reader { return Reader{b: body} }

// Err is the first failure.
func (r *Reader) Err() error { return r.err }

// Rest is what has not been read.
func (r *Reader) Rest() []byte { return r.b }

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if b := r.Bytes(1); b != nil {
		return b[0]
	}
	return 0
}

// Int16 reads a big-endian int16.
func (r *Reader) Int16() int16 {
	if b := r.Bytes(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

// Int32 reads a big-endian int32.
func (r *Reader) Int32() int32 {
	if b := r.Bytes(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

// Uint32 reads a big-endian uint32.
func (r *Reader) Uint32() uint32 { return uint32(r.Int32()) }

// Bytes reads n bytes.
func (r *Reader) Bytes(n int) []byte {
	if n < 0 || len(r.b) < n {
		r.err = ErrShort
		r.b = nil
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// CString reads up to the next zero byte, which is consumed and not returned.
func (r *Reader) CString() []byte {
	i := bytes.IndexByte(r.b, 0)
	if i < 0 {
		r.err = ErrShort
		r.b = nil
		return nil
	}
	s := r.b[:i:i]
	r.b = r.b[i+1:]
	return s
}

// Value reads a length-prefixed value as DataRow and Bind carry it; null is true for length -1.
func (r *Reader) Value() (v []byte, null bool) {
	n := r.Int32()
	if n == -1 || r.err != nil {
		return nil, true
	}
	return r.Bytes(int(n)), false
}

// Begin appends a frame's header to dst; End fills in the length once the body is appended. at is where the frame starts.
func Begin(dst []byte, typ byte) (out []byte, at int) {
	at = len(dst)
	return append(dst, typ, 0, 0, 0, 0), at
}

// End completes the frame that Begin started at at.
func End(dst []byte, at int) []byte {
	binary.BigEndian.PutUint32(dst[at+1:], uint32(len(dst)-at-1))
	return dst
}

// AppendInt16 appends v big-endian.
func AppendInt16(dst []byte, v int16) []byte { return binary.BigEndian.AppendUint16(dst, uint16(v)) }

// AppendInt32 appends v big-endian.
func AppendInt32(dst []byte, v int32) []byte { return binary.BigEndian.AppendUint32(dst, uint32(v)) }

// AppendCString appends s and a zero byte.
func AppendCString(dst []byte, s string) []byte { return append(append(dst, s...), 0) }

// AppendFrame appends a whole frame.
func AppendFrame(dst []byte, typ byte, body []byte) []byte {
	dst, at := Begin(dst, typ)
	return End(append(dst, body...), at)
}

// ErrorField is one field of an ErrorResponse's or NoticeResponse's body, empty when it isn't there.
func ErrorField(body []byte, code byte) string {
	r := NewReader(body)
	for {
		c := r.Byte()
		v := r.CString()
		if c == 0 || r.Err() != nil {
			return ""
		}
		if c == code {
			return string(v)
		}
	}
}
