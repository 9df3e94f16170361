package value

import (
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"
)

var formatExample = regexp.MustCompile("(?m)^\\| ([a-z ]+(?:\\([0-9]+\\))?)(, scale kept)? \\| `([^`]+)` \\| ((?:`[0-9a-f]+` ?)+)\\|$")

// TestFormatPage decodes the examples that docs/FORMAT.md gives.
func TestFormatPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[Tag]bool{}
	for _, m := range formatExample.FindAllStringSubmatch(string(page), -1) {
		typ := Type{0, -1}
		for _, info := range types {
			if info.name == m[1] {
				typ.OID = info.oid
				seen[info.tag] = true
			}
		}
		want := strings.NewReplacer("`", "", " ", "").Replace(m[4])
		got, err := Decode(nil, typ, Options{Purpose: Store, KeepScale: m[2] != ""}, 0, FormatText, []byte(m[3]), testSettings(t, "UTC", "ISO, MDY"))
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%s%s %s: %x, the page says %s (%v)", m[1], m[2], m[3], got, want, err)
		}
	}
	if len(seen) != int(TagJSON) {
		t.Errorf("examples of %d tags, want %d", len(seen), TagJSON)
	}
}
