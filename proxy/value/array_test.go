package value

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// testArrays: DecodeArray accepts what the server does, and finds the same elements.
func testArrays(s *session) {
	r := rand.New(rand.NewPCG(5, 6))
	seeds := []string{`{}`, ` { } `, `{a}`, `{a,b}`, `{ a , b }`, `{"a b","c,d"}`, `{"a\"b","c\\d"}`, `{a\,b}`, `{NULL,null,"NULL",nUlL,\NULL}`, `{a b}`, `{"" }`, `{""}`, `{,}`, `{a,}`, `{,a}`, `{a`, `a}`, `a`, ``, `{a}}`, `{a} x`,
		`{"a"b}`, `{a"b"}`, `{{a},{b}}`, `{{}}`, `[1:2]={a,b}`, `{a\}`, `{"a\`, `{"a}`, `{é,日本}`, "{a\tb,\n c\v}", `{\ a\ }`, `{a{b}`, `{(a,b)}`, `{'a'}`, `{a;b}`, `{"a" , "b"}`, `{" a "}`, `{\"a\"}`}
	texts := append(seeds, mutate(r, seeds, `{}",\ abNUL[]:=`, 600)...)
	params := make([][][]byte, len(texts))
	for i, text := range texts {
		params[i] = [][]byte{[]byte(text)}
	}
	accepted := 0
	var binaries [][]byte
	for i, a := range s.ask("select $1::text[]", []uint32{1009}, params, []int16{0}, []int16{1}) {
		got, err := DecodeArray([]byte(texts[i]), FormatText, 1009, Type{OIDText, -1})
		var ours *Error
		switch errors.As(err, &ours); {
		case ours != nil && ours.SQLSTATE == stateNotSupported:
			if !bytes.ContainsAny([]byte(texts[i]), "[{") {
				s.Errorf("%q: %v", texts[i], err)
			}
		case (ours == nil) != (a.err == nil):
			s.Errorf("%q: ours %q %v, the server's %q %v", texts[i], got, err, a.cells, a.err)
		case ours != nil:
			if ours.SQLSTATE != a.err.Code || !sameWords(ours.Message, a.err.Message) {
				s.Errorf("%q: ours %v, the server's %v", texts[i], err, a.err)
			}
		default:
			accepted++
			binaries = append(binaries, a.cells[0])
			want, err := DecodeArray(a.cells[0], FormatBinary, 0, Type{OIDText, -1})
			if err != nil || !slices.EqualFunc(got, want, sameElement) {
				s.Errorf("%q: %q, the server's %q (%v)", texts[i], got, want, err)
			}
		}
	}
	if accepted < 50 {
		s.Errorf("only %d accepted", accepted)
	}
	binaryArrays(s, mutateBytes(r, binaries, 600))
}

func sameElement(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// binaryArrays: what the server refuses we refuse, and the text form of what both accept has the same elements.
func binaryArrays(s *session, raws [][]byte) {
	params := make([][][]byte, len(raws))
	for i, raw := range raws {
		params[i] = [][]byte{raw}
	}
	for i, a := range s.ask("select $1::text[]", []uint32{1009}, params, []int16{1}, []int16{0}) {
		got, err := DecodeArray(raws[i], FormatBinary, 1009, Type{OIDText, -1})
		for _, e := range got {
			if e != nil && err == nil {
				_, err = Decode(nil, Type{OIDText, -1}, Options{Purpose: Compare}, 0, FormatBinary, e, nil)
			}
		}
		if err == nil && a.err != nil && a.err.Code != "54000" && a.err.Code != "22003" { // bounds beyond int32
			s.Errorf("%x: we accept %q, the server says %v", raws[i], got, a.err)
		}
		if err != nil && a.err == nil {
			var ours *Error
			// Servers since 14 look past an element type that is not built in.
			foreign := len(raws[i]) >= 12 && binary.BigEndian.Uint32(raws[i][8:]) >= 10000
			if errors.As(err, &ours); ours.SQLSTATE != stateNotSupported && !(foreign && ours.SQLSTATE == stateMismatch) {
				s.Errorf("%x: we refuse (%v), the server says %q", raws[i], err, a.cells)
			}
		}
		if err != nil || a.err != nil || bytes.IndexByte(a.cells[0], '=') >= 0 {
			continue
		}
		want, err := DecodeArray(a.cells[0], FormatText, 1009, Type{OIDText, -1})
		if err != nil || !slices.EqualFunc(got, want, sameElement) {
			s.Errorf("%x: %q, the server's %q (%v)", raws[i], got, want, err)
		}
	}
}

// testByteaArray: the server reads what AppendByteaArray and AppendByteaArrayEscaped write.
func testByteaArray(s *session) {
	for _, cells := range [][][]byte{{}, {{}}, {nil}, {{0, 1, 0xff}, nil, []byte(`'"\,{}`)}, {[]byte("abc")}} {
		bin := AppendByteaArray(nil, cells)
		text := AppendByteaArrayEscaped(nil, cells)
		a := s.ask("select $1::bytea[], $1::bytea[] = E'"+string(text)+"'::bytea[]", []uint32{OIDByteaArray}, [][][]byte{{bin}}, []int16{1}, []int16{1, 0})[0]
		if a.err != nil || !bytes.Equal(a.cells[0], bin) || string(a.cells[1]) != "t" {
			s.Errorf("%x: %x and %s come back as %x (%v)", cells, bin, text, a.cells, a.err)
			continue
		}
		got, err := DecodeArray(bin, FormatBinary, OIDByteaArray, Type{OIDBytea, -1})
		if err != nil || !slices.EqualFunc(got, cells, sameElement) {
			s.Errorf("%x comes back as %x (%v)", cells, got, err)
		}
	}
}

func TestDecodeArrayRefusals(t *testing.T) {
	header := func(v ...uint32) []byte {
		var b []byte
		for _, x := range v {
			b = binary.BigEndian.AppendUint32(b, x)
		}
		return b
	}
	for _, c := range []struct {
		name     string
		raw      []byte
		format   int16
		declared uint32
		state    string
	}{
		{"not an array type", []byte("{}"), 0, OIDText, stateMismatch},
		{"wrong element type", header(0, 0, OIDInt4), 1, 1009, stateMismatch},
		{"a billion elements", header(1, 0, OIDText, 1<<30, 1), 1, 0, stateProtocol},
		{"too many elements", append(header(1, 0, OIDText, maxElements+1, 1), make([]byte, 4*(maxElements+1))...), 1, 0, stateLimitExceeded},
		{"too many elements in text", []byte("{" + strings.Repeat("a,", maxElements) + "a}"), 0, 0, stateLimitExceeded},
		{"negative element", header(1, 0, OIDText, 1, 1, 0xfffffffe), 1, 0, stateBinary},
		{"two dimensions", header(2, 0, OIDText, 1, 1, 1, 1, 0), 1, 0, stateNotSupported},
		{"format", nil, 2, 0, stateParameter},
		{"NUL", []byte("{\x00}"), 0, 0, stateEncoding},
	} {
		_, err := DecodeArray(c.raw, c.format, c.declared, Type{OIDText, -1})
		var e *Error
		if !errors.As(err, &e) || e.SQLSTATE != c.state {
			t.Errorf("%s: %v, want %s", c.name, err, c.state)
		}
	}
}
