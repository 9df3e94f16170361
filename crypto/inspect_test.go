package crypto_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/crypto"
)

// TestInspect explains frozen cells in both of their forms, and things that are no cells.
func TestInspect(t *testing.T) {
	v, keys, _ := frozen(t)
	for _, c := range v.Cells {
		for _, form := range []string{string(c.Cell), `\x` + hex.EncodeToString(c.Cell), " \\x" + strings.ToUpper(hex.EncodeToString(c.Cell)) + "\n"} {
			r := crypto.Inspect([]byte(form))
			front := r.Digits
			if r.Mode == "matched" {
				front = len(r.Tokens) + 1
			}
			if !r.Sealed || r.Problem != "" || r.Column != c.Column || r.Plain != len(c.Plain) || r.Length != len(c.Cell) ||
				r.Mode != keys[c.Column].Mode().String() || r.Version != 1 || !strings.HasPrefix(hex.EncodeToString(c.Cell[front:]), r.Index+r.Nonce) {
				t.Errorf("%s: Inspect = %+v", c.Note, r)
			}
		}
	}
	footer := "112233440000000311c57e91"
	for _, tt := range []struct{ name, in, problem string }{
		{"nothing", "", "no footer"},
		{"plaintext", "alice@example.com", "no footer"},
		{"bad hex", `\x123`, "isn't hex"},
		{"short", `\x` + footer, "too short"},
		{"version 2", `\x` + strings.Repeat("00", 60) + "112233440000000321c57e91", "version 2"},
		{"mode 5", `\x` + strings.Repeat("00", 60) + "112233440000000315c57e91", "mode"},
		{"too many digits", `\x` + strings.Repeat("00", 16) + "00000001" + "112233440000000314c57e91", "more digits"},
		{"part of a token", `\x` + "31327c" + strings.Repeat("00", 16) + "112233440000000316c57e91", "tokens"},
		{"no tokens", `\x` + strings.Repeat("00", 17) + "112233440000000316c57e91", "tokens"},
		{"column 0", `\x` + strings.Repeat("00", 60) + "112233440000000011c57e91", "column 0"},
	} {
		r := crypto.Inspect([]byte(tt.in))
		if r.Sealed || !strings.Contains(r.Problem, tt.problem) {
			t.Errorf("%s: Inspect = %+v, want problem %q", tt.name, r, tt.problem)
		}
		if text := r.String(); !strings.Contains(text, "no: "+r.Problem) {
			t.Errorf("%s: text is %q", tt.name, text)
		}
	}
}

// TestInspectText pins what people read, and what programs read.
func TestInspectText(t *testing.T) {
	v, _, _ := frozen(t)
	r := crypto.Inspect(v.Cells[0].Cell)
	const want = `sealed    yes, by form; only opening proves it
length    70 bytes
version   1
mode      random
column    key number 3
key       id 287454020 (0x11223344)
footer    112233440000000311c57e91
search    none
nonce     c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7
value     18 bytes, of which one is the type tag
reveals   its length
`
	if got := r.String(); got != want {
		t.Errorf("String:\n%s\nwant:\n%s", got, want)
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"sealed":true`, `"column_id":3`, `"key_id":287454020`, `"mode":"random"`, `"plain_length":18`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("JSON %s lacks %s", text, part)
		}
	}
}
