package e2e

import (
	"io"
	"net"
	"strconv"
	mutex "sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// faulty is a relay in front of a server, which fails as networks do.
type faulty struct {
	Port int
	// After, if above zero, is how many more bytes the server may say; then the connection ends as Reset says.
	After atomic.Int64
	Reset atomic.Bool

	mu      mutex.Mutex
	conns   []*net.TCPConn // the sides of those who connected
	servers []*net.TCPConn // those towards the server
}

// newFaulty relays to a port of this machine.
func newFaulty(t *testing.T, port int) *faulty {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f := &faulty{Port: l.Addr().(*net.TCPAddr).Port}
	go func() {
		for {
			a, err := l.Accept()
			if err != nil {
				return
			}
			b, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				a.Close()
				continue
			}
			f.mu.Lock()
			f.conns, f.servers = append(f.conns, a.(*net.TCPConn)), append(f.servers, b.(*net.TCPConn))
			f.mu.Unlock()
			go func() { io.Copy(b, a); b.Close() }()
			go f.answer(a.(*net.TCPConn), b)
		}
	}()
	return f
}

func (f *faulty) answer(to *net.TCPConn, from net.Conn) {
	defer from.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if left := f.After.Load(); left > 0 {
			if n = min(n, int(left)); f.After.Add(-int64(n)) <= 0 {
				to.Write(buf[:n])
				f.After.Store(0)
				if f.Reset.Load() {
					to.SetLinger(0)
				}
				to.Close()
				return
			}
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
			to.Close()
			return
		}
	}
}

// End ends all connections, by RST or FIN.
func (f *faulty) End(rst bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		if rst {
			c.SetLinger(0)
		}
		c.Close()
	}
	f.conns = nil
}

// Silence makes the kernel drop whatever comes for these connections, so that nothing is acknowledged any more: a cable that was cut.
func (f *faulty) Silence(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		silence1(t, c)
	}
}

// silenceServers is Silence on the way to the server.
func (f *faulty) silenceServers(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.servers {
		silence1(t, c)
	}
	f.servers = nil
}

func silence1(t *testing.T, c *net.TCPConn) {
	t.Helper()
	filter := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K}} // keep 0 bytes of each packet
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &filter[0]})
	})
	if err != nil {
		t.Fatal(err)
	}
}
