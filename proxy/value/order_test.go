package value

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/cryptotest"
)

// ordered is a type with a way of making values of it at the edges, and the comparison that they are held against, which
// testOrder holds against the server's.
type ordered struct {
	name    string
	t       Type
	format  int16
	make    func(r *rand.Rand) []byte
	near    func(r *rand.Rand, v []byte) []byte // one close to v
	compare func(a, b []byte) int
}

// intEdges are numbers about which neighbours differ in many half bytes.
func intEdge(r *rand.Rand, bits int) int64 {
	switch r.IntN(4) {
	case 0:
		return int64(r.Uint64()) >> (64 - bits)
	case 1:
		return int64(r.IntN(7) - 3)
	case 2:
		e := int64(1)<<(bits-1) - 1 - int64(r.IntN(3))
		return e * int64(1-2*r.IntN(2))
	}
	return (int64(1)<<r.IntN(bits-1) + int64(r.IntN(3)-1)) * int64(1-2*r.IntN(2))
}

func bigEndian(v int64, n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v))[8-n:] }

func signed(b []byte) int64 {
	v := binary.BigEndian.Uint64(append(make([]byte, 8-len(b)), b...))
	return int64(v) << (64 - 8*len(b)) >> (64 - 8*len(b))
}

// whole is a type whose binary form is a number of n bytes, from least to most, and some further values.
func whole(name string, oid uint32, n int, least, most int64, further ...int64) ordered {
	clamp := func(v int64) []byte {
		if v < least || v > most {
			v = least + int64(uint64(v)%uint64(most-least))
		}
		return bigEndian(v, n)
	}
	return ordered{
		name: name, t: Type{oid, -1}, format: FormatBinary,
		make: func(r *rand.Rand) []byte {
			if i := r.IntN(20); i < len(further) {
				return bigEndian(further[i], n)
			}
			switch r.IntN(10) {
			case 0:
				return bigEndian(least+int64(r.IntN(3)), n)
			case 1:
				return bigEndian(most-int64(r.IntN(3)), n)
			}
			return clamp(intEdge(r, 8*n))
		},
		near: func(r *rand.Rand, v []byte) []byte {
			x := signed(v)
			for _, f := range further {
				if x == f {
					return v
				}
			}
			return clamp(min(max(x, least+2), most-2) + int64(r.IntN(5)-2))
		},
		compare: func(a, b []byte) int { return cmp.Compare(signed(a), signed(b)) },
	}
}

func oneIfInt(b bool) int { return int(oneIf(b)) }

// decimals makes plain decimal texts, different spellings of one number among them.
func decimals() ordered {
	digits := func(r *rand.Rand, most int) string {
		b := make([]byte, r.IntN(most+1))
		for i := range b {
			b[i] = "0019"[r.IntN(4)]
			if r.IntN(3) == 0 {
				b[i] = byte('0' + r.IntN(10))
			}
		}
		return string(b)
	}
	edges := []string{"NaN", "Infinity", "-Infinity", "0", "-0.00", "0.0001", "0.00009999", "-0.0001", "9999", "10000", "9999.9999", "-9999.99", "1" + strings.Repeat("0", 300), "-1" + strings.Repeat("0", 300),
		"0." + strings.Repeat("0", 300) + "1", "-0." + strings.Repeat("0", 300) + "1", "1" + strings.Repeat("0", 131071), "-1" + strings.Repeat("0", 131071), "0." + strings.Repeat("0", 16382) + "1"}
	sign := func(r *rand.Rand) string { return []string{"", "-"}[r.IntN(2)] }
	return ordered{
		name: "numeric", t: Type{OIDNumeric, -1}, format: FormatText,
		make: func(r *rand.Rand) []byte {
			if n := r.IntN(100); n < 30 {
				// The three longest cost ten thousand times as much.
				return []byte(edges[r.IntN(len(edges)-3+3*oneIfInt(n == 0 && r.IntN(20) == 0))])
			}
			text := sign(r) + "0" + digits(r, []int{3, 6, 30}[r.IntN(3)])
			if fraction := digits(r, []int{3, 6, 30}[r.IntN(3)]); fraction != "" {
				text += "." + fraction
			}
			return []byte(text)
		},
		near: func(r *rand.Rand, v []byte) []byte {
			if v[len(v)-1]|0x20 > '9' || len(v) > 10_000 { // NaN and infinities; a longer one would overflow
				return v
			}
			text := string(v)
			switch r.IntN(4) {
			case 0: // the same with another scale
				if !strings.Contains(text, ".") {
					text += "."
				}
				return []byte(text + "000000"[:1+r.IntN(6)])
			case 1:
				if !strings.Contains(text, ".") {
					text += "."
				}
				return []byte(text + "0001"[r.IntN(4):])
			case 2:
				return []byte(strings.TrimPrefix(text, "-"))
			}
			out := []byte(text)
			if i := r.IntN(len(out)); isDigit(out[i]) {
				out[i] = byte('0' + r.IntN(10))
			}
			return out
		},
		compare: compareDecimals,
	}
}

// compareDecimals compares by the digits as they are written.
func compareDecimals(a, b []byte) int {
	rank := func(v []byte) int {
		switch string(v) {
		case "-Infinity":
			return -2
		case "Infinity":
			return 2
		case "NaN":
			return 3
		}
		if strings.Trim(string(v), "-0.") == "" {
			return 0
		}
		return 1 - 2*oneIfInt(v[0] == '-')
	}
	if ra, rb := rank(a), rank(b); ra != rb || ra == 0 || ra < -1 || ra > 1 {
		return cmp.Compare(ra, rb)
	}
	ia, fa, _ := strings.Cut(strings.TrimPrefix(string(a), "-"), ".")
	ib, fb, _ := strings.Cut(strings.TrimPrefix(string(b), "-"), ".")
	ia, ib = strings.TrimLeft(ia, "0"), strings.TrimLeft(ib, "0")
	c := cmp.Or(cmp.Compare(len(ia), len(ib)), cmp.Compare(ia, ib), cmp.Compare(strings.TrimRight(fa, "0"), strings.TrimRight(fb, "0")))
	if a[0] == '-' {
		return -c
	}
	return c
}

// texts share beginnings, end early, and go on with the smallest and largest characters.
func texts(name string, oid uint32) ordered {
	pieces := []string{"", "a", "b", "A", " ", "\x01", "\x7f", "é", "ß", "\u0800", "\uffff", "😀", "\U0010ffff", "abcabcabcabcabca", "abcdefghijklmnopq"}
	add := func(r *rand.Rand, b []byte, n int) []byte {
		for range r.IntN(n) {
			b = append(b, pieces[r.IntN(len(pieces))]...)
		}
		return b
	}
	trimmed := func(b []byte) []byte {
		if oid == OIDBpchar {
			return bytes.TrimRight(b, " ")
		}
		return b
	}
	return ordered{
		name: name, t: Type{oid, -1}, format: FormatText,
		make: func(r *rand.Rand) []byte { return add(r, []byte{}, 8) },
		near: func(r *rand.Rand, v []byte) []byte {
			runes := []rune(string(v))
			return add(r, []byte(string(runes[:r.IntN(len(runes)+1)])), 3)
		},
		compare: func(a, b []byte) int { return bytes.Compare(trimmed(a), trimmed(b)) },
	}
}

func uuids() ordered {
	return ordered{
		name: "uuid", t: Type{OIDUUID, -1}, format: FormatBinary,
		make: func(r *rand.Rand) []byte {
			b := make([]byte, 16)
			for i := range b {
				b[i] = []byte{0, 0, 0xFF, byte(r.Uint32())}[r.IntN(4)]
			}
			return b
		},
		near: func(r *rand.Rand, v []byte) []byte {
			out := bytes.Clone(v)
			out[r.IntN(16)] ^= 1 << r.IntN(10) // sometimes none
			return out
		},
		compare: bytes.Compare,
	}
}

func orderedTypes() []ordered {
	return []ordered{
		whole("int2", OIDInt2, 2, math.MinInt16, math.MaxInt16),
		whole("int4", OIDInt4, 4, math.MinInt32, math.MaxInt32),
		whole("int8", OIDInt8, 8, math.MinInt64, math.MaxInt64),
		decimals(),
		whole("date", OIDDate, 4, minDate, endDate-1, math.MinInt32, math.MaxInt32),
		whole("timestamptz", OIDTimestamptz, 8, minTimestamp, endTimestamp-1, math.MinInt64, math.MaxInt64),
		uuids(),
		texts("text", OIDText),
		texts("varchar", OIDVarchar),
		texts("char(200)", OIDBpchar),
		whole("time", OIDTime, 8, 0, 86_400_000_000),
		whole("timestamp", OIDTimestamp, 8, minTimestamp, endTimestamp-1, math.MinInt64, math.MaxInt64),
	}
}

// pair makes two values, often close to each other.
func (o ordered) pair(r *rand.Rand) (a, b []byte) {
	a = o.make(r)
	if r.IntN(2) == 0 {
		return a, o.near(r, a)
	}
	return a, o.make(r)
}

// TestOrder holds order bytes, and cells made with them, against each type's comparison, for 20,000 pairs a type, or as many as
// PGVEIL_ORDER_PAIRS says. testOrder holds the comparison against a server.
func TestOrder(t *testing.T) {
	pairs := 20_000
	if n, err := strconv.Atoi(os.Getenv("PGVEIL_ORDER_PAIRS")); err == nil {
		pairs = n
	}
	key, _ := cryptotest.Keyring(t, map[string]crypto.Mode{"k": crypto.ModeOrdered}).Key("k")
	for _, o := range orderedTypes() {
		t.Run(o.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			counts := map[int]int{}
			var sides [2]struct{ canonical, order, cell []byte }
			for range pairs {
				a, b := o.pair(r)
				for i, v := range [][]byte{a, b} {
					s := &sides[i]
					var err error
					if s.canonical, err = Decode(s.canonical[:0], o.t, Options{Purpose: Compare}, 0, o.format, v, nil); err != nil {
						t.Fatalf("%.80q: %v", v, err)
					}
					if s.order, err = Order(s.order[:0], o.t, s.canonical); err != nil {
						t.Fatalf("%.80q: %v", v, err)
					}
					if len(s.order) > 2000 {
						s.cell = append(s.cell[:0], s.order...) // their digits take as long as all others together
					} else if s.cell, err = key.SealOrdered(s.cell[:0], s.canonical, s.order); err != nil {
						t.Fatal(err)
					}
				}
				want := o.compare(a, b)
				counts[want]++
				x, y := &sides[0], &sides[1]
				if got := bytes.Compare(x.order, y.order); got != want {
					t.Fatalf("%.80q and %.80q: order bytes compare %d, want %d", a, b, got, want)
				}
				if want != 0 && (bytes.HasPrefix(x.order, y.order) || bytes.HasPrefix(y.order, x.order)) {
					t.Fatalf("%.80q and %.80q: the order of one begins with that of the other", a, b)
				}
				if (want == 0) != bytes.Equal(x.canonical, y.canonical) {
					t.Fatalf("%.80q and %.80q: canonical values disagree with the comparison %d", a, b, want)
				}
				if len(x.order) <= 2000 && len(y.order) <= 2000 && bytes.Compare(x.cell, y.cell) != want {
					t.Fatalf("%.80q and %.80q: cells compare %d, want %d", a, b, bytes.Compare(x.cell, y.cell), want)
				}
			}
			t.Logf("%d pairs: %d below, %d equal, %d above", pairs, counts[-1], counts[0], counts[1])
			if counts[-1] < pairs/10 || counts[1] < pairs/10 || counts[0] < pairs/200 {
				t.Errorf("the pairs are lopsided: %v", counts)
			}
		})
	}
}

// testOrder holds the comparisons of TestOrder against the server's.
func testOrder(s *session) {
	for _, o := range orderedTypes() {
		r := rand.New(rand.NewPCG(5, 6))
		sets := make([][][]byte, 2000)
		for i := range sets {
			a, b := o.pair(r)
			sets[i] = [][]byte{a, b}
		}
		collate := ""
		if strings.HasPrefix(o.name, "text") || strings.HasPrefix(o.name, "varchar") || strings.HasPrefix(o.name, "char") {
			collate = ` collate "C"`
		}
		sql := "select ($1::" + o.name + collate + " > $2)::int - ($1::" + o.name + collate + " < $2)::int"
		for i, a := range s.ask(sql, []uint32{o.t.OID, o.t.OID}, sets, []int16{o.format}, nil) {
			if want := strconv.Itoa(o.compare(sets[i][0], sets[i][1])); a.err != nil || string(a.cells[0]) != want {
				s.Fatalf("%s %.80q, %.80q: the server says %q (%v), our comparison %s", o.name, sets[i][0], sets[i][1], a.cells, a.err, want)
			}
		}
	}
}

// TestOrderRefuses checks what has no order, and what can't be a canonical value.
func TestOrderRefuses(t *testing.T) {
	for _, oid := range []uint32{OIDBool, OIDBytea, OIDJSONB, OIDJSON, 0, 12345} {
		if got, err := Order([]byte("x"), Type{oid, -1}, []byte{1, 1}); err == nil || string(got) != "x" {
			t.Errorf("%s: %x, %v", TypeName(oid), got, err)
		}
	}
	for _, c := range []struct {
		oid       uint32
		canonical string
	}{
		{OIDInt4, ""}, {OIDInt4, "\x02"}, {OIDInt4, "\x02\x00\x00\x00\x00"}, {OIDInt4, "\x04\x00\x00\x00\x00\x00\x00\x00\x00"}, {OIDText, "\x04a\x00b"}, {OIDUUID, "\x08abc"},
		{OIDNumeric, "\x03"}, {OIDNumeric, "\x03\x10\x00\x02\x00\x00"}, {OIDNumeric, "\x03\x05"}, {OIDNumeric, "\x03\x00\x00"}, {OIDNumeric, "\x03\x00\x00\x00\x01"},
	} {
		if got, err := Order([]byte("x"), Type{c.oid, -1}, []byte(c.canonical)); err == nil || string(got) != "x" {
			t.Errorf("%s %q: %x, %v", TypeName(c.oid), c.canonical, got, err)
		}
	}
}
