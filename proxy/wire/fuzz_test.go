package wire

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"reflect"
	"testing"
	"time"
)

// FuzzFrames: whatever comes, however it is cut and however each frame is taken, nothing panics, and what is read is what a reader that has
// all of it at once finds.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("Q\x00\x00\x00\x0dselect 1\x00S\x00\x00\x00\x04"), []byte{0, 1}, uint8(1))
	f.Add([]byte("d\x00\x00\x00\x09hello"), []byte{4}, uint8(3))
	f.Add([]byte("Z\x00\x00\x00\x03"), []byte{2}, uint8(7))
	f.Add([]byte("D\x7f\xff\xff\xffabc"), []byte{3}, uint8(200))
	f.Fuzz(func(t *testing.T, stream, ways []byte, cut uint8) {
		const maxWhole = 512
		in, out := &segments{data: stream, sizes: []int{int(cut)%64 + 1, int(cut)/64 + 1}}, &segments{}
		c, to := NewConn(in, maxWhole), NewConn(out, 0)
		rest := stream
		var want []byte
		for i := 0; ; i++ {
			typ, size, err := c.Next()
			whole := len(rest) >= headerLen
			declared := 0
			if whole {
				n := binary.BigEndian.Uint32(rest[1:])
				whole = n >= 4 && n <= MaxFrame+4
				declared = int(n) - 4
			}
			if (err == nil) != whole || whole && (typ != rest[0] || size != declared || c.Size() != declared) {
				t.Fatalf("frame %d: %q %d %v of %q", i, typ, size, err, rest)
			}
			if !whole {
				break
			}
			complete := len(rest) >= headerLen+declared
			var frame []byte
			if complete {
				frame, rest = rest[:headerLen+declared], rest[headerLen+declared:]
			}
			if ok := takeFrame(t, c, to, way(ways, i), declared <= maxWhole, frame, &want); !ok {
				if complete && declared <= maxWhole {
					t.Fatalf("frame %d could not be read", i)
				}
				break
			}
			if !complete {
				t.Fatalf("frame %d was read and had not come", i)
			}
		}
		if err := to.Flush(); err != nil {
			t.Fatal(err)
		}
		if got := out.written.Bytes(); !bytes.HasPrefix(got, want) {
			t.Fatalf("forwarded %q, not %q", got, want)
		}
	})
}

func way(ways []byte, i int) byte {
	if len(ways) == 0 {
		return 0
	}
	return ways[i%len(ways)] % 6
}

// takeFrame consumes the frame that Next has announced in one of the ways there are; frame is nil if it has not all come.
func takeFrame(t *testing.T, c, to *Conn, way byte, fits bool, frame []byte, forwarded *[]byte) bool {
	same := func(b []byte, err error, want []byte) bool {
		if err == nil && !bytes.Equal(b, want) {
			t.Fatalf("read %q, not %q", b, want)
		}
		return err == nil
	}
	switch way {
	case 0:
		b, err := c.Frame()
		if !fits && err == nil {
			t.Fatal("a frame above the limit was read whole")
		}
		return same(b, err, frame)
	case 1:
		b, err := c.Body()
		return err == nil && same(b, err, frame[headerLen:])
	case 2:
		err := c.Forward(to)
		if err == nil {
			*forwarded = append(*forwarded, frame...)
		}
		return err == nil
	case 3:
		return c.Discard() == nil
	case 4:
		var all []byte
		err := c.Pieces(func(b []byte) error { all = append(all, b...); return nil })
		return err == nil && same(all, err, frame[headerLen:])
	}
	b, err := c.Peek(7)
	if err != nil {
		return false
	}
	if frame != nil && !bytes.HasPrefix(frame[headerLen:], b) {
		t.Fatalf("peeked %q", b)
	}
	return c.Discard() == nil
}

// FuzzAccept: what a stranger says first comes to the same however it is cut; no byte beyond it is read, and what is refused is told as one
// FATAL error or not at all.
func FuzzAccept(f *testing.F) {
	hello := startup(196608, "\x00", "user", "u", "database", "d")
	f.Add(hello, false)
	f.Add(append(request(sslRequest), hello...), false)
	f.Add(append(request(gssRequest), append(request(sslRequest), hello...)...), true)
	f.Add(AppendCancel(nil, Cancel{PID: 1, Key: []byte("abcd")}), true)
	f.Add(startup(196608, "\x00", "user", "u", "replication", "1"), true)
	f.Add([]byte("\x16\x03\x01"), false)
	f.Fuzz(func(t *testing.T, stream []byte, replication bool) {
		var results [2]string
		var openings [2]Opening
		for i, size := range []int{1, 1 << 20} {
			in := &stranger{segments: segments{data: append(bytes.Clone(stream), "rest"...), sizes: []int{size}}}
			c, o, err := Accept(context.Background(), in, AcceptOptions{Replication: replication})
			said := bytes.TrimLeft(in.written.Bytes(), "N")
			if err != nil {
				if len(said) > 0 && (said[0] != 'E' || ErrorField(said[5:], 'V') != "FATAL" || len(said) != 1+int(binary.BigEndian.Uint32(said[1:]))) {
					t.Fatalf("refused with %q", said)
				}
				results[i] = err.Error() + string(said)
				continue
			}
			if len(said) > 0 || c.Buffered() > 0 {
				t.Fatalf("said %q and read too much by %d bytes", said, c.Buffered())
			}
			openings[i] = o
			results[i] = string(in.data)
			if o.Cancel == nil && (o.Startup.User == "" || o.Startup.Replication != NoReplication && !replication) {
				t.Fatalf("accepted %+v", o)
			}
		}
		if results[0] != results[1] || !reflect.DeepEqual(openings[0], openings[1]) {
			t.Fatalf("byte by byte: %q %+v\nat once: %q %+v", results[0], openings[0], results[1], openings[1])
		}
	})
}

// stranger is segments with all that Accept does to a socket.
type stranger struct{ segments }

func (*stranger) Close() error                { return nil }
func (*stranger) RemoteAddr() net.Addr        { return &net.TCPAddr{} }
func (*stranger) SetDeadline(time.Time) error { return nil }
