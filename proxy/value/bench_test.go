package value

import "testing"

func BenchmarkDecodeEncode(b *testing.B) {
	s := testSettings(b, "Europe/Berlin", "ISO, MDY")
	for _, c := range []struct {
		oid  uint32
		text string
	}{
		{OIDText, "alice@example.com"}, {OIDInt4, "-2147483648"}, {OIDNumeric, "12345.67"}, {OIDDate, "2020-01-02"}, {OIDTimestamptz, "2020-07-02 03:04:05.123456+02"}, {OIDUUID, "00112233-4455-6677-8899-aabbccddeeff"},
		{OIDJSONB, `{"name":"Alice","tags":["a","b"],"age":42,"nested":{"x":1.50,"y":null}}`},
	} {
		typ := Type{c.oid, -1}
		raw := []byte(c.text)
		room, out := make([]byte, 0, 512), make([]byte, 0, 512)
		b.Run("decode "+TypeName(c.oid), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode(room, typ, Options{Purpose: Store}, 0, FormatText, raw, s); err != nil {
					b.Fatal(err)
				}
			}
		})
		canonical, _ := Decode(nil, typ, Options{Purpose: Store}, 0, FormatText, raw, s)
		b.Run("encode "+TypeName(c.oid), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Encode(out, typ, FormatText, canonical, s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
