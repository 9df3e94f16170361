package wire

import (
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
)

// header is a PROXY protocol header.
func header(command, family byte, addresses string) []byte {
	b := append([]byte(proxySignature), 0x20|command, family)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(addresses))), addresses...)
}

// from is a connection whose other end has an address.
type from struct {
	net.Conn
	addr string
}

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

func (f from) RemoteAddr() net.Addr { return address(f.addr) }

const (
	four = "\x0a\x01\x02\x03\x7f\x00\x00\x01\x12\x34\x15\x38"
	six  = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x12\x34\x15\x38"
	v46  = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x0a\x01\x02\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x12\x34\x15\x38"
)

func TestProxyHeader(t *testing.T) {
	hello := startup(196608, "\x00", "user", "u")
	trusted := Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::1/128")}}
	optional := trusted
	optional.Optional = true
	const balancer, stranger = "192.0.2.7:4000", "198.51.100.1:4000"
	for _, c := range []struct {
		name, peer string
		p          Proxies
		in         []byte
		want       string // address; "": refused
	}{
		{"IPv4", balancer, trusted, header(1, 0x11, four), "10.1.2.3"},
		{"IPv6", balancer, trusted, header(1, 0x21, six), "2001:db8::7"},
		{"IPv4 within IPv6", balancer, trusted, header(1, 0x21, v46), "10.1.2.3"},
		{"from IPv6", "[2001:db8::1]:9", trusted, header(1, 0x11, four), "10.1.2.3"},
		{"from IPv4 within IPv6", "[::ffff:192.0.2.7]:9", trusted, header(1, 0x11, four), "10.1.2.3"},
		{"extensions", balancer, trusted, header(1, 0x11, four+"\x04\x00\x02ab"), "10.1.2.3"},
		{"the most there is", balancer, trusted, header(1, 0x11, four+strings.Repeat("\x04", maxProxyHeader-12)), "10.1.2.3"},
		{"the proxy's own", balancer, trusted, header(0, 0x00, ""), "192.0.2.7"},
		{"the proxy's own, with addresses", balancer, trusted, header(0, 0x11, four), "192.0.2.7"},
		{"unspecified", balancer, trusted, header(1, 0x00, "junk"), "192.0.2.7"},
		{"a Unix socket", balancer, trusted, header(1, 0x31, strings.Repeat("x", 216)), "192.0.2.7"},
		{"optional, there", balancer, optional, header(1, 0x11, four), "10.1.2.3"},
		{"optional, not there", balancer, optional, nil, "192.0.2.7"},
		{"a stranger without", stranger, trusted, nil, "198.51.100.1"},
		{"nobody is trusted", balancer, Proxies{}, nil, "192.0.2.7"},

		{"a stranger's", stranger, trusted, header(1, 0x11, four), ""},
		{"a stranger's, optional", stranger, optional, header(1, 0x11, four), ""},
		{"nobody's", balancer, Proxies{}, header(1, 0x11, four), ""},
		{"missing", balancer, trusted, nil, ""},
		{"twice", balancer, trusted, append(header(1, 0x11, four), header(1, 0x11, four)...), ""},
		{"version 1", balancer, trusted, []byte("PROXY TCP4 10.1.2.3 127.0.0.1 4660 5432\r\n"), ""},
		{"version 1, optional", balancer, optional, []byte("PROXY TCP4 10.1.2.3 127.0.0.1 4660 5432\r\n"), ""},
		{"wrong signature", balancer, trusted, []byte(strings.Replace(string(header(1, 0x11, four)), "QUIT", "QUIZ", 1)), ""},
		{"version 3", balancer, trusted, []byte(strings.Replace(string(header(1, 0x11, four)), "\x21\x11", "\x31\x11", 1)), ""},
		{"command 2", balancer, trusted, header(2, 0x11, four), ""},
		{"UDP", balancer, trusted, header(1, 0x12, four), ""},
		{"family 4", balancer, trusted, header(1, 0x41, four), ""},
		{"too short", balancer, trusted, header(1, 0x11, four[:11]), ""},
		{"too long", balancer, trusted, header(1, 0x11, four+strings.Repeat("\x04", maxProxyHeader-11)), ""},
	} {
		for name, cut := range map[string]func(net.Conn) io.Writer{
			"whole":  func(c net.Conn) io.Writer { return c },
			"single": func(c net.Conn) io.Writer { return single{c} },
		} {
			t.Run(c.name+", "+name, func(t *testing.T) {
				client, server := net.Pipe()
				defer client.Close()
				done := make(chan accepted, 1)
				go func() {
					conn, o, err := Accept(t.Context(), from{server, c.peer}, AcceptOptions{Proxies: c.p})
					done <- accepted{conn, o, err}
				}()
				go io.Copy(io.Discard, client)
				go cut(client).Write(append(c.in[:len(c.in):len(c.in)], hello...))
				got := <-done
				if c.want == "" {
					if got.err == nil {
						t.Fatalf("accepted: %+v", got.o)
					}
					if peer := netip.MustParseAddrPort(c.peer).Addr(); got.o.Addr != peer && c.name != "twice" {
						t.Errorf("refused as %v", got.o.Addr)
					}
					return
				}
				if check(t, got.err); got.o.Addr != netip.MustParseAddr(c.want) || got.o.Startup.User != "u" {
					t.Errorf("%+v", got.o)
				}
			})
		}
	}
}

// A header that ends before it says is no health check's hanging up.
func TestProxyHeaderCut(t *testing.T) {
	all := header(1, 0x11, four+"\x04\x00\x02ab")
	for n := 1; n < len(all); n++ {
		client, server := net.Pipe()
		done := make(chan error, 1)
		go func() {
			_, _, err := Accept(t.Context(), from{server, "192.0.2.7:1"}, AcceptOptions{Proxies: Proxies{Trusted: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}})
			done <- err
		}()
		client.Write(all[:n])
		client.Close()
		if err := <-done; err == nil || err == io.EOF {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// FuzzProxyHeader: what a balancer sends never panics, and is read exactly to its end.
func FuzzProxyHeader(f *testing.F) {
	f.Add(header(1, 0x11, four), false)
	f.Add(header(1, 0x21, six+"\x04\x00\x02ab"), false)
	f.Add(header(0, 0x00, ""), true)
	f.Fuzz(func(t *testing.T, b []byte, optional bool) {
		if len(b) == 0 {
			return
		}
		r := strings.NewReader(string(b[1:]) + "rest")
		got, err := (Proxies{Optional: optional}).read(r, b[0])
		if err != nil {
			return
		}
		read := 1 // by whoever calls
		if got.header {
			read = 16 + int(binary.BigEndian.Uint16(append(b, "rest"...)[14:]))
		}
		if n := len(b) + 4 - r.Len(); n != read {
			t.Errorf("read %d bytes, not %d, of %q", n, read, b)
		}
	})
}
