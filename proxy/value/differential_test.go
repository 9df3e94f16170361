package value

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// column is one way of passing values to a column of one type, and how the server is asked for the same.
type column struct {
	name     string
	t        Type
	declared uint32
	sql      string // two columns: the value in text, in binary
	texts    []string
	binaries [][]byte
	// refusable says which values we may refuse (0A000) although the server accepts them; nil: none.
	refusable func(text string) bool
}

var quoted = regexp.MustCompile(`(?s): ".*"$| "[^"]*"`)

// quotedFirst is how the floats' errors begin.
var quotedFirst = regexp.MustCompile(`(?s)^".*" is out`)

// sameWords: our message is the server's without the value.
func sameWords(ours, server string) bool {
	server = quotedFirst.ReplaceAllString(server, "value is out")
	return strings.HasPrefix(server, ours) || quoted.ReplaceAllString(server, "") == ours
}

// check compares Decode and Encode with the server over the values of one column and returns how many both accepted.
func (s *session) check(c column, format int16, values [][]byte) (accepted int) {
	s.Helper()
	params := make([][][]byte, len(values))
	for i, v := range values {
		params[i] = [][]byte{v}
	}
	o := Options{Purpose: Store, KeepScale: true}
	for i, a := range s.ask(c.sql, []uint32{c.declared}, params, []int16{format}, []int16{FormatText, FormatBinary}) {
		v := values[i]
		canonical, err := Decode(nil, c.t, o, c.declared, format, v, s.settings)
		var ours *Error
		errors.As(err, &ours)
		switch {
		case ours != nil && a.err == nil && ours.SQLSTATE == stateDateRange && pastTheEnd(a.cells[1]):
		case ours != nil && a.err == nil:
			if ours.SQLSTATE != stateNotSupported && ours.SQLSTATE != stateTooComplex || c.refusable == nil || format == FormatBinary || !c.refusable(string(v)) {
				s.Errorf("%s format %d %.80q: server says %.80q, we refuse: %v", c.name, format, v, a.cells[0], ours)
			}
		case ours == nil && a.err != nil:
			s.Errorf("%s format %d %.80q: server refuses: %s %s; we accept as %x", c.name, format, v, a.err.Code, a.err.Message, canonical)
		case ours != nil:
			if ours.SQLSTATE != stateNotSupported && !c.eitherOf(ours.SQLSTATE, a.err.Code) && (ours.SQLSTATE != a.err.Code || !sameWords(ours.Message, a.err.Message)) {
				s.Errorf("%s format %d %.80q: server refuses with %s %s, we with %v", c.name, format, v, a.err.Code, a.err.Message, ours)
			}
		default:
			accepted++
			s.same(c, v, canonical, a)
		}
	}
	return accepted
}

// eitherOf: where two things are wrong with a value, we need not find the same one first.
func (c column) eitherOf(ours, server string) bool {
	states := "22007 22008 22009 22023"
	if c.t.OID == OIDJSONB {
		states = "22P02 22P05 22003 54001"
	}
	return strings.Contains(states, ours) && strings.Contains(states, server) && (ours != server || ours == stateTooComplex)
}

// pastTheEnd: what PostgreSQL rounds the last half second to, and the day before the first; it cannot read either.
func pastTheEnd(b []byte) bool {
	return len(b) == 8 && int64(binary.BigEndian.Uint64(b)) == endTimestamp ||
		len(b) == 4 && int32(binary.BigEndian.Uint32(b)) == minDate-1
}

func (s *session) same(c column, v, canonical []byte, a answer) {
	s.Helper()
	for format, want := range a.cells {
		got, err := Encode(nil, c.t, int16(format), canonical, s.settings)
		if err != nil || !bytes.Equal(got, want) {
			s.Errorf("%s %.80q: format %d is %.80q, the server's %.80q (%v)", c.name, v, format, got, want, err)
		}
		if format == 0 && (c.t.OID == OIDFloat4 || c.t.OID == OIDFloat8) && (s.settings.lessDigits > 0 || string(want) == "NaN") {
			continue // the text has lost digits, or NaN's payload
		}
		// What the server sends, sent back, is the same value. Its text form need not be one that we read.
		again, err := Decode(nil, c.t, Options{Purpose: Compare, KeepScale: true}, 0, int16(format), want, s.settings)
		var ours *Error
		if errors.As(err, &ours) && format == 0 && ours.SQLSTATE == stateNotSupported {
			continue
		}
		if err != nil || !bytes.Equal(again, canonical) {
			s.Errorf("%s %.80q: %.80q reads back as %x, not %x (%v)", c.name, v, want, again, canonical, err)
		}
	}
}

// mutate makes n variants of the seeds by editing a few bytes.
func mutate(r *rand.Rand, seeds []string, alphabet string, n int) []string {
	out := make([]string, 0, n)
	for range n {
		b := []byte(seeds[r.IntN(len(seeds))])
		for range 1 + r.IntN(2) {
			c := alphabet[r.IntN(len(alphabet))]
			i := r.IntN(len(b) + 1)
			switch r.IntN(3) {
			case 0:
				b = append(b[:i], append([]byte{c}, b[i:]...)...)
			case 1:
				if i < len(b) {
					b[i] = c
				}
			case 2:
				if i < len(b) {
					b = append(b[:i], b[i+1:]...)
				}
			}
		}
		out = append(out, string(b))
	}
	return out
}

// mutateBytes makes n variants of the seeds, some cut or longer.
func mutateBytes(r *rand.Rand, seeds [][]byte, n int) [][]byte {
	var out [][]byte
	for range n {
		b := bytes.Clone(seeds[r.IntN(len(seeds))])
		switch i := r.IntN(len(b) + 1); {
		case r.IntN(8) == 0:
			b = b[:i]
		case r.IntN(8) == 0:
			b = append(b, byte(r.Uint32()))
		case i < len(b):
			b[i] = byte(r.Uint32()) >> r.IntN(8)
		}
		out = append(out, append([]byte{}, b...))
	}
	return out
}

func byteSlices(texts []string) [][]byte {
	out := make([][]byte, len(texts))
	for i, s := range texts {
		out[i] = []byte(s)
	}
	return out
}

// TestAgainstPostgreSQL runs everything that needs a server on one of its own.
func TestAgainstPostgreSQL(t *testing.T) {
	dsn := startServer(t)
	for _, sub := range []struct {
		name string
		run  func(*session)
	}{
		{"forms", testForms},
		{"equality", testEquality},
		{"compare across types", testCompareAcrossTypes},
		{"order", testOrder},
		{"lower", testLower},
		{"patterns", testPatterns},
		{"arrays", testArrays},
		{"arrays of cells", testByteaArray},
		{"whole arrays", testWholeArrays},
	} {
		t.Run(sub.name, func(t *testing.T) { sub.run(openSession(t, dsn)) })
	}
}

// testForms compares every column's corpus in text and binary, under many settings.
func testForms(s *session) {
	s.exec(`create temp table v3 (c varchar(3)); create temp table v0 (c varchar); create temp table c3 (c char(3))`)
	r := rand.New(rand.NewPCG(1, 2))
	total := 0
	run := func(c column) {
		s.Helper()
		n := s.check(c, FormatText, byteSlices(c.texts))
		// The server's binary forms of what both accepted seed the binary side.
		seeds := c.binaries
		for _, text := range c.texts {
			canonical, err := Decode(nil, c.t, Options{Purpose: Store, KeepScale: true}, c.declared, FormatText, []byte(text), s.settings)
			if err == nil && c.declared == c.t.OID {
				b, _ := Encode([]byte{}, c.t, FormatBinary, canonical, s.settings)
				seeds = append(seeds, b)
			}
		}
		m := s.check(c, FormatBinary, append(mutateBytes(r, seeds, min(2*len(seeds), 600)), seeds...))
		if n == 0 || m == 0 {
			s.Errorf("%s: accepted %d texts and %d binaries: the comparison is empty", c.name, n, m)
		}
		total += n + m
	}
	for _, output := range []string{"hex", "escape"} {
		s.exec("set bytea_output = " + output)
		if err := s.settings.Set("bytea_output", output); err != nil {
			s.Fatal(err)
		}
		run(byteaColumn(r))
	}
	for _, c := range append(plainColumns(r), fixedColumns(r)...) {
		run(c)
	}
	for _, digits := range []string{"3", "0", "-1", "-14", "-15", "1"} {
		s.exec("set extra_float_digits = " + digits)
		if err := s.settings.Set("extra_float_digits", digits); err != nil {
			s.Fatal(err)
		}
		for _, c := range floatColumns(r) {
			run(c)
		}
	}
	for _, style := range []string{"postgres", "postgres_verbose", "sql_standard", "iso_8601"} {
		s.exec("set intervalstyle = " + style)
		run(intervalColumn(r))
	}
	styles := []string{"ISO, MDY", "ISO, DMY", "ISO, YMD", "SQL, MDY", "SQL, DMY", "Postgres, MDY", "Postgres, DMY", "German, DMY", "SQL, YMD", "Postgres, YMD"}
	for i, zone := range testZones {
		s.exec(fmt.Sprintf("set time zone %s; set datestyle = '%s'", zone, styles[i%len(styles)]))
		for _, c := range append(timeColumns(r, i == 0), timestampColumns(r)...) {
			run(c)
		}
	}
	s.Logf("%d values agree", total)
}
