package proxy

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/cryptotest"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/value"
)

var (
	orderedText = sql.Protection{Key: "ordered", Search: sql.SearchRange, Type: sql.Type{OID: sql.OIDText, Mod: -1}}
	orderedInt  = sql.Protection{Key: "ordered", Search: sql.SearchRange, Type: sql.Type{OID: sql.OIDInt4, Mod: -1}}
	indexedText = sql.Protection{Key: "indexed", Search: sql.SearchEquality, Type: sql.Type{OID: sql.OIDText, Mod: -1}, Normalize: "nfc,lower,trim"}
	equalText   = sql.Protection{Key: "equal", Search: sql.SearchEquality, Type: sql.Type{OID: sql.OIDText, Mod: -1}}
)

func searchWorld(t testing.TB) *World {
	return &World{Keyring: cryptotest.Keyring(t, map[string]crypto.Mode{
		"ordered": crypto.ModeOrdered, "indexed": crypto.ModeIndexed, "equal": crypto.ModeEqual,
	})}
}

// sealPart seals a text as a part of a cell of the protection.
func sealPart(t testing.TB, w *World, p sql.Protection, part sql.Part, text string) ([]byte, error) {
	t.Helper()
	target := sql.Target{Table: sql.TableName{Schema: "public", Name: "t"}, Column: "c", Protection: p, Part: part}
	if part != sql.PartCell {
		target.Purpose = sql.PurposeCompare
	}
	s := &sealer{server: &Server{metrics: metrics.New(prometheus.NewRegistry())}}
	return s.sealOne(nil, w, &target, 0, value.FormatText, []byte(text), nil)
}

// TestSealPattern checks that the bounds of a pattern hold the cells of exactly those texts that it matches.
func TestSealPattern(t *testing.T) {
	w := searchWorld(t)
	texts := []string{"", "a", "ab", "abc", "abd", "ab\U0010ffff", "ac", "b", "a%", "a%b", "\U0010ffff", "Ab"}
	cells := make([][]byte, len(texts))
	var err error
	for i, text := range texts {
		if cells[i], err = sealPart(t, w, orderedText, sql.PartCell, text); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		pattern  string
		from, to sql.Part
		matches  func(text string) bool
	}{
		{"ab%", sql.PartFrom, sql.PartTo, func(s string) bool { return strings.HasPrefix(s, "ab") }},
		{"a%%", sql.PartFrom, sql.PartTo, func(s string) bool { return strings.HasPrefix(s, "a") }},
		{"%", sql.PartFrom, sql.PartTo, func(string) bool { return true }},
		{"ab", sql.PartFrom, sql.PartTo, func(s string) bool { return s == "ab" }},
		{"", sql.PartFrom, sql.PartTo, func(s string) bool { return s == "" }},
		{`a\%`, sql.PartFrom, sql.PartTo, func(s string) bool { return s == "a%" }},
		{`a\%%`, sql.PartFrom, sql.PartTo, func(s string) bool { return strings.HasPrefix(s, "a%") }},
		{"a%", sql.PartPrefixFrom, sql.PartPrefixTo, func(s string) bool { return strings.HasPrefix(s, "a%") }},
		{"", sql.PartPrefixFrom, sql.PartPrefixTo, func(string) bool { return true }},
		{"\U0010ffff", sql.PartPrefixFrom, sql.PartPrefixTo, func(s string) bool { return s == "\U0010ffff" }},
	} {
		from, err := sealPart(t, w, orderedText, c.from, c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		to, err := sealPart(t, w, orderedText, c.to, c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		for i, text := range texts {
			if got := bytes.Compare(from, cells[i]) <= 0 && bytes.Compare(cells[i], to) < 0; got != c.matches(text) {
				t.Errorf("%q, part %d: %q is within: %v", c.pattern, c.from, text, got)
			}
		}
	}
}

// TestSealPatternRefused checks patterns that are no range, and that a refusal names the column only.
func TestSealPatternRefused(t *testing.T) {
	w := searchWorld(t)
	for _, pattern := range []string{"%secret", "sec_ret", "se%ret", "_"} {
		for _, part := range []sql.Part{sql.PartFrom, sql.PartTo} {
			_, err := sealPart(t, w, orderedText, part, pattern)
			r := refusalOf(&literalError{at: 7, cause: err})
			if r.Code != "PV014" || r.SQLSTATE != "0A000" || r.At != 7 || !strings.Contains(r.Message, "public.t.c") || strings.Contains(r.Message, pattern) {
				t.Errorf("%q: %v, refused as %+v", pattern, err, r)
			}
		}
	}
	_, err := sealPart(t, w, orderedText, sql.PartFrom, `abc\`)
	if r := refusalOf(err); r.SQLSTATE != "22025" {
		t.Errorf("a lone escape: %+v", r)
	}
}

// TestSealIndex checks that cells begin with the index of what is equal when normalised, and that only exact values are equal cells.
func TestSealIndex(t *testing.T) {
	w := searchWorld(t)
	index, err := sealPart(t, w, indexedText, sql.PartIndex, "  ADA ")
	if err != nil || len(index) != 16 {
		t.Fatalf("index %x, %v", index, err)
	}
	for text, equal := range map[string]bool{"ada": true, "Ada ": true, "adа": false, "": false} {
		cell, err := sealPart(t, w, indexedText, sql.PartCell, text)
		if err != nil || bytes.HasPrefix(cell, index) != equal {
			t.Errorf("%q begins with the index: %v, %v", text, !equal, err)
		}
	}
}

// TestSealIndexExact checks constants that stand beside lower(c) without a lower() of their own, and ILIKE patterns.
func TestSealIndexExact(t *testing.T) {
	w := searchWorld(t)
	cell, err := sealPart(t, w, indexedText, sql.PartCell, "Ada")
	if err != nil {
		t.Fatal(err)
	}
	for text, equal := range map[string]bool{"ada": true, "Ada": false, "ADA": false, "ada ": false, "bob": false} {
		got, err := sealPart(t, w, indexedText, sql.PartIndexExact, text)
		if err != nil || bytes.Equal(got, cell[:16]) != equal {
			t.Errorf("%q exactly: %x, %v", text, got, err)
		}
	}
	// In an array, too, a text that is not normalised is a value that is equal to none, and not NULL.
	all := &sealer{server: &Server{metrics: metrics.New(prometheus.NewRegistry())}}
	target := sql.Target{Table: sql.TableName{Schema: "public", Name: "t"}, Column: "c", Protection: indexedText, Part: sql.PartIndexExact, Purpose: sql.PurposeCompare}
	cells, err := all.sealArray(w, &target, 0, value.FormatText, []byte(`{ada,Ada,NULL}`), nil)
	if err != nil || len(cells) != 3 || !bytes.Equal(cells[0], cell[:16]) || cells[1] == nil || len(cells[1]) != 0 || cells[2] != nil {
		t.Errorf("an array: %x, %v", cells, err)
	}
	for text, equal := range map[string]bool{"ada": true, "ADA": true, "bob": false} {
		got, err := sealPart(t, w, indexedText, sql.PartIndexLike, text)
		if err != nil || bytes.Equal(got, cell[:16]) != equal {
			t.Errorf("ILIKE %q: %x, %v", text, got, err)
		}
	}
	for _, pattern := range []string{"ad%", "a_a", `a\da`} {
		_, err := sealPart(t, w, indexedText, sql.PartIndexLike, pattern)
		if r := refusalOf(err); r.Code != "PV014" || strings.Contains(r.Message, pattern) {
			t.Errorf("ILIKE %q: %+v", pattern, r)
		}
	}
}

// TestSealOrderOutOfRange checks that a number beyond the column's type still sorts rightly when it is compared.
func TestSealOrderOutOfRange(t *testing.T) {
	w := searchWorld(t)
	most, err := sealPart(t, w, orderedInt, sql.PartCell, "2147483647")
	if err != nil {
		t.Fatal(err)
	}
	s := &sealer{server: &Server{metrics: metrics.New(prometheus.NewRegistry())}}
	target := &sql.Target{Protection: orderedInt, Purpose: sql.PurposeCompare}
	above, err := s.sealOne(nil, w, target, value.OIDInt8, value.FormatText, []byte("3000000000"), nil)
	if err != nil || bytes.Compare(most, above) >= 0 {
		t.Errorf("3000000000 isn't above all of int4: %v", err)
	}
	for _, text := range []string{"3000000000.5", "1e30", "-1e30", "NaN"} {
		if _, err := s.sealOne(nil, w, target, value.OIDNumeric, value.FormatText, []byte(text), nil); err == nil {
			t.Errorf("%s was compared with an integer", text)
		}
	}
}

// TestSealPartsOfOtherModes checks that no key gives a part that its cells don't have.
func TestSealPartsOfOtherModes(t *testing.T) {
	w := searchWorld(t)
	has := map[string][]sql.Part{
		"equal": {sql.PartCell}, "indexed": {sql.PartCell, sql.PartIndex, sql.PartIndexExact, sql.PartIndexLike, sql.PartIndexType},
		"ordered": {sql.PartCell, sql.PartFrom, sql.PartTo, sql.PartPrefixFrom, sql.PartPrefixTo},
	}
	for _, p := range []sql.Protection{equalText, indexedText, orderedText} {
		for part := sql.PartCell; part <= sql.PartIndexType+1; part++ {
			if part == sql.PartPattern {
				continue // of a text it is the cell, whatever the mode
			}
			want := bytes.Contains(parts(has[p.Key]), []byte{byte(part)})
			if got, err := sealPart(t, w, p, part, "x"); (err == nil) != want || err != nil && got != nil {
				t.Errorf("%s, part %d: %x, %v", p.Key, part, got, err)
			}
		}
	}
	// The bounds of a column that isn't text.
	var r *sql.Refusal
	if _, err := sealPart(t, w, orderedInt, sql.PartFrom, "1"); !errors.As(err, &r) {
		t.Errorf("a pattern on an integer: %v", err)
	}
}

func parts(list []sql.Part) (out []byte) {
	for _, p := range list {
		out = append(out, byte(p))
	}
	return out
}
