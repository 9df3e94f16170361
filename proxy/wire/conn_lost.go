package wire

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// lost is why a Conn carries no more, one field a direction: each belongs to the goroutine of its direction.
type lost struct {
	read, write error
	torn        bool // a frame was written in part
}

// Lost is why the connection has failed or was ended by the peer, nil if it has not. Deadlines are no failure. It is for when neither
// direction is in use.
func (c *Conn) Lost() error {
	if c.lost.read != nil {
		return c.lost.read
	}
	return c.lost.write
}

// WriteFailed reports whether the socket has refused output. It is for the goroutine that writes.
func (c *Conn) WriteFailed() bool { return c.lost.write != nil || c.lost.torn }

// PeerGone reports whether the peer has closed the connection or its side of it, without reading. Any goroutine may ask.
func (c *Conn) PeerGone() bool {
	s, ok := bottom(c.Conn).(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	return err != nil || hungUp(raw)
}

// noteRead remembers a failed read.
func (c *Conn) noteRead(err error) {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.lost.read = err
	}
}

// noteWrite remembers a failed write. How much of a frame has gone out is not known then.
func (c *Conn) noteWrite(err error) {
	c.lost.torn = true
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		c.lost.write = err
	}
}

// cut is called when a frame could not be forwarded to c to its end: handed is how much of it c was given. If none of that was written it
// is taken back, else nothing may follow it.
func (c *Conn) cut(handed int) {
	if handed <= len(c.out) {
		c.out = c.out[:len(c.out)-handed]
		return
	}
	c.lost.torn = true
}

// rest is how long the rest of a frame, of which the beginning has been handed on, is waited for after a deadline: so that what is said
// last stands between two frames.
const rest = 500 * time.Millisecond

// oneMore waits for more of a frame after a deadline.
func (c *Conn) oneMore(err error) error {
	if !errors.Is(err, os.ErrDeadlineExceeded) || c.Conn.SetReadDeadline(time.Now().Add(rest)) != nil {
		return err
	}
	return c.more()
}
