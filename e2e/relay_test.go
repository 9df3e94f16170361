package e2e

import (
	"net"
	mutex "sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pgveil/pgveil/e2e/loopback"
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
	f := &faulty{}
	f.Port = loopback.Relay(t, port, func(server, client *net.TCPConn) {
		f.mu.Lock()
		f.conns, f.servers = append(f.conns, client), append(f.servers, server)
		f.mu.Unlock()
		loopback.Copy(server, client)
	}, f.answer)
	return f
}

func (f *faulty) answer(to, from *net.TCPConn) {
	defer from.Close()
	defer to.Close()
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
				return
			}
		}
		if _, werr := to.Write(buf[:n]); err != nil || werr != nil {
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
