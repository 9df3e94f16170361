package proxy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/proxy/wire"
)

func TestNameWithAddress(t *testing.T) {
	four, six := netip.MustParseAddr("10.0.0.7"), netip.MustParseAddr("2001:db8:1111:2222:3333:4444:5555:6666")
	for _, c := range []struct {
		name string
		addr netip.Addr
		want string
	}{
		{"app", four, "app [10.0.0.7]"},
		{"", four, "[10.0.0.7]"},
		{strings.Repeat("x", 52), four, strings.Repeat("x", 52) + " [10.0.0.7]"},
		{strings.Repeat("x", 53), four, strings.Repeat("x", 52) + " [10.0.0.7]"},
		{strings.Repeat("é", 26), four, strings.Repeat("é", 26) + " [10.0.0.7]"},
		{"x" + strings.Repeat("é", 26), four, "x" + strings.Repeat("é", 25) + " [10.0.0.7]"},
		{strings.Repeat("x", 200), six, strings.Repeat("x", 22) + " [2001:db8:1111:2222:3333:4444:5555:6666]"},
		{"app", netip.MustParseAddr("fe80::1%a-zone-that-is-longer-than-all-of-it-may-be-in-the-server-or-anywhere"), "app [fe80::1]"},
	} {
		if got := nameWithAddress(c.name, c.addr); got != c.want || len(got) > maxApplicationName {
			t.Errorf("%q: %q", c.name, got)
		}
	}
}

func TestUpstreamHello(t *testing.T) {
	params := [][2]string{{"application_name", "app"}, {"TimeZone", "UTC"}}
	o := wire.Opening{Startup: wire.Startup{User: "u", Params: params}, Addr: netip.MustParseAddr("10.0.0.7")}
	for show, want := range map[bool]string{false: "app", true: "app [10.0.0.7]"} {
		s := &Server{opt: Options{ShowAddress: show}}
		hello := s.upstreamHello(o)
		if got, _ := hello.Param("application_name"); got != want || len(hello.Params) != 2 {
			t.Errorf("%v: %q", show, hello.Params)
		}
	}
	if params[0][1] != "app" {
		t.Error("the client's own message was changed")
	}
}
