package stack

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// sslRequest is the packet by which a client asks for TLS.
const sslRequest = "\x00\x00\x00\x08\x04\xd2\x16\x2f"

// wholeBytes is how much of one direction is cut as told. What comes after goes in larger pieces, so that a test with megabytes ends.
const wholeBytes = 256 << 10

// segments says how a relay cuts what it carries: into single bytes, or at random. TCP keeps no borders of messages, so no program may
// depend on any.
type segments struct {
	single bool
	seed   uint64
	conns  atomic.Uint64
}

// parseSegments reads "1", "random" or "random:SEED"; nil for "".
func parseSegments(s string) (*segments, error) {
	kind, seed, _ := strings.Cut(s, ":")
	n, err := strconv.ParseUint("0"+seed, 10, 64)
	switch {
	case s == "":
		return nil, nil
	case err == nil && kind == "random":
		return &segments{seed: n}, nil
	case s == "1":
		return &segments{single: true}, nil
	}
	return nil, fmt.Errorf("segments %q: use 1, random or random:SEED", s)
}

// relay listens and carries bytes to address, cut. With a certificate it takes the client's TLS layer off and puts its own on towards the
// other side, so that the pieces are records of their own: cutting what is encrypted would cut nothing for who decrypts it. It is closed by
// closing the listener.
type relay struct {
	net.Listener
	*segments
	to   string
	cert func() (tls.Certificate, error) // nil: bytes are carried as they are
}

func (s *segments) relay(to int, cert func() (tls.Certificate, error)) (r *relay, port int, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, 0, err
	}
	r = &relay{Listener: l, segments: s, to: net.JoinHostPort("127.0.0.1", strconv.Itoa(to)), cert: cert}
	go r.accept()
	return r, l.Addr().(*net.TCPAddr).Port, nil
}

func (r *relay) accept() {
	for {
		c, err := r.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go r.carry(c)
		}
	}
}

func (r *relay) carry(client net.Conn) {
	server, err := net.Dial("tcp", r.to)
	if err != nil {
		client.Close()
		return
	}
	a, b, first := client, server, []byte(nil)
	if r.cert != nil {
		first, err = awaited(client, server)
		if err == nil && string(first) == sslRequest {
			first = nil
			a, b, err = r.secure(client, server)
		}
		if err != nil && !errors.Is(err, io.EOF) {
			abort(client, server)
			return
		}
	}
	n := r.conns.Add(1)
	var both sync.WaitGroup
	both.Go(func() { r.pump(b, a, first, 2*n, client, server) })
	both.Go(func() { r.pump(a, b, nil, 2*n+1, client, server) })
	both.Wait()
	client.Close()
	server.Close()
}

// awaited is begin, unless the server has something to say before: that it ends the connection.
func awaited(client, server net.Conn) (first []byte, err error) {
	raw, err := server.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	past := time.Unix(1, 0)
	var watching sync.WaitGroup
	watching.Go(func() {
		var b [1]byte
		err := raw.Read(func(fd uintptr) bool {
			_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
			return err != syscall.EAGAIN
		})
		if err == nil {
			client.SetReadDeadline(past)
		}
	})
	first, err = begin(client)
	server.SetReadDeadline(past)
	watching.Wait()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil
	}
	return first, errors.Join(err, server.SetReadDeadline(time.Time{}), client.SetReadDeadline(time.Time{}))
}

// begin reads a client's first packet if that may be an SSLRequest, and what there is of it if not.
func begin(client net.Conn) ([]byte, error) {
	first := make([]byte, 0, len(sslRequest))
	for len(first) < len(sslRequest) && string(first) == sslRequest[:len(first)] {
		n, err := client.Read(first[len(first):cap(first)])
		if first = first[:len(first)+n]; err != nil {
			return first, err
		}
	}
	return first, nil
}

// secure does the TLS handshakes of both sides.
func (r *relay) secure(client, server net.Conn) (a, b net.Conn, err error) {
	if _, err := io.WriteString(server, sslRequest); err != nil {
		return nil, nil, err
	}
	var answer [1]byte
	if _, err := io.ReadFull(server, answer[:]); err != nil {
		return nil, nil, err
	}
	if _, err := client.Write(answer[:]); err != nil || answer[0] != 'S' {
		return client, server, err
	}
	cert, err := r.cert()
	if err != nil {
		return nil, nil, err
	}
	in := tls.Server(client, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"postgresql"}, SessionTicketsDisabled: true})
	out := tls.Client(server, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"postgresql"}}) // loopback, in a test
	return in, out, errors.Join(in.Handshake(), out.Handshake())
}

// pump carries one direction. The end of input is handed on as such; an error ends both sides abruptly.
func (r *relay) pump(to, from net.Conn, first []byte, stream uint64, client, server net.Conn) {
	random := rand.New(rand.NewPCG(r.seed, stream))
	buf := make([]byte, 32<<10)
	done := 0
	send := func(b []byte) error {
		for len(b) > 0 {
			n := r.piece(random, done, len(b))
			if _, err := to.Write(b[:n]); err != nil {
				return err
			}
			b, done = b[n:], done+n
			if !r.single && random.IntN(64) == 0 {
				time.Sleep(time.Duration(random.IntN(1000)) * time.Microsecond)
			}
		}
		return nil
	}
	err := send(first)
	for err == nil {
		var n int
		n, err = from.Read(buf)
		if e := send(buf[:n]); e != nil {
			err = e
		}
	}
	if w, ok := to.(interface{ CloseWrite() error }); ok && err == io.EOF {
		w.CloseWrite()
		if t, ok := to.(*tls.Conn); ok {
			if tcp, ok := t.NetConn().(*net.TCPConn); ok {
				tcp.CloseWrite()
			}
		}
		return
	}
	abort(client, server)
}

// piece is how many of the n bytes at hand go in the next piece, when done went before.
func (r *relay) piece(random *rand.Rand, done, n int) int {
	switch {
	case done > wholeBytes:
		return 1 + random.IntN(n)
	case r.single:
		return 1
	}
	return 1 + random.IntN(min(n, 40))
}

// abort closes sockets so that the other ends are told of it as of a failure.
func abort(conns ...net.Conn) {
	for _, c := range conns {
		if t, ok := c.(*net.TCPConn); ok {
			t.SetLinger(0)
		}
		c.Close()
	}
}

// segmented puts relays on both legs: clients find the one at s.Port, the proxy finds the server at the port returned, in clear unless
// the options say otherwise.
func (s *Stack) segmented(o *Options) (listen int, err error) {
	cut, err := parseSegments(o.Segments)
	if err != nil || cut == nil {
		return s.Port, err
	}
	upstream, port, err := cut.relay(o.Postgres.Port, nil)
	if err != nil {
		return 0, err
	}
	s.relays = append(s.relays, upstream)
	server := *o.Postgres
	server.Port = port
	o.Postgres = &server
	if o.UpstreamTLS == "" && !strings.Contains(o.Upstream, "channel_binding") {
		o.UpstreamTLS = "disable"
	}
	listen = s.Port
	client, port, err := cut.relay(listen, func() (tls.Certificate, error) {
		return tls.LoadX509KeyPair(filepath.Join(s.Dir, "proxy.crt"), filepath.Join(s.Dir, "proxy.key"))
	})
	if err != nil {
		return 0, err
	}
	s.relays, s.Port = append(s.relays, client), port
	return listen, nil
}
