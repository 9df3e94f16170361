package crypto_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead/xaesgcm"
	"github.com/tink-crypto/tink-go/v2/daead/aessiv"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf/hkdfprf"

	"github.com/pgveil/pgveil/crypto"
)

// TestFormatDoc checks that the worked examples of docs/FORMAT.md are the frozen vectors, byte by byte, and that the
// program that the page gives is the one that these tests run.
func TestFormatDoc(t *testing.T) {
	text, err := os.ReadFile("../docs/FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	doc := string(text)
	v, keys, handles := frozen(t)
	for _, want := range []struct {
		column crypto.ColumnID
		note   string
	}{
		{3, "text 'alice@example.com'"}, {7, "text 'alice@example.com'"}, {12, "text 'bob'"},
		{11, "text 'Alice@Example.com', normalised to lower case"}, {13, "text 'Bob Ross'"},
	} {
		for _, c := range v.Cells {
			if c.Column != want.column || c.Note != want.note {
				continue
			}
			if block := workedExample(t, v, keys[c.Column], handles[c.Column], c.Plain, slices.Concat(c.Order, c.Normal), c.Cell); !strings.Contains(doc, block) {
				t.Errorf("docs/FORMAT.md lacks this block:\n%s", block)
			}
		}
	}
	for file, name := range map[string]string{"openwithtink_test.go": "openWithTink", "openwithtinksearchable_test.go": "openSearchableWithTink"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, program, ok := strings.Cut(string(source), "// "+name+" ")
		if !ok || !strings.Contains(doc, "```go\n// "+name+" "+program+"```") {
			t.Errorf("docs/FORMAT.md doesn't hold %s word for word", name)
		}
	}
	for _, part := range []string{"## Canonical values", hex.EncodeToString(v.Realm), "c5 7e 91"} {
		if !strings.Contains(doc, part) {
			t.Errorf("docs/FORMAT.md lacks %q", part)
		}
	}
}

func workedExample(t *testing.T, v vectors, k *crypto.Key, h *keyset.Handle, plain, extra, cell []byte) string {
	t.Helper()
	primary, err := h.Primary()
	if err != nil {
		t.Fatal(err)
	}
	var raw []byte
	switch key := primary.Key().(type) {
	case *xaesgcm.Key:
		raw = key.KeyBytes().Data(insecuresecretdataaccess.Token{})
	case *aessiv.Key:
		raw = key.KeyBytes().Data(insecuresecretdataaccess.Token{})
	case *hkdfprf.Key:
		raw = key.KeyBytes().Data(insecuresecretdataaccess.Token{})
	}
	body, footer := cell[:len(cell)-crypto.FooterSize], cell[len(cell)-crypto.FooterSize:]
	var b strings.Builder
	line := func(name string, value []byte) {
		for part := range slices.Chunk(value, 32) {
			fmt.Fprintf(&b, "%-10s %x\n", name, part)
			name = ""
		}
	}
	line("realm", v.Realm)
	line("key", raw)
	line("plain", plain)
	var front []byte
	switch k.Mode() {
	case crypto.ModeRandom:
		line("salt", body[:12])
		line("iv", body[12:24])
		line("ct", body[24:len(body)-16])
		line("tag", body[len(body)-16:])
	case crypto.ModeEqual:
		line("siv", body[:16])
		line("ct", body[16:])
	case crypto.ModeIndexed:
		front = body[:16]
		line("normal", extra)
		line("index", front)
		line("siv", body[16:32])
		line("ct", body[32:])
	case crypto.ModeOrdered:
		n := crypto.DigitsLen(len(extra))
		front = body[:n]
		line("order", extra)
		line("digits", front)
		line("siv", body[n:n+16])
		line("ct", body[n+16:len(body)-4])
		line("n", body[len(body)-4:])
	}
	if k.Mode() == crypto.ModeMatched {
		n := bytes.IndexByte(body, '|') + 1
		front = body[:n]
		fmt.Fprintf(&b, "%-10s %s\n", "tokens", front)
		line("", front)
		line("siv", body[n:n+16])
		line("ct", body[n+16:])
	}
	line("key_id", footer[:4])
	line("column_id", footer[4:8])
	line("ver|mode", footer[8:9])
	line("magic", footer[9:])
	line("AD", slices.Concat([]byte("pgveil1"), v.Realm, footer, []byte{0, 0}, front))
	line("cell", cell)
	return b.String()
}
