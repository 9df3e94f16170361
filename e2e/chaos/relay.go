package chaos

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Direction is one of a connection's two.
type Direction int

func (d Direction) String() string { return [...]string{"inbound", "outbound"}[d] }

// Inbound is towards the server, Outbound towards the client.
const (
	Inbound Direction = iota
	Outbound
)

// Relay carries connections to a port on 127.0.0.1 and fails as it is told. Its zero settings carry faithfully.
type Relay struct {
	Port int
	// Delay is added to each piece that is carried, in nanoseconds; Rate bounds each direction, in bytes a second; 0: not at all.
	Delay, Rate atomic.Int64
	// Cut ends connections that begin from now on.
	Cut atomic.Pointer[Cut]
	// Alter, if set, may change what is carried. It is for planted faults.
	Alter func(d Direction, b []byte) []byte
	// Impostor, if set, answers TLS with this certificate in place of the other side.
	Impostor atomic.Pointer[tls.Certificate]

	to       int
	listener net.Listener
	mu       sync.Mutex
	pairs    map[*carried]struct{}
	frozen   atomic.Pointer[chan struct{}] // closed when it thaws
}

// Cut says where a connection ends: behind After bytes of one direction, in the manner of End.
type Cut struct {
	Direction Direction
	After     int64
	End       Ending
	// Junk is sent in place of the rest, before the end.
	Junk []byte
	// Linger is how long the other direction stays open of a connection that is half-closed; 0: 300 ms.
	Linger time.Duration
	// Passed is how many bytes of the direction went through at most, over all connections.
	Passed atomic.Int64
}

// Ending is how connections end.
type Ending int

// ByFIN closes both sockets in order, ByRST abruptly; HalfIn and HalfOut close only one direction, the other is closed a little later.
const (
	ByFIN Ending = iota
	ByRST
	HalfIn
	HalfOut
	endings
)

func (e Ending) String() string {
	return [...]string{"FIN", "RST", "half-closed inbound", "half-closed outbound"}[e]
}

// carried is one connection.
type carried struct {
	client, server *net.TCPConn
	secure         atomic.Bool // the client has asked for TLS
}

// sslRequest is the packet by which a client asks for TLS.
const sslRequest = "\x00\x00\x00\x08\x04\xd2\x16\x2f"

// NewRelay listens and carries to port.
func NewRelay(port int) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{Port: l.Addr().(*net.TCPAddr).Port, to: port, listener: l, pairs: map[*carried]struct{}{}}
	go r.accept()
	return r, nil
}

func (r *Relay) accept() {
	for {
		c, err := r.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go r.carry(c.(*net.TCPConn))
		}
	}
}

// Close ends the relay and its connections.
func (r *Relay) Close() {
	r.listener.Close()
	r.Thaw()
	r.End(ByRST, nil)
}

// Freeze makes the relay carry nothing until Thaw, as a network does that has lost its way.
func (r *Relay) Freeze() {
	c := make(chan struct{})
	r.frozen.CompareAndSwap(nil, &c)
}

// Thaw ends Freeze.
func (r *Relay) Thaw() {
	if c := r.frozen.Swap(nil); c != nil {
		close(*c)
	}
}

// End ends the connections that choose picks (nil: all).
func (r *Relay) End(how Ending, choose func() bool) {
	r.mu.Lock()
	var all []*carried
	for c := range r.pairs {
		if choose == nil || choose() {
			all = append(all, c)
		}
	}
	r.mu.Unlock()
	for _, c := range all {
		c.end(how, 0)
	}
}

// Junk writes bytes to clients, or servers, in between what is carried, on connections with TLS: in clear it would be another conversation.
func (r *Relay) Junk(d Direction, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.pairs {
		if !c.secure.Load() {
			continue
		}
		to := c.server
		if d == Outbound {
			to = c.client
		}
		to.SetWriteDeadline(time.Now().Add(time.Second))
		to.Write(b)
		to.SetWriteDeadline(time.Time{})
	}
}

func (c *carried) end(how Ending, linger time.Duration) {
	switch how {
	case HalfIn, HalfOut:
		if how == HalfIn {
			c.server.CloseWrite()
		} else {
			c.client.CloseWrite()
		}
		if linger == 0 {
			linger = 300 * time.Millisecond
		}
		time.AfterFunc(linger, func() { c.end(ByFIN, 0) })
		return
	case ByRST:
		c.client.SetLinger(0)
		c.server.SetLinger(0)
	}
	c.client.Close()
	c.server.Close()
}

func (r *Relay) carry(client *net.TCPConn) {
	s, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(r.to)))
	if err != nil {
		client.SetLinger(0)
		client.Close()
		return
	}
	c := &carried{client: client, server: s.(*net.TCPConn)}
	r.mu.Lock()
	r.pairs[c] = struct{}{}
	r.mu.Unlock()
	cut := r.Cut.Load()
	if cert := r.Impostor.Load(); cert != nil {
		pretend(client, cert)
		c.end(ByFIN, 0)
	}
	var both sync.WaitGroup
	both.Go(func() { r.pump(c, Inbound, cut) })
	both.Go(func() { r.pump(c, Outbound, cut) })
	both.Wait()
	c.end(ByFIN, 0)
	r.mu.Lock()
	delete(r.pairs, c)
	r.mu.Unlock()
}

// pretend accepts TLS as whoever the certificate names, and nothing behind it.
func pretend(client net.Conn, cert *tls.Certificate) {
	client.SetDeadline(time.Now().Add(2 * time.Second))
	var request [8]byte
	if _, err := io.ReadFull(client, request[:]); err != nil {
		return
	}
	if _, err := client.Write([]byte("S")); err != nil {
		return
	}
	s := tls.Server(client, &tls.Config{Certificates: []tls.Certificate{*cert}, NextProtos: []string{"postgresql"}})
	if s.Handshake() == nil {
		io.Copy(io.Discard, s)
	}
}

// pump carries one direction.
func (r *Relay) pump(c *carried, d Direction, cut *Cut) {
	from, to := c.client, c.server
	if d == Outbound {
		from, to = c.server, c.client
	}
	buf := make([]byte, 16<<10)
	var done int64
	first := true
	for {
		n, err := from.Read(buf)
		r.wait(n)
		b := buf[:n]
		if d == Inbound && first && string(b) == sslRequest {
			c.secure.Store(true)
		}
		first = false
		if r.Alter != nil {
			b = r.Alter(d, b)
		}
		if cut != nil && cut.Direction == d {
			b = b[:min(int64(len(b)), cut.After-done)]
			done += int64(len(b))
			for most := cut.Passed.Load(); done > most && !cut.Passed.CompareAndSwap(most, done); most = cut.Passed.Load() {
			}
		}
		if _, werr := to.Write(b); werr != nil {
			c.end(ByRST, 0)
			return
		}
		if cut != nil && cut.Direction == d && done == cut.After {
			to.Write(cut.Junk)
			c.end(cut.End, cut.Linger)
			io.Copy(io.Discard, from)
			return
		}
		if err == io.EOF {
			to.CloseWrite()
			return
		}
		if err != nil {
			c.end(ByRST, 0)
			return
		}
	}
}

// wait is what the relay's settings make n bytes wait.
func (r *Relay) wait(n int) {
	if thaw := r.frozen.Load(); thaw != nil {
		<-*thaw
	}
	pause := time.Duration(r.Delay.Load())
	if rate := r.Rate.Load(); rate > 0 {
		pause += time.Duration(n) * time.Second / time.Duration(rate)
	}
	time.Sleep(pause)
}
