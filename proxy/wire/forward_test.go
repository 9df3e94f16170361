package wire

import (
	"bytes"
	"errors"
	"io"
	"testing"
)

// A frame that ends before its end is not handed on, though the other side is flushed whenever input is waited for; one that is too large to
// wait for is, as far as it came.
func TestForwardOfAFrameThatIsCut(t *testing.T) {
	whole := AppendFrame(nil, 'C', []byte("SELECT 1\x00"))
	for size, torn := range map[int]bool{1: false, 11: false, forwardWhole - headerLen: false, forwardWhole: true, 3 * readBuffer: true} {
		frame := AppendFrame(nil, 'D', bytes.Repeat([]byte("x"), size))
		for _, sizes := range [][]int{{1}, {3, 1, 7}, {4096}, {1 << 20}} {
			in := &segments{data: append(bytes.Clone(whole), frame[:len(frame)-1]...), sizes: sizes}
			out := &segments{}
			c, to := NewConn(in, 1<<20), NewConn(out, 0)
			c.BeforeRead = to.Flush
			var err error
			for err == nil {
				if _, _, err = c.Next(); err == nil {
					err = c.Forward(to)
				}
			}
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%d bytes, read by %v: %v", size, sizes, err)
			}
			to.Flush()
			if got := out.written.Bytes(); !torn && !bytes.Equal(got, whole) || torn && !bytes.HasPrefix(got, whole) {
				t.Errorf("%d bytes, read by %v: %d bytes were handed on, want %d", size, sizes, len(got), len(whole))
			}
			if torn != to.WriteFailed() && sizes[0] < 1<<20 { // in one read nothing of it needs to have gone
				t.Errorf("%d bytes, read by %v: WriteFailed is %v", size, sizes, to.WriteFailed())
			}
		}
	}
}
