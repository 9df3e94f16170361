package sql

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestConvert(t *testing.T) {
	for text, want := range map[string]string{
		`select 'a'`:                                      `select 'a'`,
		`select 'a\n', 'b'`:                               `select E'a\n', 'b'`,
		`select 'it\'s', 'x\\'`:                           `select E'it\'s', E'x\\'`,
		`select N'a\n', n'b'`:                             `select NCHAR E'a\n', n'b'`,
		`select 1'a\n', x'1f', b'01', foo'\n'`:            `select 1 E'a\n', x'1f', b'01', foo E'\n'`,
		`select E'\'', "a\"'\'', $$'\$$, $x$'\n` + "'$x$": `select E'\'', "a\"E'\'', $$'\$$, $x$'\n` + "'$x$",
		"select 'a'\n  'b\\'c' -- '\\\n, '\\t'":           "select E'a'\n  'b\\'c' -- '\\\n, E'\\t'",
		`/* '\ /* '\' */ */ select '\''`:                  `/* '\ /* '\' */ */ select E'\''`,
		`select 'open\'`:                                  `select E'open\'`,
		`select '\n', U&"a\0041", '\t'`:                   `select E'\n', U&"a\0041", E'\t'`,
		`select u&'x'`:                                    `select `,
		`select u &'\x'`:                                  `select u &E'\x'`,
	} {
		c := convert(text)
		if c.text != want || (c.unicode >= 0) != (want == "select ") {
			t.Errorf("%s\ngot  %s\nwant %s", text, c.text, want)
		}
		if again := convert(c.text); c.unicode < 0 && len(again.inserted) > 0 {
			t.Errorf("%s is not the same under both settings", c.text)
		}
	}
}

// What is nested in a Statement moves with it.
func TestConvertedPlaces(t *testing.T) {
	text := `select '\t', 'é\'', n'\n', 1 from a`
	c := convert(text)
	for _, part := range []string{`'\t'`, `'é\''`, `n'\n'`, "1 from", "a", " from a"} {
		in, want := strings.LastIndex(c.text, part), strings.LastIndex(text, part)
		if part[0] == 'n' {
			in = strings.Index(c.text, "nCHAR")
		}
		if got := c.back(in); got != want || c.back(len(c.text)) != len(text) {
			t.Errorf("%s at %d of %s: %d, want %d", part, in, c.text, got, want)
		}
	}
	span := reflect.TypeOf(Span{})
	moved := map[string]bool{"At": true, "Tables": true, "Columns": true, "Renames": true, "Literals": true, "Edits": true, "Withheld": true, "Splices": true, "Refusal": true}
	var holds func(typ reflect.Type, seen map[reflect.Type]bool) bool
	holds = func(typ reflect.Type, seen map[reflect.Type]bool) bool {
		if typ == span || seen[typ] {
			return typ == span
		}
		seen[typ] = true
		switch typ.Kind() {
		case reflect.Pointer, reflect.Slice:
			return holds(typ.Elem(), seen)
		case reflect.Struct:
			for i := range typ.NumField() {
				if holds(typ.Field(i).Type, seen) {
					return true
				}
			}
		}
		return false
	}
	st := reflect.TypeOf(Statement{})
	for i := range st.NumField() {
		if f := st.Field(i); holds(f.Type, map[reflect.Type]bool{}) && !moved[f.Name] {
			t.Errorf("Statement.%s holds places that are not moved", f.Name)
		}
	}
}

// TestConvertOnServer has a server read random texts with standard_conforming_strings off, and what they are converted to with it on: the
// same values come, or the same error at the same place.
func TestConvertOnServer(t *testing.T) {
	s := startServer(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	off, on := dial(t, s, "postgres"), dial(t, s, "postgres")
	run(t, off, "set standard_conforming_strings = off; set escape_string_warning = off")
	run(t, on, "set standard_conforming_strings = on")
	rng := rand.New(rand.NewPCG(20, 1))
	atoms := []string{"'", "'", "'", `\`, `\`, `\'`, `\\`, "''", "\n", " ", "--", "/*", "*/", "$$", "$a$", `"`, "E'", "e'", "N'", "n'", "B'", "X'", "U&'", `U&"`, "u", "&",
		"a", "é", "1", "0", ",", ", ", "||", "||", "::text", "x", "101", `\x41`, `\101`, `\n`, `A`, " as c", ";select ", "(", ")", " uescape ", "date ", "=", "-", "$1"}
	equal, failed, different := 0, 0, 0
	for range 5000 {
		var b strings.Builder
		b.WriteString("select ")
		for range 1 + rng.IntN(12) {
			if rng.IntN(3) == 0 {
				b.WriteString([]string{`'a\'b'`, `, 'x\\'`, `||'\t'`, "'a'\n'\\n'", `, N'\''`, `, 'p'`}[rng.IntN(6)])
				continue
			}
			b.WriteString(atoms[rng.IntN(len(atoms))])
		}
		text := b.String()
		c := convert(text)
		want, wantErr := answer(ctx, off, text)
		if c.unicode >= 0 {
			r := unicodeRefusal(&c)
			if wantErr != nil && (strings.Contains(strings.ToLower(text), `u&"`) || strings.Contains(text, "--") || strings.Contains(text, "uescape") ||
				wantErr.Position > 0 && int(wantErr.Position) < utf8.RuneCountInString(text[:r.At])) {
				// The scanner looks a token further behind U&"…" and at UESCAPE, so either of two errors may come first. The parser takes no comment
				// between the parts of a constant, as the server does. An error of the grammar in front of it comes first, too.
				continue
			}
			if wantErr == nil || wantErr.Code != r.SQLSTATE || r.Words == WordsServer && (wantErr.Message != r.Message || strings.ReplaceAll(wantErr.Detail, `"`, "") != r.Detail) ||
				int(wantErr.Position) != utf8.RuneCountInString(text[:r.At])+1 {
				t.Fatalf("%q: refused with %+v, the server says %#v", text, r, wantErr)
			}
			failed++
			continue
		}
		got, gotErr := answer(ctx, on, c.text)
		if c.text != text {
			different++
		}
		switch {
		case wantErr == nil && gotErr == nil && reflect.DeepEqual(got, want):
			equal++
			continue
		case wantErr != nil && gotErr != nil && wantErr.Code == gotErr.Code:
			failed++
			place := 0
			if gotErr.Position > 0 {
				place = utf8.RuneCountInString(text[:c.back(byteOf(c.text, int(gotErr.Position)-1))]) + 1
			}
			if place == int(wantErr.Position) {
				continue
			}
		}
		t.Fatalf("%q as %q:\n%q %+v\n%q %+v", text, c.text, want, wantErr, got, gotErr)
	}
	t.Logf("%d with equal values, %d with equal errors, %d converted", equal, failed, different)
	if equal < 100 || different < 700 {
		t.Error("too few texts say something")
	}
}

func byteOf(text string, characters int) int {
	for i := range text {
		if characters--; characters < 0 {
			return i
		}
	}
	return len(text)
}

// answer is all values of a text, or its error.
func answer(ctx context.Context, c *pgconn.PgConn, text string) (values []string, failed *pgconn.PgError) {
	results, err := c.Exec(ctx, text).ReadAll()
	if errors.As(err, &failed) {
		return nil, failed
	}
	for _, r := range results {
		for _, f := range r.FieldDescriptions {
			values = append(values, fmt.Sprint(f.Name, f.DataTypeOID))
		}
		for _, row := range r.Rows {
			for _, v := range row {
				values = append(values, fmt.Sprintf("%q %t", v, v == nil))
			}
		}
	}
	return values, nil
}
