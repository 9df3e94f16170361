package script

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"
)

// Answer is one message from the server. What is never the same twice is made equal: the process id of a notification, the number of a
// session's temporary schema, and the OIDs of tables that the script made.
type Answer struct {
	Type byte
	Body []byte
}

// limit is how long any one answer may take; a script that waits for what never comes fails by it.
const limit = 20 * time.Second

// Run plays the script on a connection whose session is ready for a query. Each write is cut into pieces of at most segment bytes; 0
// leaves it whole. A connection that the server ends is no error where the script reads to the end.
func (s Script) Run(c net.Conn, segment int) ([]Answer, error) {
	var all []Answer
	in := bufio.NewReader(c)
	for i, one := range s.steps {
		if err := c.SetDeadline(time.Now().Add(limit)); err != nil {
			return all, err
		}
		if err := write(c, one.send, segment); err != nil && one.until != 0 {
			return all, fmt.Errorf("step %d: %w", i+1, err)
		}
		for seen := 0; seen < one.count; {
			a, err := read(in)
			if one.until == 0 && err != nil && !isTimeout(err) {
				break
			}
			if err != nil {
				return all, fmt.Errorf("step %d, waiting for %q: %w", i+1, one.until, err)
			}
			all = append(all, a)
			if a.Type == one.until {
				seen++
			}
		}
	}
	return all, nil
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func write(c net.Conn, b []byte, segment int) error {
	if segment == 0 {
		segment = len(b)
	}
	for len(b) > 0 {
		n := min(segment, len(b))
		if _, err := c.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func read(in *bufio.Reader) (Answer, error) {
	var head [5]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return Answer{}, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n < 4 || n > 64<<20 {
		return Answer{}, fmt.Errorf("a message %q of %d bytes", head[0], n)
	}
	a := Answer{Type: head[0], Body: make([]byte, n-4)}
	if _, err := io.ReadFull(in, a.Body); err != nil {
		return Answer{}, err
	}
	return a, even(&a)
}

// firstMade is the first OID that is not of a system's object (access/transam.h, FirstNormalObjectId).
const firstMade = 16384

var temporarySchema = regexp.MustCompile(`pg_temp_\d+`)

func even(a *Answer) error {
	switch {
	case a.Type == 'A' && len(a.Body) >= 4:
		clear(a.Body[:4])
	case a.Type == 'E' || a.Type == 'N':
		a.Body = temporarySchema.ReplaceAll(a.Body, []byte("pg_temp_0"))
	case a.Type == 'T' && len(a.Body) >= 2:
		rest := a.Body[2:]
		for range binary.BigEndian.Uint16(a.Body) {
			n := bytes.IndexByte(rest, 0)
			if n < 0 || len(rest) < n+19 {
				return errors.New("a RowDescription is cut off")
			}
			if table := rest[n+1 : n+5]; binary.BigEndian.Uint32(table) >= firstMade {
				binary.BigEndian.PutUint32(table, firstMade)
			}
			rest = rest[n+19:]
		}
	}
	return nil
}

// String shows an answer on one line. Of an error or a notice, what depends on the server's version (file, line, function) is left
// out.
func (a Answer) String() string {
	if a.Type != 'E' && a.Type != 'N' {
		return fmt.Sprintf("%c %q", a.Type, a.Body)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%c", a.Type)
	for _, field := range strings.Split(string(a.Body), "\x00") {
		if field != "" && !strings.ContainsRune("FLRV", rune(field[0])) {
			fmt.Fprintf(&b, " %c=%q", field[0], field[1:])
		}
	}
	return b.String()
}

// Transcript shows all answers, one a line.
func Transcript(all []Answer) string {
	var b strings.Builder
	for _, a := range all {
		b.WriteString(a.String() + "\n")
	}
	return b.String()
}
