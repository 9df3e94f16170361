// Package script sends messages of PostgreSQL's protocol that are written down in a text, one a line, and notes each answer: what
// drivers never send can be compared between a server and a proxy, byte for byte.
//
// A text holds scripts. A line "== name" begins one; "#" begins a comment line. Of the other lines, each is a message, by the letter of
// the protocol (PostgreSQL's documentation, "Message Formats"):
//
//	Q "text"                                      Query
//	P "statement" "text" oid…                     Parse
//	B "portal" "statement" [format…] (value…) [format…]   Bind; a value is "text", x'hex' or null
//	D S|P "name"                                  Describe
//	E "portal" rows                               Execute
//	C S|P "name"                                  Close
//	F oid [format…] (value…) format               FunctionCall
//	S, H, c, X                                    Sync, Flush, CopyDone, Terminate
//	d "data" or x'hex', f "text"                  CopyData, CopyFail
//	raw T x'hex'                                  a message of type T with this body, whatever it is
//
// A line "~ reason" says that a proxy may answer the script in another way than the server, and why. Other lines read answers, which also sends
// what stands before them, in one write:
//
//	< T        up to the first message of type T, including it
//	< T n      up to the nth
//	< end      until the connection ends
package script

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Script is one conversation on a session that is ready.
type Script struct {
	Name  string
	Lines int // messages and reads
	// Differs is why a proxy's answers are not the server's; empty if they must be.
	Differs string
	steps   []step
}

// step is bytes to send, and then answers to wait for.
type step struct {
	send  []byte
	until byte // 0: the end of the connection
	count int
}

// Parse reads the scripts of a text.
func Parse(text string) ([]Script, error) {
	var all []Script
	var send []byte
	for n, l := range strings.Split(text, "\n") {
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(l, "== "); ok {
			if len(send) > 0 {
				return nil, fmt.Errorf("line %d: the script before doesn't end with a read", n+1)
			}
			all = append(all, Script{Name: name})
			continue
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("line %d: no script has begun", n+1)
		}
		s := &all[len(all)-1]
		if why, ok := strings.CutPrefix(l, "~ "); ok {
			s.Differs = why
			continue
		}
		s.Lines++
		t := tokens{rest: l}
		if strings.HasPrefix(l, "<") {
			t.word()
			one := step{send: send, count: 1}
			send = nil
			if w := t.word(); w != "end" {
				one.until = w[0]
			}
			if t.more() {
				one.count = t.number()
			}
			s.steps = append(s.steps, one)
		} else {
			send = append(send, t.message()...)
		}
		if t.more() {
			t.fail("what follows is not understood")
		}
		if t.err != nil {
			return nil, fmt.Errorf("line %d: %w: %s", n+1, t.err, l)
		}
	}
	if len(send) > 0 {
		return nil, fmt.Errorf("the last script doesn't end with a read")
	}
	return all, nil
}

// tokens takes a line apart; the first error stays.
type tokens struct {
	rest string
	err  error
}

func (t *tokens) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
	t.rest = ""
}

func (t *tokens) more() bool {
	t.rest = strings.TrimLeft(t.rest, " ")
	return t.rest != ""
}

// word is the next token that is no string: a name, a number or one of [ ] ( ).
func (t *tokens) word() string {
	if !t.more() {
		t.fail("something is missing")
		return " "
	}
	n := strings.IndexAny(t.rest, " []()")
	switch {
	case n == 0:
		n = 1
	case n < 0:
		n = len(t.rest)
	}
	w := t.rest[:n]
	t.rest = t.rest[n:]
	return w
}

func (t *tokens) number() int {
	w := t.word()
	n, err := strconv.Atoi(w)
	if err != nil {
		t.fail("%q is no number", w)
	}
	return n
}

// value is a string, hex, or null, which is nil.
func (t *tokens) value() []byte {
	if t.more() && t.rest[0] == '"' {
		quoted, err := strconv.QuotedPrefix(t.rest)
		if err != nil {
			t.fail("a string doesn't end")
			return nil
		}
		t.rest = t.rest[len(quoted):]
		text, err := strconv.Unquote(quoted)
		if err != nil {
			t.fail("%w", err)
		}
		return []byte(text)
	}
	w := t.word()
	if w == "null" {
		return nil
	}
	digits, ok := strings.CutPrefix(strings.TrimSuffix(w, "'"), "x'")
	b, err := hex.DecodeString(digits)
	if !ok || err != nil {
		t.fail("%q is no value", w)
	}
	return b
}

func (t *tokens) string() []byte { return append(t.value(), 0) }

// list is what stands between two brackets, each item read by one.
func (t *tokens) list(open, shut byte, one func()) (n int) {
	if w := t.word(); w != string(open) {
		t.fail("%q instead of %c", w, open)
	}
	for t.more() && t.rest[0] != shut {
		one()
		n++
	}
	t.word()
	return n
}

func (t *tokens) formats() []byte {
	var b []byte
	n := t.list('[', ']', func() { b = binary.BigEndian.AppendUint16(b, uint16(t.number())) })
	return append(binary.BigEndian.AppendUint16(nil, uint16(n)), b...)
}

func (t *tokens) values() []byte {
	var b []byte
	n := t.list('(', ')', func() {
		v := t.value()
		size := uint32(len(v))
		if v == nil {
			size = 1<<32 - 1
		}
		b = append(binary.BigEndian.AppendUint32(b, size), v...)
	})
	return append(binary.BigEndian.AppendUint16(nil, uint16(n)), b...)
}

// message is the whole message of a line.
func (t *tokens) message() []byte {
	kind := t.word()
	var body []byte
	switch kind {
	case "Q", "f":
		body = t.string()
	case "P":
		body = append(t.string(), t.string()...)
		var oids []byte
		n := 0
		for ; t.more(); n++ {
			oids = binary.BigEndian.AppendUint32(oids, uint32(t.number()))
		}
		body = append(binary.BigEndian.AppendUint16(body, uint16(n)), oids...)
	case "B":
		body = append(t.string(), t.string()...)
		body = append(body, t.formats()...)
		body = append(body, t.values()...)
		body = append(body, t.formats()...)
	case "D", "C":
		body = append([]byte(t.word()), t.string()...)
	case "E":
		body = binary.BigEndian.AppendUint32(t.string(), uint32(t.number()))
	case "F":
		body = binary.BigEndian.AppendUint32(nil, uint32(t.number()))
		body = append(body, t.formats()...)
		body = append(body, t.values()...)
		body = binary.BigEndian.AppendUint16(body, uint16(t.number()))
	case "d":
		body = t.value()
	case "S", "H", "c", "X":
	case "raw":
		kind = t.word()
		body = t.value()
	default:
		t.fail("no message %q", kind)
	}
	return append(binary.BigEndian.AppendUint32([]byte(kind[:1]), uint32(len(body)+4)), body...)
}
