package policy

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/pgveil/pgveil/policy/sql"
)

// span finds the n-th (from 0) occurrence of part in text.
func span(t testing.TB, text, part string, n int) sql.Span {
	t.Helper()
	at := 0
	for {
		i := strings.Index(text[at:], part)
		if i < 0 {
			t.Fatalf("%q is not in %q", part, text)
		}
		if n == 0 {
			return sql.Span{Start: at + i, End: at + i + len(part)}
		}
		n--
		at += i + len(part)
	}
}

func literal(at sql.Span, value string, array bool) sql.Literal {
	return sql.Literal{At: at, Text: value, Array: array}
}

func sealX(dst []byte, l sql.Literal) ([]byte, error) {
	if l.Array {
		return append(dst, `E'{"\\\\xab","\\\\xcd"}'::pg_catalog.bytea[]`...), nil
	}
	return appendCell(dst, l.Text), nil
}

// appendCell appends a cell as a Seal must.
func appendCell(dst []byte, cell string) []byte {
	return fmt.Appendf(dst, `E'\\x%x'::pg_catalog.bytea`, cell)
}

func TestRewrite(t *testing.T) {
	for _, c := range []struct {
		name, text string
		plan       func(text string) *Plan
		want       string
	}{
		{"nothing to do", "select 1 -- kept", func(string) *Plan { return &Plan{} }, "select 1 -- kept"},
		{"a literal, comments kept", "select /* ü */ id from t where email = 'ab' -- x", func(text string) *Plan {
			return &Plan{Literals: []sql.Literal{literal(span(t, text, "'ab'", 0), "ab", false)}}
		}, `select /* ü */ id from t where email = E'\\x6162'::pg_catalog.bytea -- x`},
		{"two literals and a cast removed", "select id from t where a = 'a'::text and b in ('b',$1)", func(text string) *Plan {
			return &Plan{
				Literals: []sql.Literal{literal(span(t, text, "'a'", 0), "a", false), literal(span(t, text, "'b'", 0), "b", false)},
				Edits:    []sql.Edit{{At: span(t, text, "::text", 0)}, {At: span(t, text, "$1", 0), Text: "$2"}},
			}
		}, `select id from t where a = E'\\x61'::pg_catalog.bytea and b in (E'\\x62'::pg_catalog.bytea,$2)`},
		{"words that touch", "select id from t where n=1and m like'x'or n=2", func(text string) *Plan {
			return &Plan{Literals: []sql.Literal{
				literal(span(t, text, "1", 0), "1", false), literal(span(t, text, "'x'", 0), "x", false), literal(span(t, text, "2", 0), "2", false)}}
		}, `select id from t where n=E'\\x31'::pg_catalog.bytea and m like E'\\x78'::pg_catalog.bytea or n=E'\\x32'::pg_catalog.bytea`},
		{"an array", "select id from t where a = any('{x,y}')", func(text string) *Plan {
			return &Plan{Literals: []sql.Literal{literal(span(t, text, "'{x,y}'", 0), "{x,y}", true)}}
		}, `select id from t where a = any(E'{"\\\\xab","\\\\xcd"}'::pg_catalog.bytea[])`},
		{"two bounds of one constant", "select 1 from t where c like'ab%'and d", func(text string) *Plan {
			from := literal(span(t, text, "'ab%'", 0), "a", false)
			to := literal(sql.Span{Start: from.At.End, End: from.At.End}, "b", false)
			to.Before, to.After = " AND c < ", ")"
			c := span(t, text, "c like", 0)
			return &Plan{Literals: []sql.Literal{from, to},
				Edits: []sql.Edit{{At: sql.Span{Start: c.Start, End: c.Start}, Text: "("}, {At: sql.Span{Start: c.Start + 2, End: c.End}, Text: ">="}}}
		}, `select 1 from t where (c >= E'\\x61'::pg_catalog.bytea   AND c < E'\\x62'::pg_catalog.bytea) and d`},
		{"an insertion before a literal", "values ('a')", func(text string) *Plan {
			at := span(t, text, "'a'", 0)
			return &Plan{Literals: []sql.Literal{literal(at, "a", false)}, Edits: []sql.Edit{{At: sql.Span{Start: at.Start, End: at.Start}, Text: "+"}}}
		}, `values (+E'\\x61'::pg_catalog.bytea)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := c.plan(c.text)
			p.Allowed = true
			got, err := p.Rewrite([]byte("before "), c.text, sealX)
			if err != nil || string(got) != "before "+c.want {
				t.Errorf("got  %s\nwant %s\nerror %v", got, c.want, err)
			}
			everyPosition(t, p, c.text, c.want)
		})
	}
}

// everyPosition maps each position of the rewritten text back: what was not replaced must point at the same character, the
// rest at the start of what was replaced, and positions never go backwards.
func everyPosition(t *testing.T, p *Plan, text, rewritten string) {
	t.Helper()
	from, to := []rune(rewritten), []rune(text)
	last := 1
	for pos := 1; pos <= len(from)+1; pos++ {
		m := p.MapPosition(text, rewritten, pos)
		if m < last || m > len(to)+1 {
			t.Fatalf("position %d maps to %d after %d", pos, m, last)
		}
		last = m
		if pos > len(from) && m != len(to)+1 {
			t.Errorf("the end maps to %d, not %d", m, len(to)+1)
		}
	}
	// Each character outside every replaced span is found again from where it went.
	replaced := make([]bool, len(text)+1)
	for piece := range p.pieces() {
		for i := piece.at.Start; i < piece.at.End; i++ {
			replaced[i] = true
		}
	}
	reached := map[int]bool{}
	for pos := 1; pos <= len(from); pos++ {
		m := p.MapPosition(text, rewritten, pos)
		if m <= len(to) && from[pos-1] == to[m-1] {
			reached[m] = true
		}
	}
	for i := range text {
		if !replaced[i] && !reached[1+utf8.RuneCountInString(text[:i])] {
			t.Errorf("nothing maps to character %d, %q", 1+utf8.RuneCountInString(text[:i]), text[i:])
		}
	}
}

func TestMapPosition(t *testing.T) {
	text := "sélect 'ab', 'cd' from tßt where"
	p := &Plan{Allowed: true, Literals: []sql.Literal{
		literal(span(t, text, "'ab'", 0), "ab", false), literal(span(t, text, "'cd'", 0), "cd", false)}}
	out, err := p.Rewrite(nil, text, sealX)
	if err != nil {
		t.Fatal(err)
	}
	rewritten := string(out)
	position := func(in, part string) int { return 1 + utf8.RuneCountInString(in[:strings.Index(in, part)]) }
	for _, part := range []string{"sélect", "from", "tßt", "where"} {
		if got, want := p.MapPosition(text, rewritten, position(rewritten, part)), position(text, part); got != want {
			t.Errorf("%s is at %d, mapped to %d", part, want, got)
		}
	}
	if got, want := p.MapPosition(text, rewritten, position(rewritten, "x6364")), position(text, "'cd'"); got != want {
		t.Errorf("inside the second literal: %d, want %d", got, want)
	}
	for _, pos := range []int{0, -1} {
		if got := p.MapPosition(text, rewritten, pos); got != 0 {
			t.Errorf("position %d maps to %d", pos, got)
		}
	}
	if got := p.MapPosition(text, "another text", 30); got != 0 {
		t.Errorf("in a text that is not the rewritten one: %d", got)
	}
	if got, want := p.MapPosition(text, rewritten, 1<<30), utf8.RuneCountInString(text)+1; got != want {
		t.Errorf("beyond the end: %d, want %d", got, want)
	}
}

func TestRewriteRefuses(t *testing.T) {
	text := "select 'a'"
	at := span(t, text, "'a'", 0)
	broken := errors.New("no key")
	for name, c := range map[string]struct {
		plan *Plan
		seal Seal
	}{
		"the zero plan":   {&Plan{}, sealX},
		"a refused plan":  {&Plan{Refusal: &sql.Refusal{}}, sealX},
		"another text":    {&Plan{Allowed: true, Edits: []sql.Edit{{At: sql.Span{Start: 5, End: 99}}}}, sealX},
		"overlap":         {&Plan{Allowed: true, Edits: []sql.Edit{{At: at}, {At: sql.Span{Start: at.Start + 1, End: at.End}}}}, sealX},
		"a seal's error":  {&Plan{Allowed: true, Literals: []sql.Literal{{At: at}}}, func(d []byte, _ sql.Literal) ([]byte, error) { return d, broken }},
		"nothing sealed":  {&Plan{Allowed: true, Literals: []sql.Literal{{At: at}}}, func(d []byte, _ sql.Literal) ([]byte, error) { return d, nil }},
		"the value given": {&Plan{Allowed: true, Literals: []sql.Literal{{At: at}}}, func(d []byte, _ sql.Literal) ([]byte, error) { return append(d, "'a'"...), nil }},
		"something added": {&Plan{Allowed: true, Literals: []sql.Literal{{At: at}}}, func(d []byte, _ sql.Literal) ([]byte, error) {
			return append(appendCell(d, "a"), " or true"...), nil
		}},
	} {
		if out, err := c.plan.Rewrite(nil, text, c.seal); err == nil || out != nil {
			t.Errorf("%s: rewritten to %q, error %v", name, out, err)
		}
	}
	var none *Plan
	if _, err := none.Rewrite(nil, text, sealX); err == nil {
		t.Error("a nil plan was carried out")
	}
}

// FuzzRewrite splices two literals anywhere and maps every position back.
func FuzzRewrite(f *testing.F) {
	f.Add("select 'a', 'b' from t", uint8(7), uint8(3), uint8(2), uint8(3))
	f.Add("é1and2", uint8(2), uint8(1), uint8(3), uint8(1))
	f.Fuzz(func(t *testing.T, text string, a, n, b, m uint8) {
		first := sql.Span{Start: int(a), End: int(a) + int(n)}
		second := sql.Span{Start: first.End + int(b), End: first.End + int(b) + int(m)}
		p := &Plan{Allowed: true, Literals: []sql.Literal{literal(first, "x", false)}, Edits: []sql.Edit{{At: second, Text: "ö"}}}
		out, err := p.Rewrite(nil, text, sealX)
		if (err == nil) != (second.End <= len(text)) {
			t.Fatalf("error %v", err)
		}
		if err != nil {
			return
		}
		last := 0
		for pos := 1; pos <= utf8.RuneCount(out)+2; pos++ {
			at := p.MapPosition(text, string(out), pos)
			if at < last || utf8.ValidString(text) && at < 1 {
				t.Fatalf("position %d maps to %d after %d", pos, at, last)
			}
			last = at
		}
	})
}
