package e2e

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/e2e/stack"
)

// TestLongBinds: a long Bind costs the proxy nothing where nothing in it is sealed, and else the message and what is sent in its place.
func TestLongBinds(t *testing.T) {
	const size = 24 << 20
	own := ownStack(t, func(*stack.Options) {})
	c := hijack(t, own.DSN("app", password("app"), "shop", ""))
	one := "\x00\x00\x00\x00\x00\x01" + string(binary.BigEndian.AppendUint32(nil, size-12))
	c.send(t, query("begin"), query("insert into people (id, name) values (790201, 'Huge')"))
	c.until('Z', 2)
	used := func(what string, most int, do func()) {
		t.Helper()
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", own.PID()), []byte("5"), 0); err != nil {
			t.Fatal(err)
		}
		before := resident(t, own, "VmRSS")
		do()
		grown := resident(t, own, "VmHWM") - before
		t.Logf("%s: %d MB for one of %d", what, grown>>20, size>>20)
		if grown > most {
			t.Errorf("%s: %d MB for a Bind of %d", what, grown>>20, size>>20)
		}
	}
	answer := func(want string) {
		t.Helper()
		if trace := c.patiently('Z'); !strings.Contains(trace, want) {
			t.Errorf("%.300s", trace)
		}
	}
	used("plain", 12<<20, func() {
		c.send(t, parse("", "select length($1)"))
		c.stream(t, 'B', size, one, "\x00\x00")
		c.send(t, execute("", 0), sync)
		answer(fmt.Sprint(size - 12))
	})
	used("a plain parameter of a protected statement", size*11/4, func() {
		c.send(t, parse("", "update people set note = $1 where id = 790201 returning email"))
		c.stream(t, 'B', size, one, "\x00\x00")
		c.send(t, execute("", 0), sync)
		answer("C UPDATE 1")
	})
	used("a protected parameter", size*4, func() {
		c.send(t, parse("", "update people set ssn = $1 where id = 790201"))
		c.stream(t, 'B', size, one, "\x00\x00")
		c.send(t, execute("", 0), sync)
		answer("C UPDATE 1")
	})
	// What stands in the way of a Bind in a pipeline stands in the way of a long one.
	c.send(t, query("rollback"))
	c.until('Z', 1)
	c.send(t, parse("", "select 1 / 0"), bind("", ""), execute("", 0), parse("", "select length($1)"))
	c.stream(t, 'B', 1<<20, "\x00\x00\x00\x00\x00\x01"+string(binary.BigEndian.AppendUint32(nil, 1<<20-12)), "\x00\x00")
	c.send(t, execute("", 0), sync, query("select 'alive'"))
	if trace := strings.Join(c.until('Z', 2), "\n"); strings.Count(trace, "E ") != 1 || !strings.Contains(trace, "22012") || !strings.Contains(trace, "alive") {
		t.Errorf("%.500s", trace)
	}
	c.stream(t, 'B', 1<<20, "\x00none\x00\x00\x00\x00\x01"+string(binary.BigEndian.AppendUint32(nil, 1<<20-16)), "\x00\x00")
	c.send(t, execute("", 0), sync, query("select 'alive'"))
	if trace := strings.Join(c.until('Z', 2), "\n"); strings.Count(trace, "E ") != 1 || !strings.Contains(trace, "26000") || !strings.Contains(trace, "alive") {
		t.Errorf("%.500s", trace)
	}
}
