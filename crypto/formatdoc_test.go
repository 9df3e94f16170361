package crypto_test

import (
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
	}{{3, "text 'alice@example.com'"}, {7, "text 'alice@example.com'"}} {
		for _, c := range v.Cells {
			if c.Column != want.column || c.Note != want.note {
				continue
			}
			if block := workedExample(t, v, keys[c.Column], handles[c.Column], c.Plain, c.Cell); !strings.Contains(doc, block) {
				t.Errorf("docs/FORMAT.md lacks this block:\n%s", block)
			}
		}
	}
	source, err := os.ReadFile("openwithtink_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, program, ok := strings.Cut(string(source), "// openWithTink ")
	if !ok || !strings.Contains(doc, "```go\n// openWithTink "+program+"```") {
		t.Error("docs/FORMAT.md doesn't hold openWithTink word for word")
	}
	for _, part := range []string{"## Canonical values", hex.EncodeToString(v.Realm), "c5 7e 91"} {
		if !strings.Contains(doc, part) {
			t.Errorf("docs/FORMAT.md lacks %q", part)
		}
	}
}

func workedExample(t *testing.T, v vectors, k *crypto.Key, h *keyset.Handle, plain, cell []byte) string {
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
	if k.Mode() == crypto.ModeRandom {
		line("salt", body[:12])
		line("iv", body[12:24])
		line("ct", body[24:len(body)-16])
		line("tag", body[len(body)-16:])
	} else {
		line("siv", body[:16])
		line("ct", body[16:])
	}
	line("key_id", footer[:4])
	line("column_id", footer[4:8])
	line("ver|mode", footer[8:9])
	line("magic", footer[9:])
	line("AD", slices.Concat([]byte("pgveil1"), v.Realm, footer, []byte{0, 0}))
	line("cell", cell)
	return b.String()
}
