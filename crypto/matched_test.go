package crypto_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/crypto"
)

// TestTokens checks what a cell begins with against what a search asks for.
func TestTokens(t *testing.T) {
	ring := everyMode(t)
	k := mustKey(t, ring, "matched")
	grams := []string{"ann", "nna", "na ", "a m", "ann"}
	tokens, err := k.Tokens(grams)
	if err != nil || len(tokens) < 3 || len(tokens) > 4 || !slices.IsSorted(tokens) {
		t.Fatalf("Tokens = %v, %v", tokens, err)
	}
	cell, err := k.SealMatched(nil, []byte("anna m"), grams)
	if err != nil {
		t.Fatal(err)
	}
	front, _, ok := bytes.Cut(cell, []byte("|"))
	if !ok || !slices.Equal(strings.Split(string(front), " "), tokens) {
		t.Errorf("the cell begins with %q, its tokens are %v", front, tokens)
	}
	if again, err := k.SealMatched(nil, []byte("anna m"), grams); err != nil || !bytes.Equal(again, cell) {
		t.Error("equal values give different cells")
	}
	if r := crypto.Inspect(cell); !r.Sealed || r.Tokens != strings.Join(tokens, " ") || r.Plain != len("anna m") || r.Search != "match" {
		t.Errorf("Inspect = %+v", r)
	}
	other, err := mustKey(t, ring, "matched2").Tokens(grams)
	if err != nil || slices.Equal(other, tokens) {
		t.Errorf("another column's tokens are the same: %v, %v", other, err)
	}
	if _, err := mustKey(t, ring, "equal").Tokens(grams); !errors.Is(err, crypto.ErrWrongMode) {
		t.Errorf("Tokens of an equality key: %v", err)
	}
	empty, err := k.SealMatched(nil, []byte("ab"), nil)
	if err != nil || empty[0] != '|' {
		t.Errorf("a value without grams: %q, %v", empty, err)
	}
}

// TestTokensSpread checks that tokens are spread evenly over all there can be.
func TestTokensSpread(t *testing.T) {
	k := mustKey(t, everyMode(t), "matched")
	seen := map[string]int{}
	for i := range 40960 {
		tokens, err := k.Tokens([]string{fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		seen[tokens[0]]++
	}
	if len(seen) < 4085 {
		t.Errorf("40,960 grams have only %d tokens of 4,096", len(seen))
	}
	for token, n := range seen {
		if n > 40 {
			t.Errorf("token %s stands for %d grams of 40,960", token, n)
		}
	}
}

// TestMatchedFront checks that tokens can't be taken away, added or made of something else.
func TestMatchedFront(t *testing.T) {
	k := mustKey(t, everyMode(t), "matched")
	cell, err := k.SealMatched(nil, []byte("some value"), []string{"som", "ome"})
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.IndexByte(cell, '|')
	for name, altered := range map[string][]byte{
		"without tokens": cell[at:],
		"without a bar":  cell[at+1:],
		"a token less":   cell[4:],
		"a token more":   slices.Concat([]byte("000 "), cell),
		"not tokens":     slices.Concat([]byte("x"), cell),
	} {
		if got, err := k.Open(nil, altered); err == nil {
			t.Errorf("%s: opens to %q", name, got)
		}
	}
}
