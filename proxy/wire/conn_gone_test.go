package wire

import (
	"net"
	"testing"
	"time"
)

// TestPeerBroken: a peer that has closed its sending half is not broken, however much it is sent; one that has closed both is, when it has
// been sent something.
func TestPeerBroken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, both := range []bool{false, true} {
		peer, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		nc, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c := NewConn(direct(nc), 100)
		if c.PeerGone() || c.PeerBroken() {
			t.Error("a peer that is there is gone")
		}
		if both {
			peer.Close()
		} else {
			peer.(*net.TCPConn).CloseWrite()
		}
		until(t, "it is seen that the peer sends no more", c.PeerGone)
		if c.PeerBroken() {
			t.Error("broken before anything was sent")
		}
		frame := AppendFrame(nil, 'S', []byte("a\x00b\x00"))
		if both {
			until(t, "it is seen that the peer is gone", func() bool { return !c.Interject(frame) || c.PeerBroken() })
		} else {
			for range 3 {
				if !c.Interject(frame) || c.PeerBroken() {
					t.Error("a peer that listens is gone")
				}
				got := make([]byte, len(frame))
				if n, err := peer.Read(got); err != nil || n != len(frame) {
					t.Errorf("the peer got %d bytes, %v", n, err)
				}
			}
		}
		nc.Close()
		peer.Close()
	}
}

func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}
