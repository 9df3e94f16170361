package chaos

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
)

// Witness stands between a client's library and its socket, inside of TLS, and judges each byte that the proxy sends: whole messages of known
// types, errors with all fields that the protocol asks for, no more answers than questions, nothing behind a FATAL error.
type Witness struct {
	net.Conn
	// Cut is asked when the stream ends within a message: whether something else than the proxy may have done that.
	Cut func() bool
	// Wrong is told what is not as it must be.
	Wrong func(string)

	mu      sync.Mutex
	in, out []byte // of the messages that are not whole yet
	started bool   // the startup packet was seen
	asked   int    // ReadyForQuery messages that are due
	fatal   string // the FATAL error that was told
	failed  bool   // an error was told and no ReadyForQuery since
	copying bool   // the server takes COPY data
}

// longest bounds a message: the bank has none that is near.
const longest = 16 << 20

func (w *Witness) Write(b []byte) (int, error) {
	w.mu.Lock()
	w.out = append(w.out, b...)
	w.sent()
	w.mu.Unlock()
	return w.Conn.Write(b)
}

// sent counts what the client asks.
func (w *Witness) sent() {
	for {
		head := 1
		if !w.started {
			head = 0
		}
		if len(w.out) < head+4 {
			return
		}
		n := head + int(binary.BigEndian.Uint32(w.out[head:]))
		if len(w.out) < n {
			return
		}
		switch {
		case !w.started:
			w.started, w.asked = true, 1
		case w.out[0] == 'Q', w.out[0] == 'F', w.out[0] == 'S' && !w.copying:
			w.asked++
		}
		w.out = w.out[n:]
	}
}

func (w *Witness) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.in = append(w.in, b[:n]...)
	w.got()
	var timeout net.Error
	if err != nil && len(w.in) > 0 && !errors.Is(err, net.ErrClosed) && !(errors.As(err, &timeout) && timeout.Timeout()) && !w.Cut() {
		w.Wrong(fmt.Sprintf("the connection ended (%v) within a message: %q", err, w.in[:min(len(w.in), 60)]))
		w.in = nil
	}
	return n, err
}

// got judges the messages that are whole.
func (w *Witness) got() {
	for len(w.in) >= 5 {
		typ, n := w.in[0], 1+int64(binary.BigEndian.Uint32(w.in[1:]))
		if !strings.ContainsRune("RSKZEN123TDCIntsGHWdcAVv", rune(typ)) || n < 5 || n > longest {
			w.Wrong(fmt.Sprintf("no message of the protocol: %q", w.in[:min(len(w.in), 60)]))
			w.in = nil
			return
		}
		if int64(len(w.in)) < n {
			return
		}
		if wrong := w.judge(typ, w.in[5:n]); wrong != "" {
			w.Wrong(wrong)
		}
		w.in = w.in[n:]
	}
}

func (w *Witness) judge(typ byte, body []byte) string {
	if w.fatal != "" {
		return fmt.Sprintf("a message %q behind the FATAL error %s", typ, w.fatal)
	}
	switch typ {
	case 'Z':
		w.asked--
		w.failed, w.copying = false, false
		if w.asked < 0 {
			return "a ReadyForQuery that nobody asked for"
		}
		if len(body) != 1 || !bytes.ContainsAny(body, "ITE") {
			return fmt.Sprintf("ReadyForQuery %q", body)
		}
	case 'G':
		w.copying = true
	case 'E':
		w.copying = false
		fields, err := errorFields(body)
		if err != nil {
			return err.Error()
		}
		if s := fields['V']; s == "FATAL" || s == "PANIC" {
			w.fatal = fields['C']
		} else if w.failed {
			return fmt.Sprintf("a second error %s in one batch", fields['C'])
		}
		w.failed = true
	case 'D', 'T', 'd', 'H', '1', '2', 'n', 't', 's', 'I', 'C':
		if w.asked == 0 {
			// An extended batch has no Sync yet; the bank's clients send it in one piece.
			return fmt.Sprintf("a message %q between batches", typ)
		}
		if w.failed {
			return fmt.Sprintf("a message %q behind an error in one batch", typ)
		}
	}
	return ""
}

// errorFields are those of an ErrorResponse, which must be as the protocol says.
func errorFields(body []byte) (map[byte]string, error) {
	all := map[byte]string{}
	rest := body
	for len(rest) > 0 && rest[0] != 0 {
		end := bytes.IndexByte(rest, 0)
		if end < 0 {
			return nil, fmt.Errorf("an error whose field has no end: %q", body)
		}
		all[rest[0]] = string(rest[1:end])
		rest = rest[end+1:]
	}
	if len(rest) != 1 {
		return nil, fmt.Errorf("an error that has no end, or more behind it: %q", body)
	}
	if all['S'] == "" || all['V'] == "" || len(all['C']) != 5 || all['M'] == "" {
		return nil, fmt.Errorf("an error without all of severity, code and message: %q", body)
	}
	return all, nil
}
