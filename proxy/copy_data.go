package proxy

import (
	"bytes"
	"fmt"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/wire"
)

// copyData cuts the data of a COPY into rows and rows into fields, wherever the data are cut into messages. It keeps no more than one
// unfinished row.
type copyData struct {
	desc  *sql.Copy
	limit int // of a row, in bytes
	// csvMarker: the server takes a line of \. alone for the end of CSV data, as those before PostgreSQL 18 do.
	csvMarker bool

	pending []byte // an unfinished row
	scanned int    // bytes of it in which no end was found
	need    int    // bytes of a binary row without which there is no more to be known
	quoted  bool   // CSV: the scanned bytes end within quotes
	escaped bool   // CSV: and right behind an escape

	eol   endOfLine
	begun bool  // what precedes the rows is done
	ended bool  // the rows have ended; what follows means nothing
	lines int64 // so far, as the server counts them for its messages
	row   copiedRow
}

// endOfLine is how lines end, which the first one shows (EolType, src/include/commands/copyfrom_internal.h).
type endOfLine uint8

const (
	eolUnknown endOfLine = iota
	eolNL
	eolCR
	eolCRNL
)

// rowKind says what a piece of COPY data is.
type rowKind uint8

const (
	rowData    rowKind = iota
	rowHeader          // a line of names, or what begins binary data
	rowTrailer         // what ends the data
)

// copiedRow is one row. It is valid until the next.
type copiedRow struct {
	kind   rowKind
	raw    []byte
	size   int // of raw without its end of line
	fields []copyField
}

// copyField is one field's place in its row.
type copyField struct {
	start, end int
	quoted     bool // CSV: quotes occur in it
	null       bool // binary: NULL
}

// formatError is what a server says of data that have not the form of the COPY.
func formatError(format string, args ...any) *wire.Error {
	return &wire.Error{Severity: "ERROR", Code: "22P04", Message: fmt.Sprintf(format, args...) + " [PV255]",
		Hint: "The data must have the form that the COPY statement says."}
}

// longRow is the refusal of a row that is too long to be held.
func longRow(limit int) *wire.Error {
	return &wire.Error{Severity: "ERROR", Code: "54000", Message: fmt.Sprintf("a row of COPY is longer than %d bytes [PV254]", limit),
		Hint: "Raise limits.max_message_bytes."}
}

// feed takes more data and gives each row that is complete to take. final says that no more will come.
func (d *copyData) feed(data []byte, final bool, take func(*copiedRow) error) error {
	if d.ended && d.desc.Format == sql.CopyBinary && len(data) > 0 {
		return formatError("received copy data after EOF marker")
	}
	held := len(d.pending) > 0
	if held {
		d.pending = append(d.pending, data...)
		data = d.pending
	}
	used := 0
	for used < len(data) && !d.ended {
		n, err := d.next(data[used:], final)
		if err != nil {
			return err
		}
		if n == 0 {
			break
		}
		d.scanned, d.need, d.quoted, d.escaped = 0, 0, false, false
		if err := take(&d.row); err != nil {
			return err
		}
		used += n
	}
	if d.ended {
		used = len(data)
	}
	return d.keep(data[used:], held)
}

// keep holds an unfinished row back until more of it comes.
func (d *copyData) keep(rest []byte, held bool) error {
	switch {
	case len(rest) > d.limit:
		return longRow(d.limit)
	case held:
		if d.pending = d.pending[:copy(d.pending, rest)]; len(rest) == 0 {
			d.pending = trimmed(d.pending)
		}
	default:
		d.pending = append(d.pending[:0], rest...)
	}
	return nil
}

// next finds the first row of data and returns its length, 0 if it is not complete.
func (d *copyData) next(data []byte, final bool) (int, error) {
	d.row = copiedRow{fields: d.row.fields[:0]}
	if d.desc.Format == sql.CopyBinary {
		return d.nextBinary(data, final)
	}
	size, n, err := d.line(data, final)
	if n == 0 || err != nil {
		return 0, err
	}
	d.lines++
	d.row.raw, d.row.size = data[:n], size
	line := data[:size]
	if d.desc.Format == sql.CopyCSV {
		d.lines += int64(bytes.Count(line, []byte{'\n'}))
	}
	switch {
	case d.desc.In && d.marker(line):
		d.row.kind, d.ended = rowTrailer, true
		return n, nil
	case !d.begun && d.desc.Header != sql.CopyNoHeader:
		d.row.kind = rowHeader
	}
	d.begun = true
	if d.row.kind == rowHeader && d.desc.Header != sql.CopyHeaderMatch {
		return n, nil // nobody asks for its fields
	}
	if d.desc.Format == sql.CopyCSV {
		err = d.splitCSV(line)
	} else {
		err = d.splitText(line)
	}
	return n, err
}

// marker reports whether a line ends the data: \. alone.
func (d *copyData) marker(line []byte) bool {
	return len(line) == 2 && line[0] == '\\' && line[1] == '.' && (d.desc.Format == sql.CopyText || d.csvMarker)
}

// line finds the end of the first line of data: its size without its end, and with it; 0 when it is not there yet. It follows
// CopyReadLineText (src/backend/commands/copyfromparse.c).
func (d *copyData) line(data []byte, final bool) (size, n int, err error) {
	for at := d.scanned; ; {
		p := d.lineBreak(data, at)
		if p < 0 {
			if d.desc.Format == sql.CopyCSV {
				d.toggle(data[d.scanned:])
			}
			d.scanned = len(data)
			if final {
				return len(data), len(data), d.stray(data)
			}
			return 0, 0, nil
		}
		if d.within(data, p) {
			at = p + 1
			continue
		}
		size, n = p, p+1
		switch {
		case data[p] == '\n':
			d.eol = eolNL
		case d.eol == eolCR:
		case p+1 == len(data) && !final:
			d.scanned = p
			return 0, 0, nil
		case p+1 < len(data) && data[p+1] == '\n':
			d.eol, n = eolCRNL, p+2
		case d.eol == eolCRNL:
			return 0, 0, formatError("literal carriage return found in data")
		default:
			d.eol = eolCR
		}
		return size, n, d.stray(data[:size])
	}
}

// lineBreak is the place of the next byte that may end a line, -1 if there is none.
func (d *copyData) lineBreak(data []byte, at int) int {
	p := -1
	switch d.eol {
	case eolUnknown:
		p = bytes.IndexAny(data[at:], "\r\n")
	case eolNL:
		p = bytes.IndexByte(data[at:], '\n')
	default:
		p = bytes.IndexByte(data[at:], '\r')
	}
	if p >= 0 {
		p += at
	}
	return p
}

// within reports whether a byte is part of a value: in text behind a backslash, in CSV within quotes.
func (d *copyData) within(data []byte, p int) bool {
	if d.desc.Format == sql.CopyText {
		return oddBackslashes(data, p)
	}
	d.toggle(data[min(d.scanned, p):p])
	d.scanned = p
	return d.quoted
}

// stray refuses a line that holds the end of another kind of line.
func (d *copyData) stray(line []byte) error {
	other, name := byte('\r'), "carriage return"
	if d.eol == eolCR || d.eol == eolCRNL {
		other, name = '\n', "newline"
	}
	if d.eol == eolUnknown || bytes.IndexByte(line, other) < 0 {
		return nil
	}
	if d.desc.Format == sql.CopyCSV {
		return d.strayCSV(line, other, name)
	}
	for at := 0; ; {
		p := bytes.IndexByte(line[at:], other)
		if p < 0 {
			return nil
		}
		if !oddBackslashes(line, at+p) {
			return formatError("literal %s found in data", name)
		}
		at += p + 1
	}
}

// oddBackslashes reports whether the byte at p stands behind a backslash that is not itself behind one.
func oddBackslashes(data []byte, p int) bool {
	n := 0
	for p > n && data[p-n-1] == '\\' {
		n++
	}
	return n%2 == 1
}

// field notes the place of one field.
func (d *copyData) field(f copyField) { d.row.fields = append(d.row.fields, f) }
