package value

import (
	"bytes"
	"testing"
)

// FuzzDecode: no input panics, and what is accepted is a fixed point of Encode and Decode in both formats.
func FuzzDecode(f *testing.F) {
	s := testSettings(f, "Europe/Berlin", "ISO, MDY")
	for i, seed := range []string{"t", `\x00ff`, "-9223372036854775808", "1", "2147483647", "text", "varchar ", "0044-03-15 BC", "2020-03-29 02:30:00.5+01", "-1.50e3", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}", `{"b":[1.0,"\u00e9"],"a":null}`} {
		for _, flags := range []byte{0, 1, 2, 4, 7} {
			f.Add(byte(i), flags, byte(0), int32(-1), []byte(seed))
		}
	}
	f.Add(byte(9), byte(3), byte(0), int32(655366), []byte{0, 2, 0, 0, 0, 0, 0, 2, 0, 1, 0x13, 0x88})
	f.Fuzz(func(t *testing.T, which, flags, from byte, mod int32, raw []byte) {
		typ := Type{types[int(which)%len(types)].oid, mod}
		o := Options{Purpose: Store, KeepScale: flags&2 != 0}
		if flags&4 != 0 {
			o.Purpose = Compare
		}
		declared := uint32(0)
		if n := int(from) % (len(declarable) + 1); n > 0 {
			declared = declarable[n-1].oid
		}
		canonical, err := Decode(nil, typ, o, declared, int16(flags&1), raw, s)
		if err != nil {
			return
		}
		if Tag(canonical[0]) != types[int(which)%len(types)].tag {
			t.Fatalf("tag %d for %s", canonical[0], TypeName(typ.OID))
		}
		for format := range int16(2) {
			wire, err := Encode(nil, typ, format, canonical, s)
			if err != nil {
				if o.Purpose == Compare && state(err) == stateOutOfRange {
					continue // a comparison may be given what the column cannot hold
				}
				t.Fatalf("%x: %v", canonical, err)
			}
			o := o
			o.Purpose = Compare
			again, err := Decode(nil, typ, o, 0, format, wire, s)
			if err != nil || !bytes.Equal(again, canonical) {
				t.Fatalf("%q: %x reads back as %x (%v)", wire, canonical, again, err)
			}
		}
	})
}

// FuzzEncode: no canonical bytes panic, and what is shown in binary reads back as the same bytes.
func FuzzEncode(f *testing.F) {
	s := testSettings(f, "America/New_York", "Postgres, DMY")
	for _, seed := range []string{"\x01\x01", "\x02\x00\x00\x00\x00\x00\x00\x00\x01", "\x03\x10\x00\x02\x00\x00\x00\x01\x13\x88", "\x03\x02", "\x04abc", "\x04\x00", "\x05\x00\xff", "\x06\x00\x00\x00\x01", "\x07\x00\x00\x00\x00\x00\x00\x00\x01", "\x08aaaaaaaaaaaaaaaa", "\x09{}"} {
		f.Add([]byte(seed), int32(-1))
	}
	f.Fuzz(func(t *testing.T, canonical []byte, mod int32) {
		for _, info := range types {
			typ := Type{info.oid, mod}
			text, textErr := Encode(nil, typ, FormatText, canonical, s)
			wire, err := Encode(nil, typ, FormatBinary, canonical, s)
			if (err == nil) != (textErr == nil) {
				t.Fatalf("%s: text %q %v, binary %x %v", info.name, text, textErr, wire, err)
			}
			if err != nil || info.oid == OIDJSONB || info.oid == OIDNumeric {
				continue // text inside jsonb is not checked again; numeric may lose a scale that it need not keep
			}
			if again, err := Decode(nil, typ, Options{Purpose: Compare}, 0, FormatBinary, wire, s); err != nil || !bytes.Equal(again, canonical) {
				t.Fatalf("%s: %x reads back as %x (%v)", info.name, canonical, again, err)
			}
		}
	})
}

// FuzzDecodeArray: no input panics, and elements put together again are the same elements.
func FuzzDecodeArray(f *testing.F) {
	f.Add([]byte(`{a,"b c",NULL,\,}`), int16(0))
	f.Add(AppendByteaArray(nil, [][]byte{{1}, nil, {}}), int16(1))
	f.Fuzz(func(t *testing.T, raw []byte, format int16) {
		elements, err := DecodeArray(raw, format, OIDByteaArray, Type{OIDBytea, -1})
		if err != nil {
			return
		}
		again, err := DecodeArray(AppendByteaArray(nil, elements), FormatBinary, 0, Type{OIDBytea, -1})
		if err != nil || len(again) != len(elements) {
			t.Fatalf("%q: %v", elements, err)
		}
		for i := range again {
			if !sameElement(again[i], elements[i]) {
				t.Fatalf("%q reads back as %q", elements, again)
			}
		}
	})
}
