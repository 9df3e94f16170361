package wire

import (
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
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

// PeerBroken reports whether nothing can reach the peer any more: it has closed both directions, and something sent since has shown it,
// or the connection is lost. Any goroutine may ask.
func (c *Conn) PeerBroken() bool {
	s, ok := bottom(c.Conn).(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := s.SyscallConn()
	return err != nil || polls(raw, 0, brokenEvents)
}

// Interject writes a frame past the pending output, if the socket takes it at once. The goroutine that writes must be between two frames,
// with nothing pending, and stay there. It reports whether the connection still stands.
func (c *Conn) Interject(frame []byte) bool {
	s, ok := bottom(c.Conn).(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false
	}
	if !polls(raw, unix.POLLOUT, unix.POLLOUT) {
		return !polls(raw, 0, brokenEvents)
	}
	_, err = c.Conn.Write(frame)
	return err == nil
}

const brokenEvents = unix.POLLHUP | unix.POLLERR | unix.POLLNVAL

// polls reports whether one of the events want is there; ask are those that must be asked for. A socket that can't be asked has them all.
func polls(c syscall.RawConn, ask, want int16) bool {
	there := false
	err := c.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: ask}}
		n, err := unix.Poll(p, 0)
		there = err == nil && n > 0 && p[0].Revents&want != 0
	})
	return there || err != nil
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
