package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/proxy/wire"
)

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func (s *served) dsn(user, password, more string) string {
	host, port, _ := net.SplitHostPort(s.addr)
	return fmt.Sprintf("host=%s port=%s user=%s password='%s' dbname=d %s", host, port, user, password, more)
}

// TestNoPlaceIsLost: after thousands of connections that end in every way, nobody is counted.
func TestNoPlaceIsLost(t *testing.T) {
	l := limitsForTests()
	l.Sessions, l.PerUser, l.Strangers, l.StrangersPerAddress, l.Handshake = 20, 15, 40, 35, 300*time.Millisecond
	s := serving(t, l)
	sent := func(after func(net.Conn), frames ...[]byte) func() {
		return func() {
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				return
			}
			defer c.Close()
			for _, f := range frames {
				c.Write(f)
			}
			if after != nil {
				after(c)
			}
		}
	}
	one := func(c net.Conn) { c.SetReadDeadline(time.Now().Add(time.Second)); c.Read(make([]byte, 1)) }
	var signedIn, refused atomic.Int64
	connect := func(user, password, more string) func() {
		return func() {
			ctx, done := context.WithTimeout(t.Context(), 5*time.Second)
			defer done()
			c, err := pgconn.Connect(ctx, s.dsn(user, password, more))
			var e *pgconn.PgError
			switch {
			case err == nil:
				signedIn.Add(1)
				c.Close(ctx)
			case errors.As(err, &e) && e.Code == "53300":
				refused.Add(1)
			}
		}
	}
	startup := startupPacket("user", "maya", "database", "d")
	ways := []func(){
		sent(nil), sent(nil, []byte("GET / HTTP/1.0\r\n\r\n")), sent(nil, sslRequest), sent(one, sslRequest), sent(one, sslRequest, []byte{22, 3, 1}),
		sent(one, sslRequest, []byte("no TLS")), sent(nil, startup), sent(one, startup), sent(one, startup, wire.AppendFrame(nil, 'p', []byte("SCRAM-SHA-256\x00\xff\xff\xff\xff"))),
		sent(one, startup, []byte("Q\x00\x00\x00\x05\x00")), sent(nil, []byte{0, 0, 0, 16, 4, 0xd2, 0x16, 0x2e, 0, 0, 0, 1, 0, 0, 0, 2}),
		sent(one, []byte{0, 0, 0x20, 0}), sent(func(c net.Conn) { c.(*net.TCPConn).SetLinger(0) }, startup),
		connect("maya", testPassword, "sslmode=disable"), connect("maya", testPassword, "sslmode=require"), connect("maya", testPassword, "sslmode=disable"),
		connect("nobody", "x", "sslmode=disable"),
	}
	if !testing.Short() {
		ways = append(ways, sent(func(c net.Conn) { time.Sleep(400 * time.Millisecond) }), sent(func(c net.Conn) { time.Sleep(400 * time.Millisecond) }, startup))
	}
	var all sync.WaitGroup
	turn := make(chan struct{}, 60)
	for i := range 10_000 {
		turn <- struct{}{}
		all.Go(func() { ways[i%len(ways)](); <-turn })
	}
	all.Wait()
	eventually(t, "all places are free", func() bool {
		sessions, strangers := s.admission.count()
		return sessions == 0 && strangers == 0
	})
	s.admission.mu.Lock()
	defer s.admission.mu.Unlock()
	if a := &s.admission; len(a.sessionsAt)+len(a.sessionsOf)+len(a.strangersAt) != 0 {
		t.Errorf("left: %v %v %v", a.sessionsAt, a.sessionsOf, a.strangersAt)
	}
	if signedIn.Load() == 0 || refused.Load() == 0 {
		t.Errorf("%d signed in, %d were refused: both should have happened", signedIn.Load(), refused.Load())
	}
	s.vigil.mu.Lock()
	defer s.vigil.mu.Unlock()
	if len(s.vigil.all) != 0 {
		t.Errorf("%d clients are looked after", len(s.vigil.all))
	}
}

// halfOpen is how many connections TestHalfOpenIsCheap opens, and most how much memory in bytes each may cost.
const halfOpen = 2000

// TestHalfOpenIsCheap measures what connections cost that stop at each step of signing in.
func TestHalfOpenIsCheap(t *testing.T) {
	l := limitsForTests()
	l.Strangers, l.StrangersPerAddress, l.Handshake = 2*halfOpen, 2*halfOpen, 5*time.Minute
	s := serving(t, l)
	hello := clientHello(t)
	for _, c := range []struct {
		name string
		send [][]byte // each but the first after a byte of an answer
		most float64  // kB each
	}{
		{"a TCP connection", nil, 12},
		{"half of a first packet", [][]byte{sslRequest[:5]}, 12},
		{"an SSLRequest", [][]byte{sslRequest}, 20},
		{"half of a ClientHello", [][]byte{sslRequest, hello[:len(hello)/2]}, 24},
		{"most of what a ClientHello may be", [][]byte{sslRequest, append([]byte{22, 3, 1, 0x3f, 0, 1, 0, 0xea, 0x60}, make([]byte, 16000)...)}, 72},
		{"a ClientHello, answered", [][]byte{sslRequest, hello}, 48},
		{"half of a long startup packet", [][]byte{startupPacket("user", "maya", "options", strings.Repeat("x", 9000))[:5000]}, 24},
		{"a startup packet, SASL offered", [][]byte{startupPacket("user", "maya", "database", "d")}, 20},
		{"a long startup packet, SASL offered", [][]byte{startupPacket("user", "maya", "options", strings.Repeat("x", 9900))}, 32},
		{"SASL begun", [][]byte{startupPacket("user", "maya", "database", "d"), wire.AppendFrame(nil, 'p', append([]byte("SCRAM-SHA-256\x00\x00\x00\x00\x20"), "n,,n=,r=rOprNGfwEbeRWgbNEkqOxxxx"...))}, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := memory()
			fds := make([]int, 0, halfOpen)
			defer func() {
				for _, fd := range fds {
					syscall.Close(fd)
				}
				eventually(t, "all have left", func() bool { _, n := s.admission.count(); return n == 0 })
			}()
			for range halfOpen {
				fd, err := dialRaw(s.addr)
				if err != nil {
					t.Fatal(err)
				}
				fds = append(fds, fd)
				for i, b := range c.send {
					if i > 0 {
						if _, err := syscall.Read(fd, make([]byte, 1)); err != nil {
							t.Fatal(err)
						}
					}
					if _, err := syscall.Write(fd, b); err != nil {
						t.Fatal(err)
					}
				}
			}
			eventually(t, "all are in", func() bool { _, n := s.admission.count(); return n == halfOpen })
			time.Sleep(300 * time.Millisecond)
			each := (float64(memory()) - float64(before)) / halfOpen / 1000
			t.Logf("%-40s %5.1f kB each", c.name, each)
			if each > c.most {
				t.Errorf("%.1f kB each, at most %.0f are allowed", each, c.most)
			}
		})
	}
}

// memory is what the heap and the goroutines' stacks take, after a collection.
func memory() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// dialRaw connects without the runtime, whose own part would be measured too.
func dialRaw(addr string) (int, error) {
	a, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		return 0, err
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	return fd, syscall.Connect(fd, &syscall.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())})
}

// clientHello is a TLS client's first message.
func clientHello(t *testing.T) []byte {
	t.Helper()
	a, b := net.Pipe()
	defer a.Close()
	go tls.Client(b, &tls.Config{InsecureSkipVerify: true}).Handshake()
	hello := make([]byte, 4096)
	n, err := a.Read(hello)
	if err != nil {
		t.Fatal(err)
	}
	return hello[:n]
}

// TestHandshakeHasOneDeadline: whoever says something again and again has no more time than who is silent.
func TestHandshakeHasOneDeadline(t *testing.T) {
	l := limitsForTests()
	l.Handshake = 700 * time.Millisecond
	s := serving(t, l)
	packet := startupPacket("user", "maya", "database", "d", "application_name", strings.Repeat("x", 100))
	for name, c := range map[string]struct {
		first []byte // at once
		slow  []byte // a byte each 50 ms
	}{
		"nothing":          {},
		"startup packet":   {slow: packet},
		"TLS":              {first: sslRequest, slow: clientHello(t)},
		"SASL":             {first: packet, slow: wire.AppendFrame(nil, 'p', append([]byte("SCRAM-SHA-256\x00\x00\x00\x00\x20"), "n,,n=,r=rOprNGfwEbeRWgbNEkqOxxxx"...))},
		"requests, slowly": {slow: append(append([]byte{}, 0, 0, 0, 8, 4, 0xd2, 0x16, 0x30), packet...)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			began := time.Now()
			conn.Write(c.first)
			gone := make(chan struct{})
			go func() {
				defer close(gone)
				for b := make([]byte, 512); ; {
					if _, err := conn.Read(b); err != nil {
						return
					}
				}
			}()
			for i := 0; ; i++ {
				select {
				case <-gone:
					if took := time.Since(began); took < l.Handshake*9/10 || took > l.Handshake+3*time.Second {
						t.Errorf("ended after %v", took)
					}
					return
				case <-time.After(50 * time.Millisecond):
					if i < len(c.slow) {
						conn.Write(c.slow[i : i+1])
					}
				case <-time.After(10 * time.Second):
					t.Fatal("never ended")
				}
			}
		})
	}
}
