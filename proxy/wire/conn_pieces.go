package wire

// Size is the body length, in bytes, of the frame announced by Next.
func (c *Conn) Size() int { return c.size }

// Pieces consumes the frame announced by Next and hands its body to take as it comes, in pieces that are valid until take returns. An
// empty body is one empty piece.
func (c *Conn) Pieces(take func([]byte) error) error {
	if err := c.fill(headerLen); err != nil {
		return err
	}
	left := c.size
	c.size = -1
	c.r += headerLen
	for first := true; first || left > 0; first = false {
		if c.r == c.w && left > 0 {
			if err := c.more(); err != nil {
				return err
			}
		}
		n := min(left, c.w-c.r)
		piece := c.in[c.r : c.r+n]
		c.r += n
		left -= n
		if err := take(piece); err != nil {
			for left > 0 { // the rest of the frame is nobody's
				if c.r == c.w {
					if err := c.more(); err != nil {
						return err
					}
				}
				n := min(left, c.w-c.r)
				c.r += n
				left -= n
			}
			return err
		}
	}
	return nil
}

// more waits for the rest of a frame of which nothing is at hand. It does so with a buffer, since much may follow.
func (c *Conn) more() error {
	c.within = true
	err := c.fill(1)
	c.within = false
	return err
}
