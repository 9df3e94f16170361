package proxy

import (
	"bytes"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// FuzzBind: what comes from a client never panics, and what is taken apart is what was there.
func FuzzBind(f *testing.F) {
	f.Add([]byte("p\x00s\x00\x00\x01\x00\x01\x00\x02\x00\x00\x00\x01x\xff\xff\xff\xff\x00\x01\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x00\xff\xff\x00\x01"))
	f.Add([]byte("\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := decodeBind(body)
		if err != nil {
			return
		}
		s := &sealer{}
		again, err := s.appendBind(nil, &m, &statement{}, planned{Plan: &policy.Plan{}}, m.results, nil)
		if err != nil {
			t.Fatal(err)
		}
		n, err := decodeBind(again[5:])
		if err != nil || !bytes.Equal(n.portal, m.portal) || !bytes.Equal(n.statement, m.statement) || len(n.values) != len(m.values) ||
			!equalFormats(n.results, m.results) {
			t.Fatalf("%v: %+v, not %+v", err, n, m)
		}
		for i := range n.values {
			if !bytes.Equal(n.values[i], m.values[i]) || (n.values[i] == nil) != (m.values[i] == nil) || formatOf(n.formats, i) != formatOf(m.formats, i) {
				t.Fatalf("parameter %d: %q, not %q", i+1, n.values[i], m.values[i])
			}
		}
	})
}

// FuzzServer: nor does what comes from the server.
func FuzzServer(f *testing.F) {
	f.Add([]byte("\x00\x01name\x00\x00\x00\x40\x00\x00\x01\x00\x00\x00\x19\xff\xff\xff\xff\xff\xff\x00\x00"))
	f.Add([]byte("SERROR\x00C23505\x00P12\x00DKey (email)=(\\x01c57e91) already exists.\x00\x00"))
	f.Add([]byte("\x00\x02\x00\x00\x00\x01x\xff\xff\xff\xff"))
	f.Add([]byte("\xff\xff\x00\x00"))
	shape := &rowShape{columns: []columnShape{{slot: policy.Slot{Do: policy.Pass}}, {slot: policy.Slot{Do: policy.Null}},
		{slot: policy.Slot{Do: policy.Open, Protection: &sql.Protection{}}, typ: value.Column{Type: value.Type{OID: sql.OIDText}}, counters: &metrics.ColumnCounters{}}}}
	f.Fuzz(func(t *testing.T, body []byte) {
		if fields, err := decodeFields(body); err == nil {
			for _, slots := range [][]policy.Slot{nil, make([]policy.Slot, len(fields))} {
				if witness(slots, fields, &sql.Catalog{}) == nil && len(fields) > 0 {
					t.Error("a result without a verdict passes")
				}
			}
		}
		_ = plainWitness(body, &sql.Catalog{})
		_, _ = copyRow(body)
		if _, err := shape.appendRow(nil, body, &value.Settings{}, &rowScratch{}); err == nil {
			r := wire.NewReader(body)
			r.Int16()
			r.Value()
			r.Value()
			if _, null := r.Value(); !null {
				t.Error("a sealed cell was shown without a key")
			}
		}
		out := mapError(nil, body, nil)
		if typ := out[0]; typ != 'E' || out[len(out)-1] != 0 || bytes.Contains(leaveOut(out), []byte("c57e91")) {
			t.Errorf("%q", out)
		}
	})
}

// leaveOut is what mapError must have left nothing in: the cells in a message's texts.
func leaveOut(frame []byte) []byte {
	r := wire.NewReader(frame[5:])
	var cells []byte
	for {
		field := r.Byte()
		if field == 0 || r.Err() != nil {
			return cells
		}
		v := string(r.CString())
		if !strings.ContainsRune("MDHW", rune(field)) {
			continue
		}
		for _, part := range strings.Split(v, `\x`)[1:] {
			hex := part[:len(part)-len(strings.TrimLeft(part, "0123456789abcdef"))]
			if strings.HasSuffix(hex, "c57e91") {
				cells = append(cells, hex...)
			}
		}
	}
}

// FuzzSideEffects: a text that changes a setting is never taken for one that doesn't.
func FuzzSideEffects(f *testing.F) {
	for _, text := range []string{"select 1", "/*/ x */ select 1", "/*/", "/* /* */ */ set role x", "--\nset x = 1", ";;set x = 1", "select 1; set x = 1", "(select set_config('a','b',true))"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var buf [12]byte
		word := string(firstWord([]byte(text), buf[:]))
		e := sideEffects([]byte(text))
		if (word == "set" || word == "reset" || word == "discard" || word == "call" || word == "do") && !e.settings {
			t.Errorf("%q changes no setting", text)
		}
		if p := unreadPlan(nil, []byte(text)); p.ChangesSettings != e.settings || p.ChangesPath != e.path || p.EndsTransaction != e.ends || p.ChangesSchema != e.schema {
			t.Errorf("%q: the plan says other than its text", text)
		}
	})
}
