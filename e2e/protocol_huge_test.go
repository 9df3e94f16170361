package e2e

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/stack"
)

// hugeBytes is the size of one message: far above what the proxy may hold, below what the server takes.
const hugeBytes = 64 << 20

// mostHeld is how much more memory, in bytes, the proxy may use for huge messages than without.
const mostHeld = 40 << 20

// resident is a figure of a process's memory, in bytes: VmRSS now, VmHWM the most there was since forgetPeak.
func resident(t *testing.T, s *stack.Stack, which string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), which+":")
	kB := 0
	if _, err := fmt.Sscan(rest, &kB); err != nil {
		t.Fatal(err)
	}
	return kB << 10
}

// bounded fails if do makes the proxy use much memory.
func bounded(t *testing.T, s *stack.Stack, do func()) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.PID()), []byte("5"), 0); err != nil {
		t.Fatal(err)
	}
	before := resident(t, s, "VmRSS")
	do()
	if grown := resident(t, s, "VmHWM") - before; grown > mostHeld {
		t.Errorf("the proxy used %d MB more", grown>>20)
	} else {
		t.Logf("the proxy used %d kB more", grown>>10)
	}
}

// letters are so many letters.
type letters struct{ left int }

func (l *letters) Read(b []byte) (int, error) {
	n := min(len(b), l.left)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range b[:n] {
		b[i] = 'x'
	}
	l.left -= n
	return n, nil
}

// stream writes a frame of n bytes that begins with head and goes on with letters up to tail.
func (c *rawConn) stream(t *testing.T, typ byte, n int, head, tail string) {
	t.Helper()
	w := bufio.NewWriterSize(c, 1<<20)
	w.WriteByte(typ)
	w.Write(binary.BigEndian.AppendUint32(nil, uint32(n+4)))
	w.WriteString(head)
	io.Copy(w, &letters{n - len(head) - len(tail)})
	w.WriteString(tail)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}

func TestHugeMessagesAreStreamed(t *testing.T) {
	t.Parallel()
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {max_message_bytes: 1MB}" })
	c := hijack(t, own.DSN("app", password("app"), "shop", ""))
	c.send(t, query("create temp table huge (a text)"))
	c.until('Z', 1)
	c.SetDeadline(time.Time{})
	t.Run("Bind", func(t *testing.T) {
		bounded(t, own, func() {
			c.send(t, parse("", "select octet_length($1::bytea)", 17))
			head := "\x00\x00\x00\x01\x00\x01\x00\x01" + string(binary.BigEndian.AppendUint32(nil, hugeBytes))
			c.stream(t, 'B', len(head)+hugeBytes+2, head, "\x00\x00")
			c.send(t, execute("", 0), sync)
			if trace := c.patiently('Z'); !strings.Contains(trace, fmt.Sprint(hugeBytes)) {
				t.Errorf("%.300s", trace)
			}
		})
	})
	t.Run("CopyData", func(t *testing.T) {
		bounded(t, own, func() {
			c.send(t, query("copy huge from stdin"))
			c.until('G', 1)
			c.stream(t, 'd', hugeBytes, "a\n", "\n")
			c.send(t, copied)
			if trace := c.patiently('Z'); !strings.Contains(trace, "C COPY 2") {
				t.Errorf("%.300s", trace)
			}
		})
	})
	for name, send := range map[string][]byte{
		"DataRow":           encode(query("select repeat('x', 67108864)")),
		"DataRow, extended": encode(parse("", "select repeat('x', 67108864)"), bind("", ""), describe('P', ""), execute("", 0), sync),
		"CopyData out":      encode(query("copy huge to stdout")),
	} {
		t.Run(name, func(t *testing.T) {
			bounded(t, own, func() {
				c.write(t, send)
				if n := c.count('Z'); n < hugeBytes {
					t.Errorf("%d bytes came", n)
				}
			})
		})
	}
	c.send(t, query("select email from people where id = -1"))
	if trace := strings.Join(c.until('Z', 1), "\n"); !strings.Contains(trace, "C SELECT 0") {
		t.Error(trace)
	}
}

// patiently is until for an answer that takes the server long.
func (c *rawConn) patiently(last byte) string {
	var trace []string
	for {
		typ := c.next(time.Minute)
		trace = append(trace, c.show(typ))
		if typ == last || typ == 0 || typ == '?' {
			return strings.Join(trace, "\n")
		}
	}
}

// count reads up to a frame of type last, without keeping what comes, and returns the number of bytes.
func (c *rawConn) count(last byte) (n int) {
	c.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		var head [5]byte
		if _, err := io.ReadFull(c.in, head[:]); err != nil {
			return n
		}
		size := int(binary.BigEndian.Uint32(head[1:])) - 4
		m, err := c.in.Discard(size)
		if n += 5 + m; err != nil || head[0] == last {
			return n
		}
	}
}

// What must be read whole and is longer than the limit is refused by the proxy, and the session goes on.
func TestHugeMessagesThatMustBeReadWhole(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {max_message_bytes: 1MB}" })
	rowsOf(t, session(t, shared.Stack, "app"), "insert into people (id, name, ssn) values (790101, 'Huge', 'cnry'), (790102, 'Huge', '"+strings.Repeat("cnry", 1<<19)+"')")
	defer direct("shop", "delete from people where id in (790101, 790102)")
	c := hijack(t, own.DSN("app", password("app"), "shop", ""))
	goesOn := func(trace string) {
		t.Helper()
		if !strings.Contains(trace, "refused 54000 [PV011]") || strings.Contains(trace, "FATAL") {
			t.Errorf("%.300s", trace)
		}
		c.send(t, query("select name from people where id = 790101"))
		if trace := strings.Join(c.until('Z', 1), "\n"); !strings.Contains(trace, `D "Huge"`) {
			t.Errorf("%.300s", trace)
		}
	}
	bounded(t, own, func() {
		c.stream(t, 'Q', 32<<20, "select '", "' from people\x00")
		goesOn(c.patiently('Z'))
		c.stream(t, 'P', 32<<20, "\x00select ssn from people where name = '", "'\x00\x00\x00")
		c.send(t, bind("", ""), execute("", 0), sync)
		goesOn(c.patiently('Z'))
		c.send(t, parse("", "update people set ssn = $1 where id = 790101"))
		c.stream(t, 'B', 32<<20, "\x00\x00\x00\x00\x00\x01"+string(binary.BigEndian.AppendUint32(nil, 32<<20-12)), "\x00\x00")
		c.send(t, execute("", 0), sync)
		goesOn(c.patiently('Z'))
		c.send(t, query("select id, ssn from people where id in (790101, 790102) order by id"))
		trace := c.patiently('Z')
		goesOn(trace)
		if !strings.Contains(trace, `D "790101" "cnry"`) {
			t.Errorf("the row before the long one did not come: %.300s", trace)
		}
		c.send(t, parse("", "select ssn from people where id = 790102"), bind("", ""), execute("", 0), sync)
		goesOn(c.patiently('Z'))
	})
}

// A client that sends on and on and reads nothing, and a server that takes its time, are held back and not stored: when both go on, all is
// answered, in order.
func TestBackPressure(t *testing.T) {
	// Half of what all tests together have the server log would be these parameters.
	direct("shop", "alter role app in database shop set log_parameter_max_length = 100")
	defer direct("shop", "alter role app in database shop reset log_parameter_max_length")
	own := ownStack(t, func(o *stack.Options) { o.Extra = "limits: {max_message_bytes: 1MB}" })
	for _, script := range []struct{ name, first, sql string }{
		{"the client does not read", "select 1", "select length($1), repeat('y', 5000), email from people where id = 7001"},
		{"the server does not read", "select pg_sleep(3)", "select length($1), repeat('y', 5000)"},
	} {
		t.Run(script.name, func(t *testing.T) {
			frameRows(t)
			defer noFrameRows(t)
			c := hijack(t, own.DSN("app", password("app"), "shop", ""))
			const rounds, size = 10000, 10000 // 100 MB
			bounded(t, own, func() {
				sent := make(chan error, 1)
				go func() {
					w := bufio.NewWriterSize(c, 1<<16)
					w.Write(encode(query(script.first), parse("s", script.sql), sync))
					one := encode(bind("", "s", strings.Repeat("x", size)), execute("", 0), sync)
					for range rounds {
						w.Write(one)
					}
					sent <- w.Flush()
				}()
				time.Sleep(3 * time.Second)
				select {
				case err := <-sent:
					t.Errorf("100 MB were taken from a client that does not read: %v", err)
				default:
				}
				answered := 0
				row := []byte(fmt.Sprintf("%d", size))
				for ready := 0; ready < rounds+2; {
					switch typ := c.next(time.Minute); typ {
					case 'Z':
						ready++
					case 'D':
						if bytes.Contains(c.frame[:min(len(c.frame), 20)], row) {
							answered++
						}
					case 'E', 0, '?':
						t.Fatalf("after %d answers: %s", answered, c.show(typ))
					}
					c.seen = nil
				}
				if err := <-sent; err != nil || answered != rounds {
					t.Errorf("%d answers, %v", answered, err)
				}
			})
		})
	}
}
