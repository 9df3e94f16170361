package proxy

import (
	"errors"
	"fmt"
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

// holding is a result column of JSON in which cells of columns a and b may lie, and what seals a text for a key.
func holding(t *testing.T) (c *columnShape, cell func(key, text string) string) {
	t.Helper()
	w := &World{Keyring: cryptotest.Keyring(t, map[string]crypto.Mode{"a": crypto.ModeEqual, "b": crypto.ModeRandom, "other": crypto.ModeEqual})}
	server := &Server{metrics: metrics.New(prometheus.NewRegistry())}
	slot := policy.Slot{Do: policy.Open, Shape: sql.ShapeJSON}
	for _, name := range []string{"a", "b"} {
		slot.Holds = append(slot.Holds, policy.HeldColumn{Column: name, Protection: sql.Protection{Key: name, Type: sql.Type{OID: sql.OIDText, Mod: -1}}})
	}
	held, err := server.hold(planned{world: w}, slot)
	if err != nil {
		t.Fatal(err)
	}
	return &columnShape{slot: slot, held: held}, func(name, text string) string {
		key, _ := w.Keyring.Key(name)
		sealed, err := key.Seal(nil, append([]byte{byte(value.TagText)}, text...))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`\\x%x`, sealed)
	}
}

func TestHeldCells(t *testing.T) {
	c, cell := holding(t)
	a, b := cell("a", `q"uote`), cell("b", "b")
	for in, want := range map[string]string{
		`null`:                         `null`,
		`{"x": "` + a + `"}`:           `{"x": "q\"uote"}`,
		`["` + a + `", "` + b + `" ]`:  `["q\"uote", "b" ]`,
		"\x01" + `{"k":"` + b + `"}`:   "\x01" + `{"k":"b"}`,
		`{"` + a + `" : "` + b + `"}`:  `{"` + a + `" : "b"}`, // a key is no value
		`["\\x00ff", "\\x", "\"\\x1"]`: `["\\x00ff", "\\x", "\"\\x1"]`,
		`["x` + a + `"]`:               `["x` + a + `"]`,
		`["\\"]`:                       `["\\"]`,
	} {
		c.held[0].shown, c.held[1].shown = 0, 0
		got, err := c.append([]byte("-"), []byte(in), &value.Settings{}, &rowScratch{})
		if err != nil || string(got[5:]) != want || int(got[4]) != len(want)&0xff {
			t.Errorf("%s: %q, %v, want %s", in, got, err, want)
		}
		sh := rowShape{columns: []columnShape{*c}}
		if opened, _ := sh.count0(); opened != int64(strings.Count(in, a)+strings.Count(in, b)-strings.Count(want, a)) {
			t.Errorf("%s: %d cells counted", in, opened)
		}
	}
}

// count0 is the number of cells opened, without metrics.
func (sh *rowShape) count0() (opened, masked int64) {
	for _, h := range sh.columns[0].held {
		opened += h.shown
	}
	return opened, 0
}

func TestHeldCellsRefuse(t *testing.T) {
	c, cell := holding(t)
	a := cell("a", "secret")
	broken := strings.Replace(a, a[8:12], "0000", 1)
	for in, integrity := range map[string]bool{
		`["` + cell("other", "secret") + `"]`:         true,
		`["` + broken + `"]`:                          true,
		`["` + a + `", "` + cell("other", "x") + `"]`: true,
		`["endless`: false,
	} {
		got, err := c.append([]byte("-"), []byte(in), &value.Settings{}, &rowScratch{})
		var broken *integrityError
		if err == nil || errors.As(err, &broken) != integrity || strings.Contains(string(got), "secret") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	var hidden *value.Error
	if got, err := c.append(nil, []byte(`[1, "a\\000\\305~\\221"]`), &value.Settings{}, &rowScratch{}); !errors.As(err, &hidden) {
		t.Errorf("a cell in the form of bytea_output escape: %q, %v", got, err)
	}
	set := &value.Settings{}
	if err := set.Set("bytea_output", "escape"); err != nil {
		t.Fatal(err)
	}
	var e *value.Error
	if got, err := c.append(nil, []byte(`["x"]`), set, &rowScratch{}); !errors.As(err, &e) {
		t.Errorf("bytea_output escape: %q, %v", got, err)
	}
}

func TestStoredType(t *testing.T) {
	for _, c := range []struct {
		shape sql.Shape
		oid   uint32
		ok    bool
	}{
		{sql.ShapeCell, sql.OIDBytea, true}, {sql.ShapeCell, value.OIDByteaArray, false},
		{sql.ShapeArray, value.OIDByteaArray, true}, {sql.ShapeArray, sql.OIDBytea, false}, {sql.ShapeArray, 1009, false},
		{sql.ShapeJSON, value.OIDJSON, true}, {sql.ShapeJSON, value.OIDJSONB, true}, {sql.ShapeJSON, sql.OIDText, false}, {99, sql.OIDBytea, false},
	} {
		if got := storedType(policy.Slot{Shape: c.shape}, c.oid); got != c.ok {
			t.Errorf("shape %d as type %d: %v", c.shape, c.oid, got)
		}
	}
}
