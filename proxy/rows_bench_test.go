package proxy

import (
	"testing"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/cryptotest"
	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// BenchmarkRow shows one row of the benchmark's scan: two plain columns, one cell sealed for equality and one at random.
func BenchmarkRow(b *testing.B) {
	keys := cryptotest.Keyring(b, map[string]crypto.Mode{"equal": crypto.ModeEqual, "random": crypto.ModeRandom})
	text := sql.Type{OID: sql.OIDText, Mod: -1}
	column := func(name string) columnShape {
		key, _ := keys.Key(name)
		return columnShape{slot: policy.Slot{Do: policy.Open, Protection: &sql.Protection{Type: text}}, key: key, typ: value.Column{Type: valueType(text)}, server: 1}
	}
	shape := &rowShape{columns: []columnShape{{slot: policy.Slot{Do: policy.Pass}}, {slot: policy.Slot{Do: policy.Pass}}, column("equal"), column("random")}}
	set := &value.Settings{}
	seal := func(c *columnShape, v string) []byte {
		plain, err := value.Decode(nil, c.typ.Type, value.Options{Purpose: value.Store}, 0, 0, []byte(v), set)
		if err != nil {
			b.Fatal(err)
		}
		cell, err := c.key.Seal(nil, plain)
		if err != nil {
			b.Fatal(err)
		}
		return cell
	}
	row := wire.AppendInt16(nil, 4)
	for _, v := range [][]byte{[]byte("4711"), []byte("Customer 4711"), seal(&shape.columns[2], "customer4711@example.test"), seal(&shape.columns[3], "037306609")} {
		row = append(wire.AppendInt32(row, int32(len(v))), v...)
	}
	var out []byte
	var scratch rowScratch
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if out, err = shape.appendRow(out[:0], row, set, &scratch); err != nil {
			b.Fatal(err)
		}
	}
}
