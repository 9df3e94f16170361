package value

import (
	"bytes"
	"encoding/hex"
	"math/rand/v2"
	"testing"
)

// FuzzHex holds AppendHex against the standard library's, and what decodeHex takes without blanks against its decoder.
func FuzzHex(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdef"))
	f.Add([]byte("0123456789abcdeg"))
	f.Add([]byte("0123456789ABCDEF0"))
	f.Add([]byte("/:`g@G\x00\xff"))
	f.Fuzz(func(t *testing.T, b []byte) { checkHex(t, b) })
}

func checkHex(t *testing.T, b []byte) {
	t.Helper()
	text := AppendHex([]byte("-"), b)
	if want := `-\x` + hex.EncodeToString(b); string(text) != want {
		t.Fatalf("%q, not %q", text, want)
	}
	if back, err := DecodeBytea([]byte("-"), text[1:]); err != nil || !bytes.Equal(back[1:], b) {
		t.Fatalf("%q comes back as %q, %v", b, back, err)
	}
	if bytes.ContainsAny(b, " \n\t\r") {
		return
	}
	want, wantErr := hex.AppendDecode([]byte("-"), b)
	got, err := decodeHex([]byte("-"), b)
	if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) || err != nil && string(got) != "-" {
		t.Fatalf("%q: %q, %v, not %q, %v", b, got, err, want, wantErr)
	}
}

// TestHex tries every pair of bytes in every place of what is decoded eight bytes at a time, and texts of digits with few others.
func TestHex(t *testing.T) {
	text := []byte("00000000")
	for i := range 1 << 16 {
		for at := 0; at < 8; at += 2 {
			text[at], text[at+1] = byte(i>>8), byte(i)
			checkHex(t, text)
			text[at], text[at+1] = '0', '0'
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		b := make([]byte, r.IntN(40))
		for i := range b {
			b[i] = "0123456789abcdefABCDEF"[r.IntN(22-6*(i&1))]
			if r.IntN(50) == 0 {
				b[i] = byte(r.Uint32())
			}
		}
		checkHex(t, b)
	}
}
