package wire

import "sync"

// spare are read buffers and write buffers that no connection needs now: one that waits for its peer has none.
var spare = sync.Pool{New: func() any { return new([readBuffer]byte) }}

// lender is a socket that asks for the buffer to read into when there is something to read.
type lender interface {
	// readLent is Read into what borrow gives; giveBack is called before waiting.
	readLent(borrow func() []byte, giveBack func()) (int, error)
}

// borrow makes sure that there is a read buffer and gives its free part.
func (c *Conn) borrow() []byte {
	if c.in == nil {
		c.in = spare.Get().(*[readBuffer]byte)[:]
	}
	return c.in[c.w:]
}

// giveBack gives back a read buffer that holds nothing, unless it is larger than most: the peer sends much, and the next will be needed
// soon.
func (c *Conn) giveBack() {
	if c.r == c.w && len(c.in) == readBuffer {
		spare.Put((*[readBuffer]byte)(c.in))
		c.in, c.r, c.w = nil, 0, 0
	}
}

// emptied gives back a write buffer whose content has been written.
func (c *Conn) emptied() {
	switch n := cap(c.out); {
	case n == readBuffer:
		spare.Put((*[readBuffer]byte)(c.out[:readBuffer]))
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
		c.out = spare.Get().(*[readBuffer]byte)[:0]
	}
}
