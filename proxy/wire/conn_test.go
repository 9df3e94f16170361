package wire

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"testing"
)

// segments is a peer that delivers its bytes in pieces of the given sizes, again and again, and keeps what is written.
type segments struct {
	net.Conn
	data    []byte
	sizes   []int
	reads   int
	written bytes.Buffer
}

func (s *segments) Read(b []byte) (int, error) {
	if len(s.data) == 0 {
		return 0, io.EOF
	}
	n := min(s.sizes[s.reads%len(s.sizes)], len(b), len(s.data))
	s.reads++
	copy(b, s.data[:n])
	s.data = s.data[n:]
	return n, nil
}

func (s *segments) Write(b []byte) (int, error) { return s.written.Write(b) }

// someFrames makes frames of all sizes around the buffers' borders.
func someFrames(rng *rand.Rand, n int) (frames [][]byte) {
	sizes := []int{0, 1, 5, 100, readBuffer - 6, readBuffer - 5, readBuffer - 4, readBuffer, 3*readBuffer + 1, readBufferMax + 7}
	for i := range n {
		body := make([]byte, sizes[rng.IntN(len(sizes))]/(1+rng.IntN(3)))
		for j := range body {
			body[j] = byte(i + j)
		}
		frames = append(frames, AppendFrame(nil, byte('A'+i%26), body))
	}
	return frames
}

func TestConnReadsFramesHoweverTheyCome(t *testing.T) {
	for _, sizes := range [][]int{{1}, {3, 1, 7}, {4096}, {1 << 20}, {5, 1 << 20}, {readBuffer}} {
		rng := rand.New(rand.NewPCG(1, uint64(len(sizes))))
		frames := someFrames(rng, 120)
		in := &segments{data: bytes.Join(frames, nil), sizes: sizes}
		c, to := NewConn(in, 1<<20), NewConn(&segments{}, 0)
		var want []byte
		for i, f := range frames {
			typ, size, err := c.Next()
			if err != nil || typ != f[0] || size != len(f)-5 {
				t.Fatalf("%v: frame %d: %q %d %v", sizes, i, typ, size, err)
			}
			if head, err := c.Peek(3); err != nil || !bytes.Equal(head, f[5:5+min(3, size)]) {
				t.Fatalf("%v: peek %q %v", sizes, head, err)
			}
			switch rng.IntN(4) {
			case 0:
				if b, err := c.Body(); err != nil || !bytes.Equal(b, f[5:]) {
					t.Fatalf("%v: frame %d: wrong body, %v", sizes, i, err)
				}
			case 1:
				if b, err := c.Frame(); err != nil || !bytes.Equal(b, f) {
					t.Fatalf("%v: frame %d: wrong frame, %v", sizes, i, err)
				}
			case 2:
				if err := c.Discard(); err != nil {
					t.Fatal(err)
				}
			case 3:
				want = append(want, f...)
				if err := c.Forward(to); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, _, err := c.Next(); err != io.EOF {
			t.Errorf("%v: after the last frame: %v", sizes, err)
		}
		to.Flush()
		if got := to.Conn.(*segments).written.Bytes(); !bytes.Equal(got, want) {
			t.Errorf("%v: forwarded %d bytes, want %d", sizes, len(got), len(want))
		}
	}
}

func TestConnFlushesTheOtherSideBeforeItBlocks(t *testing.T) {
	in := &segments{data: bytes.Repeat(AppendFrame(nil, 'D', []byte("x")), 10), sizes: []int{12}}
	c := NewConn(in, 100)
	blocked := 0
	c.BeforeRead = func() error { blocked++; return nil }
	for range 10 {
		if _, _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
		c.Discard()
	}
	if blocked != in.reads {
		t.Errorf("%d calls for %d reads", blocked, in.reads)
	}
	c.BeforeRead = func() error { return errors.New("broken") }
	if _, _, err := c.Next(); err == nil || err.Error() != "broken" {
		t.Errorf("got %v", err)
	}
}

func TestConnRefusesBadLengths(t *testing.T) {
	for _, head := range []string{"Q\x00\x00\x00\x03", "Q\x80\x00\x00\x00", "Q\xff\xff\xff\xff", "Q\x00\x00\x00\x00"} {
		c := NewConn(&segments{data: []byte(head), sizes: []int{5}}, 1<<30)
		if _, _, err := c.Next(); err == nil {
			t.Errorf("%q was taken", head)
		}
	}
	c := NewConn(&segments{data: AppendFrame(nil, 'Q', make([]byte, 101)), sizes: []int{99}}, 100)
	c.Next()
	if _, err := c.Body(); !errors.Is(err, ErrTooLong) {
		t.Errorf("a frame over the limit: %v", err)
	}
	if err := c.Discard(); err != nil {
		t.Errorf("it can't be dropped: %v", err)
	}
	c = NewConn(&segments{data: []byte("Q\x00\x00\x00\x09abc"), sizes: []int{99}}, 100)
	c.Next()
	if _, err := c.Body(); err != io.ErrUnexpectedEOF {
		t.Errorf("a cut frame: %v", err)
	}
}

// What a peer declares costs nothing until it comes.
func TestConnAllocatesWhatArrives(t *testing.T) {
	c := NewConn(&segments{data: []byte("d\x3f\xff\xff\xff" + "abc"), sizes: []int{99}}, MaxFrame)
	if _, _, err := c.Next(); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := c.Body(); err == nil {
		t.Fatal("a body that never came")
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d bytes for a body of 3", grown)
	}
}

func TestConnBufferFollowsTheStream(t *testing.T) {
	big := &segments{data: bytes.Repeat(AppendFrame(nil, 'D', make([]byte, 100)), 20000), sizes: []int{1 << 20}}
	c := NewConn(big, 1<<20)
	for range 20000 {
		if _, _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
		c.Discard()
	}
	if len(c.in) != readBufferMax {
		t.Errorf("a stream is read in pieces of %d", len(c.in))
	}
	c.Conn = &segments{data: bytes.Repeat(AppendFrame(nil, 'Z', []byte("I")), 3*smallReads), sizes: []int{6}}
	for range 3 * smallReads {
		if _, _, err := c.Next(); err != nil {
			t.Fatal(err)
		}
		c.Discard()
	}
	if len(c.in) != readBuffer {
		t.Errorf("small answers keep a buffer of %d", len(c.in))
	}
}

func TestConnDeafDropsOutput(t *testing.T) {
	to := &segments{}
	c := NewConn(to, 100)
	c.Write([]byte("abc"))
	c.Deaf.Store(true)
	if err := c.Flush(); err != nil || to.written.Len() != 0 {
		t.Errorf("%v, wrote %q", err, to.written.Bytes())
	}
}
