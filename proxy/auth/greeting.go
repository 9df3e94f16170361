package auth

import (
	"bytes"
	"errors"

	"github.com/pgveil/pgveil/proxy/wire"
)

// Greeting is what a server says between AuthenticationOk and the first statement.
type Greeting struct {
	Params  [][2]string // ParameterStatus, in order
	PID     uint32      // of BackendKeyData
	Key     []byte      // of BackendKeyData, 4…256 bytes: a credential; nil if the server gave none
	Notices [][]byte    // whole NoticeResponse frames, in order
	Status  byte        // of ReadyForQuery
}

// Param is the value of a reported parameter.
func (g Greeting) Param(name string) (value string, ok bool) {
	for _, p := range g.Params {
		if p[0] == name {
			value, ok = p[1], true // the last one counts
		}
	}
	return value, ok
}

// Append appends the greeting's frames, ReadyForQuery last, for the client.
func (g Greeting) Append(dst []byte) []byte {
	for _, n := range g.Notices {
		dst = append(dst, n...)
	}
	for _, p := range g.Params {
		dst = wire.AppendParameterStatus(dst, p[0], p[1])
	}
	if g.Key != nil {
		dst = wire.AppendBackendKeyData(dst, g.PID, g.Key)
	}
	return wire.AppendReady(dst, g.Status)
}

// Bounds of a greeting: PostgreSQL 15 reports 13 parameters in under a kilobyte.
const (
	maxGreetingFrames = 1000
	maxGreetingBytes  = 1 << 20
)

// read reads up to ReadyForQuery. longKeys says whether the key may have another length than four bytes.
func (g *Greeting) read(up *wire.Conn, longKeys bool) error {
	total := 0
	for range maxGreetingFrames {
		typ, frame, err := nextFrame(up)
		if err != nil {
			return err
		}
		if total += len(frame); total > maxGreetingBytes {
			break
		}
		if typ == 'Z' {
			if len(frame) != 6 || frame[5] != 'I' {
				return errUnexpected
			}
			g.Status = frame[5]
			return nil
		}
		if err := g.take(typ, frame); err != nil {
			return err
		}
		if g.Key != nil && len(g.Key) != 4 && !longKeys {
			return errUnexpected
		}
	}
	return errors.New("the upstream server's greeting has no end")
}

func (g *Greeting) take(typ byte, frame []byte) error {
	r := wire.NewReader(frame[5:])
	switch typ {
	case 'N':
		g.Notices = append(g.Notices, frame)
	case 'S':
		g.Params = append(g.Params, [2]string{string(r.CString()), string(r.CString())})
	case 'K':
		g.PID, g.Key = r.Uint32(), bytes.Clone(r.Rest())
		if len(g.Key) < 4 || len(g.Key) > 256 {
			return errUnexpected
		}
	default:
		return errUnexpected
	}
	if r.Err() != nil {
		return errUnexpected
	}
	return nil
}

// nextFrame reads one frame whole and copies it; an ErrorResponse becomes the error.
func nextFrame(up *wire.Conn) (typ byte, frame []byte, err error) {
	if typ, _, err = up.Next(); err != nil {
		return 0, nil, err
	}
	f, err := up.Frame()
	if err != nil {
		return 0, nil, err
	}
	f = bytes.Clone(f)
	if typ == 'E' {
		return 0, nil, &UpstreamError{Frame: f}
	}
	return typ, f, nil
}
