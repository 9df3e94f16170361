package proxy

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/cryptotest"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/value"
)

// documentRig seals and opens documents with the paths ssn, address.zip (equality) and address.street.
type documentRig struct {
	world  *World
	server *Server
	target sql.Target
	shape  columnShape
}

func newDocumentRig(t testing.TB) *documentRig {
	text := sql.Type{OID: sql.OIDText, Mod: -1}
	doc := sql.NewDocument([]sql.DocumentPath{
		{Steps: []string{"ssn"}, Protection: sql.Protection{Key: "equal", Search: sql.SearchEquality, Type: text}},
		{Steps: []string{"address", "zip"}, Protection: sql.Protection{Key: "zip", Search: sql.SearchEquality, Type: text}},
		{Steps: []string{"address", "street"}, Protection: sql.Protection{Key: "random", Type: text}},
	})
	r := &documentRig{
		world:  &World{Keyring: cryptotest.Keyring(t, map[string]crypto.Mode{"equal": crypto.ModeEqual, "zip": crypto.ModeEqual, "random": crypto.ModeRandom})},
		server: &Server{metrics: metrics.New(prometheus.NewRegistry())},
		target: sql.Target{Table: sql.TableName{Schema: "public", Name: "t"}, Column: "prefs", Purpose: sql.PurposeStore,
			Protection: sql.Protection{Type: sql.Type{OID: sql.OIDJSONB, Mod: -1}, Document: doc}},
	}
	slot := policy.Slot{Do: policy.Open, Shape: sql.ShapeDocument, Document: doc, Table: r.target.Table, Column: "prefs"}
	shape, err := r.server.newRowShape(planned{world: r.world}, []policy.Slot{slot}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.shape = shape.columns[0]
	return r
}

func (r *documentRig) seal(text string) (string, error) {
	s := &sealer{server: r.server}
	out, err := s.document(nil, r.world, &r.target, 0, value.FormatText, []byte(text), nil)
	return string(out), err
}

func (r *documentRig) open(text string) (string, error) {
	var scratch rowScratch
	out, err := r.shape.append(nil, []byte(text), nil, &scratch)
	if err != nil {
		return "", err
	}
	return string(out[4:]), nil
}

func TestDocument(t *testing.T) {
	r := newDocumentRig(t)
	for _, text := range []string{
		`{}`, `[]`, `null`, `{"ssn": null}`, `{"ssn": "canary"}`, `{"x": {"ssn": "elsewhere"}, "ssn": ""}`, `{"n": 12345678901234567890.10, "address": {"zip": "canary", "street": "canary 1", "e": 1e300}}`,
		`{"address": [{"zip": "in an array"}], "ssn": "canary"}`, `{"ssn": "canary", "ssn": "canary 2"}`, `{"ssn": "\" \\ \b\f\n\r\t é 😀 \u0001 canary"}`,
	} {
		sealed, err := r.seal(text)
		if err != nil || strings.Contains(sealed, "canary") || strings.Contains(sealed, hex.EncodeToString([]byte("canary"))) || !json.Valid([]byte(sealed)) {
			t.Errorf("%s is sealed as %s, %v", text, sealed, err)
			continue
		}
		if opened, err := r.open(sealed); err != nil || opened != text {
			t.Errorf("%s is sealed as %s and opened as %s, %v", text, sealed, opened, err)
		}
	}
	for _, text := range []string{`{"ssn": 1}`, `{"ssn": true}`, `{"address": {"street": {}}}`, `{"ssn": "x", "ssn": []}`} {
		var e *value.Error
		if _, err := r.seal(text); !errors.As(err, &e) || e.SQLSTATE != "22023" {
			t.Errorf("%s: %v", text, err)
		}
	}
	a, _ := r.seal(`{"ssn": "x", "address": {"zip": "x", "street": "x"}}`)
	b, _ := r.seal(`{"ssn": "x", "address": {"zip": "x", "street": "x"}}`)
	var x, y struct {
		SSN     string
		Address struct{ Zip, Street string }
	}
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil || x.SSN != y.SSN || x.Address.Zip != y.Address.Zip || x.SSN == x.Address.Zip || x.Address.Street == y.Address.Street {
		t.Errorf("%s and %s", a, b)
	}
	r.target.Purpose = sql.PurposeCompare
	if _, err := r.seal(`{"address": {"street": "x"}}`); !errors.Is(err, refusalContains) {
		t.Errorf("a path with search: none is compared: %v", err)
	}
	if c, err := r.seal(`{"ssn": "x", "address": {"street": null}}`); err != nil || !strings.Contains(c, x.SSN[2:]) {
		t.Errorf("compared: %s, %v", c, err)
	}
}

// TestDocumentTampered checks that only the path's own cell is shown at a path.
func TestDocumentTampered(t *testing.T) {
	r := newDocumentRig(t)
	sealed, err := r.seal(`{"ssn": "x", "address": {"zip": "y"}}`)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		SSN     string
		Address struct{ Zip string }
	}
	if err := json.Unmarshal([]byte(sealed), &doc); err != nil {
		t.Fatal(err)
	}
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	flipped := []byte(doc.SSN)
	flipped[6] ^= 1
	for _, text := range []string{
		`{"ssn": "plain"}`, `{"ssn": ""}`, `{"ssn": 5}`, `{"ssn": {"x": 1}}`, `{"ssn": []}`, `{"ssn": ` + quoted(doc.Address.Zip) + `}`, `{"address": {"zip": ` + quoted(doc.SSN) + `}}`,
		`{"ssn": ` + quoted(string(flipped)) + `}`, `{"ssn": ` + quoted(doc.SSN[:len(doc.SSN)-2]) + `}`, `{"ssn": ` + quoted(doc.SSN[1:]) + `}`, `{"ssn": "x`, `{"ssn"`,
	} {
		var broken *integrityError
		if got, err := r.open(text); !errors.As(err, &broken) {
			t.Errorf("%s is shown as %s, %v", text, got, err)
		}
	}
	// Elsewhere a cell is what it looks like: a string.
	if got, err := r.open(`{"other": ` + quoted(doc.SSN) + `}`); err != nil || !strings.Contains(got, "c57e91") {
		t.Errorf("%s, %v", got, err)
	}
	r.shape.server, r.shape.client = 1, 1
	var scratch rowScratch
	if out, err := r.shape.append(nil, []byte("\x01"+sealed), nil, &scratch); err != nil || !bytes.Equal(out[4:], []byte("\x01"+`{"ssn": "x", "address": {"zip": "y"}}`)) {
		t.Errorf("binary: %q, %v", out, err)
	}
	if _, err := r.shape.append(nil, []byte(sealed), nil, &scratch); err == nil {
		t.Error("jsonb of an unknown version is shown")
	}
}

// FuzzDocument seals and opens: the same value, and nothing at a path is sent as it is.
func FuzzDocument(f *testing.F) {
	for _, s := range []string{`{"ssn":"x","address":{"zip":"y","street":"z"}}`, `{"\u0073sn":"\ud83d\ude00","ssn":null}`, `[{"ssn":"x"}]`, `{"address":[1],"n":-0.10e-7}`} {
		f.Add(s)
	}
	r := newDocumentRig(f)
	f.Fuzz(func(t *testing.T, text string) {
		sealed, err := r.seal(text)
		if err != nil {
			return
		}
		opened, err := r.open(sealed)
		if err != nil {
			t.Fatalf("%q is sealed as %q: %v", text, sealed, err)
		}
		want, got := decoded(t, text), decoded(t, opened)
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%q is sealed as %q and opened as %q", text, sealed, opened)
		}
		if m, ok := decoded(t, sealed).(map[string]any); ok && m["ssn"] != nil {
			if s, ok := m["ssn"].(string); !ok || !strings.HasPrefix(s, `\x`) || !strings.HasSuffix(s, "c57e91") {
				t.Fatalf("%q is sent as %q", text, sealed)
			}
		}
	})
}

func decoded(t *testing.T, text string) (v any) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}
