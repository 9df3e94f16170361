package chaos

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A connection may be cut at any byte of its handshake, on either leg, in either direction, in clear or within TLS: the client is told so in
// whole messages or is disconnected, and nothing is left over.
func TestHandshakeCutAtEveryByte(t *testing.T) {
	t.Parallel()
	b := open(t, 2) // the second logs in upstream in clear
	b.Stand.rough.Store(true)
	for _, leg := range []string{"client", "upstream"} {
		for _, secure := range []bool{false, true} {
			for _, d := range []Direction{Inbound, Outbound} {
				t.Run(fmt.Sprintf("%s, TLS %v, %s", leg, secure, d), func(t *testing.T) { cutEverywhere(t, b, leg, secure, d) })
			}
		}
	}
}

func cutEverywhere(t *testing.T, b *Bank, leg string, secure bool, d Direction) {
	p, more := b.Stand.Proxies[1], "sslmode=disable"
	if leg == "upstream" && secure {
		p = b.Stand.Proxies[0]
	} else if leg == "client" && secure {
		more = "sslmode=verify-full"
	}
	relay := p.Client
	if leg == "upstream" {
		relay = p.Upstream
		b.Stand.rough.Store(false) // the client's leg is whole: no excuse
		defer b.Stand.rough.Store(true)
	}
	// How long a handshake is: no cut, and what went through.
	whole := &Cut{Direction: d, After: 1 << 40}
	relay.Cut.Store(whole)
	c, err := b.connect(t.Context(), p, app, more)
	if err != nil {
		t.Fatal(err)
	}
	length := whole.Passed.Load()
	c.Close(t.Context())
	step := int64(1)
	if secure && !*chaosEvery {
		step = max(1, length/150)
	}
	in, told, cuts, began := 0, 0, 0, time.Now()
	for n := int64(1); n < length; n += step {
		cut := &Cut{Direction: d, After: n, End: Ending(cuts % int(endings)), Linger: 20 * time.Millisecond}
		relay.Cut.Store(cut)
		cuts++
		if err := signIn(p, more, b); err == nil {
			in++ // the cut came behind what mattered
		} else if code, _ := b.note("", err); code == "28P01" {
			told++
			// PostgreSQL says that of half a password too, to who is still there to read it: CheckSASLAuth in src/backend/libpq/auth.c.
			if leg != "upstream" || d != Inbound || cut.End != HalfIn {
				t.Errorf("cut after %d bytes by %v: %v", n, cut.End, err)
			}
		}
	}
	relay.Cut.Store(nil)
	took := time.Since(began)
	b.remains()
	if err := signIn(p, more, b); err != nil {
		t.Errorf("behind the cuts: %v", err)
	}
	for _, w := range b.TakeWrong() {
		if strings.Contains(w, "28P01") && told > 0 {
			continue // judged above
		}
		t.Error(w)
	}
	if in > cuts/20+5 || length < 100 {
		t.Errorf("%d of %d clients came in though the connection was cut within %d bytes", in, cuts, length)
	}
	t.Logf("%d cuts in %d bytes, %.1f s; %d clients were in before the cut", cuts, length, took.Seconds(), in)
}

// signIn connects, asks one thing and leaves.
func signIn(p *Proxy, more string, b *Bank) error {
	c, err := b.connect(context.Background(), p, app, more)
	if err != nil {
		return err
	}
	ctx, done := context.WithTimeout(context.Background(), time.Second)
	defer done()
	defer c.Close(ctx)
	return c.Exec(ctx, "select 1").Close()
}
