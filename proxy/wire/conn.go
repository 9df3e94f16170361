// Package wire is one socket's frames and the few messages the proxy reads or writes itself. It has no opinion on what
// may pass.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
)

const (
	// headerLen is a frame's type byte and its length, which counts itself but not the type.
	headerLen = 5
	// readBuffer is the first size of the read buffer. It grows for a frame that must be read whole, and up to readBufferMax
	// while reads fill it; after smallReads reads that don't, it is small again.
	readBuffer    = 16 << 10
	readBufferMax = 128 << 10
	smallReads    = 32
	// readBufferWhole is the size above which a buffer grows at once to that of the frame that is read whole, or 32 times what has come: each
	// step between leaves one more for the collector.
	readBufferWhole = 1 << 20
	// readBufferKept is the size above which a buffer that grew for one frame is given back as soon as it is empty.
	readBufferKept = 4 << 20
	// flushAt is how many pending bytes make Conn write without waiting for a Flush.
	flushAt = 64 << 10
	// forwardWhole is the frame, with its header, up to which Forward hands on nothing before all of it is there: whoever loses his peer in
	// the middle of it is told so between two messages. It is so small that waiting for the rest never makes a buffer grow.
	forwardWhole = readBuffer / 2
	// MaxFrame is the largest body PostgreSQL accepts: PQ_LARGE_MESSAGE_LIMIT, src/include/libpq/libpq.h.
	MaxFrame = 0x3fffffff
)

// ErrTooLong is wrapped by Body when a frame that must be read whole exceeds the limit.
var ErrTooLong = errors.New("message too long")

// Conn reads and writes the frames of one socket, both directions. One goroutine may read while another writes.
type Conn struct {
	net.Conn

	// BeforeRead, if set, runs each time Conn is about to block for input: the place to flush the other side.
	BeforeRead func() error
	// AfterRead and AfterWrite, if set, run after each read of and write to the socket, with the number of bytes.
	AfterRead, AfterWrite func(n int)
	// Deaf makes output go nowhere: the peer has said that it is gone.
	Deaf atomic.Bool

	in       []byte // in[r:w] is read and not consumed
	r, w     int
	size     int // body length of the frame that Next announced, -1: none
	maxWhole int
	full     bool // the latest read filled the buffer
	small    int  // reads in a row that came nowhere near it

	out []byte

	lost lost

	buffers    *Buffers // nil: nobody shares
	socket     lender   // Conn, if it is one and shares
	toBorrow   func() []byte
	toGiveBack func()
	records    bool            // Conn is TLS and shares
	first      [headerLen]byte // of a record
	within     bool            // what is read next is the rest of a frame
}

// NewConn wraps c. maxWhole bounds, in bytes, a frame that Body is asked for; Forward has no bound but MaxFrame.
func NewConn(c net.Conn, maxWhole int) *Conn {
	return &Conn{Conn: c, size: -1, maxWhole: maxWhole}
}

// SetMaxWhole changes the bound given to NewConn.
func (c *Conn) SetMaxWhole(n int) { c.maxWhole = n }

// Buffered is the number of bytes read from the socket and not consumed.
func (c *Conn) Buffered() int { return c.w - c.r }

// HasNext reports whether Next would not wait.
func (c *Conn) HasNext() bool { return c.w-c.r >= headerLen }

// Next waits for the next frame's header and returns its type and body length. The frame is then consumed by exactly one of
// Body, Frame, Forward and Discard.
func (c *Conn) Next() (typ byte, size int, err error) {
	if err := c.fill(headerLen); err != nil {
		return 0, 0, err
	}
	n := binary.BigEndian.Uint32(c.in[c.r+1:])
	if n < 4 || n > MaxFrame+4 {
		return 0, 0, fmt.Errorf("invalid message length %d", n)
	}
	c.size = int(n) - 4
	return c.in[c.r], c.size, nil
}

// Body reads the whole frame announced by Next and returns its body, valid until the next call of Next.
func (c *Conn) Body() ([]byte, error) {
	f, err := c.Frame()
	if err != nil {
		return nil, err
	}
	return f[headerLen:], nil
}

// Frame is Body with the five header bytes in front.
func (c *Conn) Frame() ([]byte, error) {
	if c.size > c.maxWhole {
		return nil, fmt.Errorf("%w: %d bytes, the limit is %d", ErrTooLong, c.size, c.maxWhole)
	}
	n := headerLen + c.size
	if err := c.fill(n); err != nil {
		return nil, err
	}
	f := c.in[c.r : c.r+n]
	c.r += n
	c.size = -1
	return f, nil
}

// Peek returns up to n bytes of the body of the frame announced by Next, without consuming them.
func (c *Conn) Peek(n int) ([]byte, error) {
	n = min(n, c.size)
	if err := c.fill(headerLen + n); err != nil {
		return nil, err
	}
	return c.in[c.r+headerLen : c.r+headerLen+n], nil
}

// Forward appends the frame announced by Next to dst's output undecoded, in pieces if it is large.
func (c *Conn) Forward(dst *Conn) error {
	if n := headerLen + c.size; n <= forwardWhole && c.w-c.r < n {
		if err := c.fill(n); err != nil {
			return err
		}
	}
	handed := 0
	err := c.pass(func(b []byte) error {
		handed += len(b)
		return dst.Write(b)
	})
	if err != nil && !dst.lost.torn {
		dst.cut(handed)
	}
	return err
}

// Discard consumes the frame announced by Next.
func (c *Conn) Discard() error { return c.pass(func([]byte) error { return nil }) }

func (c *Conn) pass(take func([]byte) error) error {
	left := headerLen + c.size
	c.size = -1
	for left > 0 {
		if c.r == c.w {
			err := c.more()
			if err != nil {
				err = c.oneMore(err)
			}
			if err != nil {
				return err
			}
		}
		n := min(left, c.w-c.r)
		if err := take(c.in[c.r : c.r+n]); err != nil {
			return err
		}
		c.r += n
		left -= n
	}
	return nil
}

// fill makes at least n unconsumed bytes available. Memory grows with the bytes that arrive, not with the length declared.
func (c *Conn) fill(n int) error {
	for c.w-c.r < n {
		if c.in != nil && (c.r == c.w || c.r+n > len(c.in)) {
			c.makeRoom(n)
		}
		if c.BeforeRead != nil {
			if err := c.BeforeRead(); err != nil {
				return err
			}
		}
		m, err := c.read()
		room := len(c.in) - c.w
		c.w += m
		c.note(m, room)
		if c.AfterRead != nil {
			c.AfterRead(m)
		}
		if err != nil && c.w-c.r < n {
			c.noteRead(err)
			if err == io.EOF && c.w > c.r {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}

// read reads behind c.w. A socket is given a buffer when it has something.
func (c *Conn) read() (int, error) {
	switch empty := c.in == nil || c.r == c.w; {
	case empty && c.socket != nil:
		return c.socket.readLent(c.toBorrow, c.toGiveBack)
	case empty && c.records && !c.within:
		return c.readRecord()
	}
	return c.Conn.Read(c.borrow())
}

// note keeps count of whether reads fill the buffer.
func (c *Conn) note(m, room int) {
	switch {
	case m == room && m > 0:
		c.full, c.small = true, 0
	case m < readBuffer/2:
		c.small++
	default:
		c.small = 0
	}
}

// makeRoom moves what is unconsumed to the buffer's start, in a buffer of a size that fits what has been coming, of which n are wanted.
func (c *Conn) makeRoom(n int) {
	size, kept := len(c.in), c.w-c.r
	switch {
	case kept == size, c.full && size < readBufferMax:
		if size *= 2; kept == len(c.in) && size > readBufferWhole {
			size = max(size, min(n, 16*size))
		}
	case c.small > smallReads && kept < readBuffer, size > readBufferKept && kept == 0:
		size = readBuffer
	}
	c.full = false
	if size != len(c.in) {
		in := make([]byte, size)
		copy(in, c.in[c.r:c.w])
		c.in, c.small = in, 0
	} else if c.r > 0 {
		copy(c.in, c.in[c.r:c.w])
	}
	c.r, c.w = 0, kept
}

// Write appends b to the output and writes when much is pending. b is a whole frame or a piece of one.
func (c *Conn) Write(b []byte) error {
	if len(b) >= flushAt { // not worth a copy, nor the memory
		if err := c.Flush(); err != nil {
			return err
		}
		return c.put(b)
	}
	c.room()
	c.out = append(c.out, b...)
	if len(c.out) >= flushAt {
		return c.Flush()
	}
	return nil
}

// Out is the pending output; a caller may append to it and hand it back with SetOut, to encode in place.
func (c *Conn) Out() []byte {
	c.room()
	return c.out
}

// SetOut replaces the pending output by what a caller appended to Out.
func (c *Conn) SetOut(b []byte) error {
	c.out = b
	if len(c.out) >= flushAt {
		return c.Flush()
	}
	return nil
}

// Flush writes what is pending.
func (c *Conn) Flush() error {
	if len(c.out) == 0 {
		return nil
	}
	err := c.put(c.out)
	c.emptied()
	return err
}

// put writes b to the socket.
func (c *Conn) put(b []byte) error {
	var err error
	if !c.Deaf.Load() {
		var n int
		n, err = c.Conn.Write(b)
		if c.AfterWrite != nil {
			c.AfterWrite(n)
		}
	}
	if c.Deaf.Load() {
		err = nil
	}
	if err != nil {
		c.noteWrite(err)
	}
	return err
}
