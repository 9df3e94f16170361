package generate

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Marker stands in texts that must never reach the server. It is long enough not to come up in ciphertext by chance.
const Marker = "cnryzq"

// Type is a type that columns have.
type Type struct {
	Name  string // as CREATE TABLE takes it
	Base  string // without a modifier
	Class string // types of a class can share a key
	edges []string
	// marked are values by which a leak is seen; %d is the number of a value. With mixed, all values are among the edges.
	marked string
	// few are values that fit, where nothing is marked; empty: they are made by class.
	few []string
	// define is the statement that makes it, where it is the world's own.
	define string
	elem   *Type // of an array
	plain  bool  // no protected column has it
}

var allTypes = makeTypes()

// Types are all that a protected column may one day have; a caller keeps those that the proxy can protect. No two values of
// a type are equal and look different, since grouping shows either. They are the same ones each time.
func Types() []*Type { return allTypes }

func makeTypes() []*Type {
	long := strings.Repeat("long ", 70)
	return []*Type{
		one("text", "text", "text", []string{"", " ", "it's", `back\slash`, "ünïcödé ☃ 𝒳", "e\u0301", "x\ty\nz", "a%_b", "NULL", `"q"`, "$1", "{a,b}", `\x00c57e91`, long}, "cnryzq%d@x.test"),
		one("varchar(12)", "varchar", "text", []string{"", "twelve chars", "zwölf", "a b ", "thirteen char"}, "cnryzq%d"),
		one("varchar", "varchar", "text", []string{"", "Ä", long}, "cnryzq%d-v"),
		one("char(9)", "char", "bpchar", []string{"", "a", "nine char", "a  "}, "cnryzq%d"),
		one("int2", "int2", "integer", []string{"0", "-1", "32767", "-32768", "32768"}, ""),
		one("int4", "int4", "integer", []string{"0", "-1", "2147483647", "-2147483648", "2147483648"}, "774410%02d"),
		one("int8", "int8", "integer", []string{"0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808"}, "7744100000%02d"),
		one("float4", "float4", "float4", []string{"-0", "1.5", "NaN", "Infinity", "-Infinity", "1e-30"}, ""),
		one("float8", "float8", "float8", []string{"-0", "1.5", "NaN", "Infinity", "-Infinity", "1e-300", "0.1"}, "774410.%d"),
		one("numeric", "numeric", "numeric", []string{"0.00", "-0.10", "1.50", "NaN", "123456789012345678901234567890.5", "1e-20"}, "774410.%02d"),
		one("numeric(10,2)", "numeric", "numeric", []string{"0", "0.005", "-1.1", "99999999.99", "100000000"}, "774410.%02d"),
		one("bool", "bool", "bool", []string{"t", "f"}, ""),
		one("date", "date", "date", []string{"1970-01-01", "2000-02-29", "infinity", "-infinity", "4713-01-01 BC", "9999-12-31"}, "7744-10-%02d"),
		one("time", "time", "time", []string{"00:00:00", "24:00:00", "12:34:56.789012"}, "07:44:10.%06d"),
		one("timetz", "timetz", "timetz", []string{"00:00:00+00", "12:34:56.789012-07:30"}, "07:44:10.%06d+00"),
		one("timestamp", "timestamp", "timestamp", []string{"1970-01-01 00:00:00", "infinity", "-infinity", "2000-02-29 23:59:59.999999"}, "7744-10-%02d 01:02:03"),
		one("timestamptz", "timestamptz", "timestamptz", []string{"1970-01-01 00:00:00+00", "infinity", "-infinity", "2000-02-29 23:59:59.999999+14"}, "7744-10-%02d 01:02:03+00"),
		one("interval", "interval", "interval", []string{"0", "1 mon", "29 days", "-1 year 2 mons 3.5 secs"}, "77441 days %d secs"),
		one("uuid", "uuid", "uuid", []string{"00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"}, "77441077-4410-7744-1077-4410774410%02d"),
		one("bytea", "bytea", "bytea", []string{`\x`, `\x00`, `\xc57e91`, `\x00ff00`}, `\x636e72797a71%02d`),
		one("json", "json", "json", []string{`{}`, `[]`, `null`, `{"a": 1, "a": 2}`}, `{"k": "cnryzq%d"}`),
		one("jsonb", "jsonb", "jsonb", []string{`{}`, `[]`, `null`, `"s"`, `{"a": [1, 2.50, null]}`}, `{"k": "cnryzq%d"}`),
		one("inet", "inet", "inet", []string{"0.0.0.0", "10.0.0.0/8", "::1", "fe80::1/64"}, "77.44.1.%d"),
		one("cidr", "cidr", "cidr", []string{"10.0.0.0/8", "::/0"}, "77.44.1.%d/32"),
		one("macaddr", "macaddr", "macaddr", []string{"00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"}, "77:44:10:77:44:%02d"),
	}
}

func one(name, base, class string, edges []string, marked string) *Type {
	return &Type{Name: name, Base: base, Class: class, edges: edges, marked: marked}
}

func typeNamed(name string) *Type {
	for _, t := range Types() {
		if t.Name == name {
			return t
		}
	}
	panic("no type " + name)
}

// canaries are the bytes that show a leak, in a file or a log.
func canaries() [][]byte {
	return [][]byte{[]byte(Marker), []byte(hex.EncodeToString([]byte(Marker))), []byte("7744-10-"), []byte("77441077-4410"), []byte("77.44.1."), []byte("774410."), []byte("7744100000"), []byte("77:44:10:77")}
}

// Canary returns the first place in content where a planted value shows, -1 if there is none.
func Canary(content []byte) int {
	first := -1
	for _, c := range canaries() {
		if i := bytes.Index(content, c); i >= 0 && (first < 0 || i < first) {
			first = i
		}
	}
	return first
}

// some is a value of the type: one of few, so that equal ones meet. What meets a protected column is marked where the type has room.
func (ty *Type) some(r *rand.Rand, protected bool) string {
	if ty.marked == mixed {
		return mixture(ty.edges, r)
	}
	if n := r.IntN(10); n < 2 {
		return ty.edges[r.IntN(len(ty.edges))]
	}
	n := 1 + r.IntN(6)
	if protected && ty.marked != "" {
		return fmt.Sprintf(ty.marked, n)
	}
	if ty.few != nil {
		return ty.few[n%len(ty.few)]
	}
	switch ty.Class {
	case "text", "bpchar":
		return fmt.Sprintf("v%d", n)
	case "bool":
		return []string{"t", "f"}[n%2]
	case "integer", "numeric", "float4", "float8":
		return fmt.Sprint(n)
	case "date", "timestamp", "timestamptz":
		return fmt.Sprintf(map[string]string{"date": "2024-01-%02d", "timestamp": "2024-01-%02d 01:02:03", "timestamptz": "2024-01-%02d 01:02:03+00"}[ty.Class], n)
	case "bytea":
		return fmt.Sprintf(`\xab%02d`, n)
	case "json", "jsonb":
		return fmt.Sprintf(`{"n": %d}`, n)
	case "uuid":
		return fmt.Sprintf("11111111-1111-1111-1111-1111111111%02d", n)
	}
	return ty.edges[n%len(ty.edges)]
}

// constant is a value in one of the forms in which SQL takes it.
func (g *gen) constant(ty *Type, protected bool) *node {
	v := &value{typ: ty, cast: g.chance(20)}
	if g.chance(4) && !g.never {
		v.null, v.literal = true, "NULL"
		return &node{value: v}
	}
	v.text = ty.some(g.r, protected)
	v.literal = g.literal(ty, v.text)
	return &node{value: v}
}

// literal writes a constant.
func (g *gen) literal(ty *Type, text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if ty.elem != nil && g.chance(30) {
		return arrayConstructor(ty, text)
	}
	bare := strings.IndexFunc(text, func(c rune) bool { return c < '0' || c > '9' }) < 0 && text != ""
	switch n := g.r.IntN(12); {
	case (ty.Class == "integer" || ty.Class == "numeric" && ty.Name != "numeric") && bare && n < 9:
		return text
	case ty.Class == "numeric" && n < 6 && strings.Trim(text, "0123456789.") == "" && text != "":
		return text
	case ty.Class == "bool" && n < 8:
		return map[string]string{"t": "true", "f": "false"}[text]
	case n == 0 && ty.Class == "text":
		return "E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
	case n == 1 && !strings.Contains(text, "$"):
		return "$q$" + text + "$q$"
	case n == 2:
		return quoted + "::" + ty.Base
	case n == 3 && (ty.Class == "date" || ty.Class == "uuid"):
		return ty.Base + " " + quoted
	case n == 4:
		return "CAST(" + quoted + " AS " + ty.Base + ")"
	}
	return quoted
}

// arrayOf is a constant array.
func (g *gen) arrayOf(ty *Type, protected bool) *node {
	var items []string
	for range 1 + g.r.IntN(4) {
		if g.chance(10) {
			items = append(items, "NULL")
			continue
		}
		items = append(items, `"`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(ty.some(g.r, protected))+`"`)
	}
	text := "{" + strings.Join(items, ",") + "}"
	v := &value{typ: ty, text: text, array: true, cast: g.chance(30), literal: "'" + strings.ReplaceAll(text, "'", "''") + "'"}
	if g.chance(40) {
		v.literal += "::" + ty.Base + "[]"
	}
	return &node{value: v}
}
