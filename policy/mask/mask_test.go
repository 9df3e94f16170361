package mask

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

var update = flag.Bool("update", false, "write the golden file anew")

// testKey is fixed so that the pseudonyms in the golden file are.
func testKey(t testing.TB) Key {
	t.Helper()
	k, err := NewKey(bytes.Repeat([]byte{7}, KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func bound(t testing.TB, s string) Mask {
	t.Helper()
	m, err := Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	if m, err = Bind(m, testKey(t), "key:public.customers.email"); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestGolden shows each mask over the same values; a change of what is shown is a change of testdata/golden.txt.
func TestGolden(t *testing.T) {
	values := []string{
		"", "a", "ab", "abc", "abcd", "abcdefg", "abcdefgh", "+49 30 901820", "4111111111111111", "Ærøskøbing", "日本語テキスト",
		"e\u0301e\u0301e\u0301", "👩‍👩‍👧‍👦 family", "ada@example.org", "a@example.org", "ada@", "@example.org", "no address",
		"ada@exa mple.org", "ada@localhost", "weird@name@example.org", `"ada b"@example.org`, "ünal@bücher.example", "ada@.org",
		"ada@[127.0.0.1]", "line\nbreak@example.org", "bad\xffutf8@example.org", "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8",
	}
	var b strings.Builder
	for _, spec := range []string{"null", "redact", "last(1)", "last(4)", "first(1)", "first(3)", "email", "hash"} {
		m := bound(t, spec)
		fmt.Fprintf(&b, "%s\n", m)
		for _, v := range values {
			fmt.Fprintf(&b, "\t%-32q %q\n", v, m.Apply(v))
		}
	}
	if *update {
		if err := os.WriteFile("testdata/golden.txt", []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("masks show something else than testdata/golden.txt:\n%s", b.String())
	}
}

func TestParse(t *testing.T) {
	for _, s := range []string{"null", "redact", "last(4)", "first(64)", "email", "hash"} {
		m, err := Parse(s)
		if err != nil || m.String() != s {
			t.Errorf("Parse(%q) = %v, %v", s, m, err)
		}
	}
	if m, err := Parse("  last ( 4 ) "); err != nil || m.String() != "last(4)" {
		t.Errorf("spaces: %v, %v", m, err)
	}
	for s, want := range map[string]string{
		"":                           "expected one of null, redact, last(n), first(n), email, hash",
		"lst(4)":                     `did you mean "last(n)"?`,
		"redacted":                   `did you mean "redact"?`,
		"Email":                      `did you mean "email"?`,
		"sha256":                     "expected one of",
		"last":                       "for example last(4)",
		"last()":                     "n from 1 to 64",
		"last(0)":                    "n from 1 to 64",
		"last(-1)":                   "n from 1 to 64",
		"last(65)":                   "n from 1 to 64",
		"last(4":                     "n from 1 to 64",
		"last(4)x":                   "n from 1 to 64",
		"last(4,5)":                  "n from 1 to 64",
		"last(99999999999999999999)": "n from 1 to 64",
		"email(1)":                   "takes no argument",
	} {
		if m, err := Parse(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v; want an error with %q", s, m, err, want)
		}
	}
}

func TestHash(t *testing.T) {
	email, phone := bound(t, "hash"), mustBind(t, testKey(t), "key:phone")
	if a, b := email.Apply("ada@example.org"), email.Apply("ada@example.org"); a != b || len(a) != 16 {
		t.Errorf("equal values show %q and %q", a, b)
	}
	if email.Apply("ada") == email.Apply("Ada") {
		t.Error("different values show equal")
	}
	if email.Apply("ada") == phone.Apply("ada") {
		t.Error("domains are not separated")
	}
	other, _ := NewKey(bytes.Repeat([]byte{8}, KeySize))
	if email.Apply("ada") == mustBind(t, other, "key:public.customers.email").Apply("ada") {
		t.Error("keys are not separated")
	}
	if got := (&Hash{}).Apply("ada"); got != Hidden {
		t.Errorf("a hash without a key shows %q", got)
	}
	if _, err := Bind(&Hash{}, Key{}, "d"); err == nil {
		t.Error("a zero key was taken")
	}
	if m, err := Bind(Email{}, Key{}, "d"); err != nil || m != (Email{}) {
		t.Errorf("Bind(Email) = %v, %v", m, err)
	}
	if _, err := NewKey(make([]byte, 31)); err == nil {
		t.Error("a short key was taken")
	}
}

func mustBind(t *testing.T, k Key, domain string) Mask {
	t.Helper()
	m, err := Bind(&Hash{}, k, domain)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestKeyIsNeverPrinted formats a key and a bound hash in every way that a log might.
func TestKeyIsNeverPrinted(t *testing.T) {
	secret := bytes.Repeat([]byte{0xA5}, KeySize)
	k, err := NewKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	m := mustBind(t, k, "d")
	var all strings.Builder
	for _, v := range []any{k, &k, m, struct{ K Key }{k}, []Key{k}, map[string]Mask{"m": m}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t"} {
			fmt.Fprintf(&all, verb+"\n", v)
		}
		j, err := json.Marshal(v)
		fmt.Fprintf(&all, "%s %v\n", j, err)
	}
	for _, form := range []string{"165", "a5a5", "A5A5", string(secret[:4]), "paWl"} {
		if strings.Contains(all.String(), form) {
			t.Errorf("the key shows as %q", form)
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	dst, text := make([]byte, 0, 256), []byte("ada.lovelace@example.org")
	for _, spec := range []string{"redact", "last(4)", "first(4)", "email"} {
		m := bound(t, spec)
		if n := testing.AllocsPerRun(100, func() { dst = m.Append(dst[:0], text) }); n > 0 {
			t.Errorf("%s: %v allocations a value", spec, n)
		}
	}
}

// FuzzMasks checks on any input that nothing panics, that Append and Apply agree, that valid text stays valid, and that no
// more characters of the value are shown than said.
func FuzzMasks(f *testing.F) {
	for _, s := range []string{"", "ada@example.org", "日本語テキスト", "bad\xff@x", "a@b@c", strings.Repeat("x", 300) + "@y"} {
		f.Add(s, uint8(3))
	}
	f.Fuzz(func(t *testing.T, s string, n uint8) {
		shown := 1 + int(n)%MaxShown
		for _, spec := range []string{"null", "redact", "email", "hash", fmt.Sprintf("last(%d)", shown), fmt.Sprintf("first(%d)", shown)} {
			m := bound(t, spec)
			out := m.Apply(s)
			if got := string(m.Append([]byte("x"), []byte(s))); got != "x"+out {
				t.Fatalf("%s: Append %q, Apply %q", spec, got, out)
			}
			if !utf8.ValidString(out) {
				t.Fatalf("%s: invalid UTF-8 %q", spec, out)
			}
			switch m := m.(type) {
			case Last:
				limit(t, spec, s, strings.TrimPrefix(out, Hidden), m.Shown())
			case First:
				limit(t, spec, s, strings.TrimSuffix(out, Hidden), m.Shown())
			}
		}
	})
}

func limit(t *testing.T, spec, value, part string, n int) {
	t.Helper()
	if c := utf8.RuneCountInString(part); c > n || c > 0 && utf8.RuneCountInString(value) < 2*n {
		t.Fatalf("%s shows %d characters of %q", spec, c, value)
	}
}

func BenchmarkHash(b *testing.B) {
	m, dst, text := bound(b, "hash"), make([]byte, 0, 64), []byte("ada.lovelace@example.org")
	b.ReportAllocs()
	for b.Loop() {
		dst = m.Append(dst[:0], text)
	}
}
