package wire

import (
	"crypto/tls"
	"sync"
)

// Buffers are read and write buffers that no connection needs now, for all to share.
type Buffers struct{ spare sync.Pool }

func (b *Buffers) get() *[readBuffer]byte {
	if buffer, ok := b.spare.Get().(*[readBuffer]byte); ok {
		return buffer
	}
	return new([readBuffer]byte)
}

// lender is a socket that asks for the buffer to read into when there is something to read.
type lender interface {
	// readLent is Read into what borrow gives; giveBack is called before waiting.
	readLent(borrow func() []byte, giveBack func()) (int, error)
}

// Lend makes a connection that waits for its peer hold no buffer, but for what TLS holds. It is for a connection that nobody reads or
// writes yet.
func (c *Conn) Lend(b *Buffers) {
	c.buffers = b
	if c.r == c.w {
		c.in, c.r, c.w = nil, 0, 0
	}
	if len(c.out) == 0 {
		c.out = nil
	}
	if s, ok := c.Conn.(lender); ok {
		c.socket, c.toBorrow, c.toGiveBack = s, c.borrow, c.giveBack
	}
	_, c.records = c.Conn.(*tls.Conn)
}

// readRecord reads what a record of TLS begins with, and borrows a buffer when it has come: crypto/tls keeps the rest of the record for
// the next read.
func (c *Conn) readRecord() (int, error) {
	if c.giveBack(); c.in != nil {
		return c.Conn.Read(c.borrow())
	}
	n, err := c.Conn.Read(c.first[:])
	if n > 0 {
		copy(c.borrow(), c.first[:n])
	}
	return n, err
}

// borrow makes sure that there is a read buffer and gives its free part.
func (c *Conn) borrow() []byte {
	if c.in == nil {
		c.in = c.buffer()
	}
	return c.in[c.w:]
}

// strangerBuffer is the first size of a buffer, in bytes, where the peer has not signed in: many may be on their way in.
const strangerBuffer = 512

// buffer is a buffer of the usual size.
func (c *Conn) buffer() []byte {
	switch {
	case c.buffers == nil && c.maxWhole <= handshakeWhole:
		return make([]byte, strangerBuffer)
	case c.buffers == nil:
		return make([]byte, readBuffer)
	}
	return c.buffers.get()[:]
}

// giveBack gives back a read buffer that holds nothing, unless it is larger than most: the peer sends much, and the next will be needed
// soon.
func (c *Conn) giveBack() {
	if c.r == c.w && len(c.in) <= readBuffer {
		if len(c.in) == readBuffer {
			c.buffers.spare.Put((*[readBuffer]byte)(c.in))
		}
		c.in, c.r, c.w = nil, 0, 0
	}
}

// emptied gives back a write buffer whose content has been written.
func (c *Conn) emptied() {
	switch n := cap(c.out); {
	case n == readBuffer && c.buffers != nil:
		c.buffers.spare.Put((*[readBuffer]byte)(c.out[:readBuffer]))
		c.out = nil
	case n > 4*flushAt:
		c.out = nil
	default:
		c.out = c.out[:0]
	}
}

// room makes sure that there is a write buffer.
func (c *Conn) room() {
	if c.out == nil {
		c.out = c.buffer()[:0]
	}
}
