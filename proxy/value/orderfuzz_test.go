package value

import (
	"bytes"
	"testing"
)

// FuzzOrder: what is accepted has order bytes, which are equal for equal values only and never the beginning of another's; and
// normalising it twice changes nothing more.
func FuzzOrder(f *testing.F) {
	s := testSettings(f, "UTC", "ISO, MDY")
	for i, seed := range []string{"1", "-1.50e3", "NaN", "text", "tex", "", "0044-03-15 BC", "2020-03-29 02:30:00.5+01", "-infinity", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "İ\u0301ß"} {
		f.Add(byte(i), byte(0), []byte(seed), []byte("0.001"))
		f.Add(byte(i), byte(1), []byte(seed), []byte{0, 0, 0, 0, 0, 0, 0, 1})
	}
	f.Fuzz(func(t *testing.T, which, format byte, a, b []byte) {
		typ := Type{types[int(which)%len(types)].oid, -1}
		var canonical, order [2][]byte
		for i, raw := range [][]byte{a, b} {
			var err error
			if canonical[i], err = Decode(nil, typ, Options{Purpose: Compare}, 0, int16(format&1), raw, s); err != nil {
				return
			}
			order[i], err = Order(nil, typ, canonical[i])
			if (err == nil) != Orderable(typ) {
				t.Fatalf("%s %x: %v", TypeName(typ.OID), canonical[i], err)
			}
			if err != nil {
				return
			}
			if _, kind, err := LeadingText(nil, raw); err != nil && kind != PatternOther {
				t.Fatalf("%q is a pattern of kind %d and an error", raw, kind)
			}
			normalizedTwice(t, canonical[i])
		}
		if same := bytes.Equal(canonical[0], canonical[1]); same != bytes.Equal(order[0], order[1]) {
			t.Fatalf("%x and %x have orders %x and %x", canonical[0], canonical[1], order[0], order[1])
		} else if !same && (bytes.HasPrefix(order[0], order[1]) || bytes.HasPrefix(order[1], order[0])) {
			t.Fatalf("of %x and %x one begins with the other", order[0], order[1])
		}
	})
}

func normalizedTwice(t *testing.T, canonical []byte) {
	t.Helper()
	if tag := Tag(canonical[0]); tag != TagText && tag != TagBpchar {
		return
	}
	for _, steps := range []string{"nfc", "lower", "trim", "unaccent", "lower,trim"} {
		once, err := Normalize([]byte{canonical[0]}, canonical, steps)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := Normalize([]byte{canonical[0]}, once, steps)
		if err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%+q by %s is %+q, and again %+q, %v", canonical, steps, once, twice, err)
		}
	}
}
