package config

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// documented are the types of the table in docs/operations.md, one a row.
var documented = []string{
	"text", "varchar(20)", "char(20)", "citext", "int2", "int4", "int8", "numeric(12,2)", "numeric", "float4", "float8", "bool", "date", "time", "timetz",
	"timestamp", "timestamptz", "interval", "uuid", "bytea", "json", "jsonb", "inet", "cidr", "macaddr", "public.mood", "text[]", "int4[]",
}

// searches is the table: what each type can be searched for.
func searches(t *testing.T) string {
	var b strings.Builder
	b.WriteString("| type | none | equality | range | match |\n| --- | --- | --- | --- | --- |\n")
	for _, typ := range documented {
		fmt.Fprintf(&b, "| `%s` |", typ)
		for _, search := range []string{"none", "equality", "range", "match"} {
			b.WriteString(map[bool]string{true: " yes |", false: " |"}[takes(typ, search)])
		}
		b.WriteString("\n")
	}
	if !strings.Contains(b.String(), "| `text` | yes | yes | yes | yes |") {
		t.Fatalf("the configuration takes nothing:\n%s", b.String())
	}
	return b.String()
}

// takes reports whether a configuration with such a column is accepted.
func takes(typ, search string) bool {
	more := ""
	if search == "range" && (typ == "text" || strings.Contains(typ, "char")) {
		more = ", collation: C"
	}
	text := fmt.Sprintf(`tls: {cert: c, key: k}
upstream: {host: db}
sign_in: {users: u}
keys: {kms: "file:m", store: s}
policy: p
encrypt:
  public.t:
    c: {type: %q, search: %s%s}
`, typ, search, more)
	_, err := Parse([]byte(text), "f", "/dir")
	return err == nil
}

// TestTypesDoc: the table in docs/operations.md says what the configuration takes.
func TestTypesDoc(t *testing.T) {
	const file, begin, end = "../docs/operations.md", "<!-- types: written by go test ./config -run TypesDoc -update -->\n\n", "\n<!-- end of types -->"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, found := strings.Cut(string(text), begin)
	old, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no place for the table", file)
	}
	want := searches(t)
	if old == want {
		return
	}
	if !*update {
		t.Fatalf("%s is not what the configuration takes; run go test ./config -run TypesDoc -update", file)
	}
	if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
