package e2e

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

// An array in the binary form of the type that a parameter is described with is taken.
func TestBinaryArraysAsDescribed(t *testing.T) {
	ctx := context.Background()
	c := session(t, shared.Stack, "app")
	m := pgtype.NewMap()
	for column, text := range map[string]string{"email": "{a,b}", "code": "{C3,C4}", "age": "{1,2}", "small": "{1,2}", "big": "{1,2}", "born": "{2020-01-02}",
		"rate": "{1.5}", "seen": "{2020-01-02 00:00:00+00}", "token": "{00000000-0000-0000-0000-000000000003}"} {
		d, err := c.Prepare(ctx, "", "select id from people where "+column+" = any($1)", nil)
		if err != nil {
			t.Errorf("%s: %v", column, err)
			continue
		}
		typ, ok := m.TypeForOID(d.ParamOIDs[0])
		if !ok {
			t.Fatalf("%s: type %d", column, d.ParamOIDs[0])
		}
		v, err := typ.Codec.DecodeValue(m, typ.OID, pgtype.TextFormatCode, []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		b, err := m.Encode(typ.OID, pgtype.BinaryFormatCode, v, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r := c.ExecPrepared(ctx, "", [][]byte{b}, []int16{1}, nil).Read(); r.Err != nil {
			t.Errorf("%s, described as %s: %v", column, typ.Name, r.Err)
		}
	}
}
