package proxy

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

func TestDefaultsAreReplaced(t *testing.T) {
	d := &shownDefaults{}
	d.add([]byte("\x01\x02'\\cell that is long enough"), nil, `'a "b" \c'::text`)
	d.add([]byte("\x01\x03'\\cell that has a form"), &sql.DefaultForm{Quoted: true}, `'4'::numeric`)
	const formed = `COALESCE('\x0103275c63656c6c207468617420686173206120666f726d'::bytea`
	const digits = `'\x0102275c63656c6c2074686174206973206c6f6e6720656e6f756768`
	const open = `'\001\002''\\cell that is long enough`
	for raw, want := range map[string]string{
		digits + `'::bytea`:                         `'a "b" \c'::text`,
		"x " + digits + `'::bytea, ` + digits + `'`: `x 'a "b" \c'::text, 'a "b" \c'::text`,
		`{"\` + digits[1:]:                          `{"\` + digits[1:],
		digits[:40]:                                 `'a "b" \c'::text`,
		digits[:20]:                                 digits[:20],
		digits[:40] + `ff'::bytea`:                  digits[:40] + `ff'::bytea`,
		`["'\` + digits[1:] + `'::bytea"]`:          `["'a \"b\" \\c'::text"]`,
		open + `'::bytea`:                           `'a "b" \c'::text`,
		formed + `, '\x020000'::bytea)`:             `'4'::numeric`,
		formed:                                      `'4'::numeric`, // cut
		"[\"" + strings.ReplaceAll(formed, `\`, `\\`) + `, '\\x020000'::bytea)"]`:    `["'4'::numeric"]`,
		`COALESCE('\001\003''\\cell that has a form'::bytea, '\002\000\000'::bytea)`: `'4'::numeric`,
		strings.TrimPrefix(formed, "COALESCE("):                                      `'4'::numeric`,
		"":                                                                           "", "5": "5", "'other'::text": "'other'::text",
	} {
		if got := string(d.replace([]byte(raw))); got != want {
			t.Errorf("%q: got %q, want %q", raw, got, want)
		}
	}
	array := func(elements ...string) []byte {
		b := binary.BigEndian.AppendUint32(nil, 1)
		b = binary.BigEndian.AppendUint32(append(b, 0, 0, 0, 1, 0, 0, 0, 25), uint32(len(elements)+1))
		b = binary.BigEndian.AppendUint32(b, 1)
		for _, e := range elements {
			b = append(binary.BigEndian.AppendUint32(b, uint32(len(e))), e...)
		}
		return append(b, 0xff, 0xff, 0xff, 0xff)
	}
	got, want := d.replace(array("'x'", digits+"'::bytea", "")), array("'x'", `'a "b" \c'::text`, "")
	if string(got) != string(want) {
		t.Errorf("array: got %q, want %q", got, want)
	}
	for n := range 60 { // what is cut, or no array, stays as it is
		raw := array("'x'", digits+"'::bytea")[:n]
		if got := d.replace(append([]byte(nil), raw...)); string(got) != string(raw) {
			t.Errorf("%q became %q", raw, got)
		}
	}
}
