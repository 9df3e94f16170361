package wire

import (
	"errors"
	"io"
	"net"
	"strconv"
	"time"
)

// Error is an error that the client is told, in the form in which it is told. Its text never carries a value or a secret.
type Error struct {
	Severity string // ERROR or FATAL
	Code     string // SQLSTATE
	Message  string
	Detail   string
	Hint     string
	Where    string // the context, as "COPY people, line 3"
	Position int    // in characters of the client's text, from 1; 0: none
}

func (e *Error) Error() string { return e.Message + " (" + e.Code + ")" }

// Append appends e as an ErrorResponse. Empty fields, and position 0, are left out.
func (e *Error) Append(dst []byte) []byte {
	dst, at := Begin(dst, 'E')
	dst = appendField(dst, 'S', e.Severity)
	dst = appendField(dst, 'V', e.Severity)
	dst = appendField(dst, 'C', e.Code)
	dst = appendField(dst, 'M', e.Message)
	if e.Detail != "" {
		dst = appendField(dst, 'D', e.Detail)
	}
	if e.Hint != "" {
		dst = appendField(dst, 'H', e.Hint)
	}
	if e.Where != "" {
		dst = appendField(dst, 'W', e.Where)
	}
	if e.Position > 0 {
		dst = appendField(dst, 'P', strconv.Itoa(e.Position))
	}
	return End(append(dst, 0), at)
}

// AppendError is Append of an Error without context.
func AppendError(dst []byte, severity, code, message, detail, hint string, position int) []byte {
	e := Error{Severity: severity, Code: code, Message: message, Detail: detail, Hint: hint, Position: position}
	return e.Append(dst)
}

func appendField(dst []byte, field byte, s string) []byte {
	return AppendCString(append(dst, field), noZero(s))
}

const (
	// lingerTime and lingerBytes bound how long and how much a closed session's client is listened to.
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

// Hangup ends the connection. If err is or wraps an *Error the peer is told it, as the last frame; of any other error it
// is told nothing. What the peer still sends is read and dropped for a moment, because closing with unread input makes the
// kernel reset the connection and the peer lose that frame.
func (c *Conn) Hangup(err error) {
	defer c.Conn.Close()
	var e *Error
	if !errors.As(err, &e) {
		return
	}
	c.HangupFrame(e.Append(nil))
}

// HangupFrame is Hangup with a frame made elsewhere, as by the upstream.
func (c *Conn) HangupFrame(frame []byte) {
	defer c.Conn.Close()
	if c.lost.torn {
		return // nothing may follow half a frame
	}
	c.Conn.SetDeadline(time.Now().Add(lingerTime))
	if c.Write(frame) != nil || c.Flush() != nil {
		return
	}
	if closeWrite(c.Conn) {
		io.CopyN(io.Discard, bottom(c.Conn), lingerBytes)
	}
}

// closeWrite tells the peer that no more will come, at every layer that can. half says that the socket itself could.
func closeWrite(n net.Conn) (half bool) {
	for ; n != nil; n = below(n) {
		w, ok := n.(interface{ CloseWrite() error })
		half = ok && w.CloseWrite() == nil
	}
	return half
}

// bottom is the socket under TLS.
func bottom(n net.Conn) net.Conn {
	for b := below(n); b != nil; b = below(n) {
		n = b
	}
	return n
}

func below(n net.Conn) net.Conn {
	if u, ok := n.(interface{ NetConn() net.Conn }); ok {
		return u.NetConn()
	}
	return nil
}

// turnAwayTime is how long the word to somebody who is turned away may take.
const turnAwayTime = 50 * time.Millisecond

// TurnAway ends a connection that nothing was read from. The peer is told err if that is an *Error and the socket takes it at once; it
// is not waited for, so that turning many away costs little.
func TurnAway(nc net.Conn, err error) {
	defer nc.Close()
	var e *Error
	if errors.As(err, &e) {
		nc.SetDeadline(time.Now().Add(turnAwayTime))
		nc.Write(e.Append(nil))
	}
}
