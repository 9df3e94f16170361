package sql

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// kindTables has a table of each kind, in the order of Kinds, with a constant of the column's type.
var kindTables = []struct{ name, columns, literal string }{
	{"plain", "c text, d text", "'b'"},
	{"none", "c text none key=n, d text none key=n", "'b'"},
	{"equal", "c text equality key=e, d text equality key=e", "'b'"},
	{"normal", "c text equality key=m normalize=lower, d text equality key=m normalize=lower", "'b'"},
	{"ranged", "c int4 range key=i, d int4 range key=i", "5"},
	{"rangedtext", "c text range key=r, d text range key=r", "'b'"},
	{"matched", "c text match key=ma, d text match key=ma", "'b'"},
	{"cited", "c citext equality key=ci normalize=lower, d citext equality key=ci normalize=lower", "'b'"},
}

func kindCatalog(t testing.TB) *Catalog {
	lines := ""
	for _, k := range kindTables {
		lines += fmt.Sprintf("table public.%s: k int4 notnull, n text, %s\n", k.name, k.columns)
	}
	return testCatalog(t, lines)
}

// TestKinds asks analysis for every cell of the table.
func TestKinds(t *testing.T) {
	cat := kindCatalog(t)
	if len(kindTables) != len(Kinds()) {
		t.Fatal("a kind has no table")
	}
	for _, o := range Operations() {
		for i, a := range o.Cells {
			text := o.Fill(kindTables[i].name, kindTables[i].literal)
			all := Analyze(cat, dmlPath, text)
			if len(all) != 1 {
				t.Fatalf("%s: %d statements", text, len(all))
			}
			st := all[0]
			code := ""
			if st.Refusal != nil {
				code = st.Refusal.Code
			}
			switch {
			case code != a.Code:
				t.Errorf("%s (%s): refused %q %v, the table says %q", text, Kinds()[i], code, st.Refusal, a.Code)
			case code == "" && i == 0:
				if st.Sensitive {
					t.Errorf("%s: a plain table is sensitive", text)
				}
			case code == "":
				if got := shown(st); got != a.Result && !(got == "yes" && a.Result == "opened" && st.Results == nil) {
					t.Errorf("%s (%s): %s, the table says %s", text, Kinds()[i], got, a.Result)
				}
			}
		}
	}
}

// shown is what a statement's results say of the operation.
func shown(st *Statement) string {
	for _, r := range st.Results[:len(st.Results)-st.Hidden] {
		switch {
		case r.Shape == ShapeJSON:
			return "JSON"
		case r.Shape == ShapeArray:
			return "array"
		case r.Protection != nil:
			return "opened"
		}
	}
	for _, e := range st.Edits {
		if strings.Contains(e.Text, "pg_catalog.substr(") {
			return "index"
		}
	}
	return "yes"
}

// TestKindsZero: what the table does not say is refused.
func TestKindsZero(t *testing.T) {
	if (cell{}).yields != yieldsNothing || kindOf(&Protection{Search: 99}) != kindUnknown {
		t.Error("the zero cell or an unknown kind answers")
	}
	for _, o := range operations {
		if o.cells[kindUnknown] != (cell{}) {
			t.Errorf("%s: the unknown kind answers", o.example)
		}
		for k := kindPlain; k < kinds; k++ {
			if c := o.cells[k]; (c.yields == yieldsNothing) != (c.code != "") || c.code != "" && refusalDoc(c.code).Title == "refused" {
				t.Errorf("%s: cell %s is %+v", o.example, k, c)
			}
		}
	}
}

const kindsFile = "../../docs/sql.md"

// TestKindsDoc: docs/sql.md holds the table.
func TestKindsDoc(t *testing.T) {
	const begin, end = "<!-- table: written by go test ./policy/sql -run KindsDoc -update -->\n", "<!-- end of table -->\n"
	b, err := os.ReadFile(kindsFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(b), begin)
	old, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("docs/sql.md has no place for the table")
	}
	if got := kindsTable(); got != old {
		if !*update {
			t.Fatal("docs/sql.md is not what the table says: go test ./policy/sql -run KindsDoc -update")
		}
		if err := os.WriteFile(kindsFile, []byte(head+begin+got+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func kindsTable() string {
	var b strings.Builder
	group := ""
	for _, o := range Operations() {
		if o.Group != group {
			group = o.Group
			fmt.Fprintf(&b, "\n### %s%s\n\n| | %s |\n|---|%s\n", strings.ToUpper(group[:1]), group[1:], strings.Join(Kinds()[1:], " | "),
				strings.Repeat("---|", len(Kinds())-1))
		}
		fmt.Fprintf(&b, "| `%s` |", strings.ReplaceAll(o.Fill("t", "'b'"), "|", `\|`))
		for _, a := range o.Cells[1:] {
			if a.Code != "" {
				fmt.Fprintf(&b, " [%s](errors.md#%s) |", a.Code, strings.ToLower(a.Code))
				continue
			}
			fmt.Fprintf(&b, " %s |", a.Result)
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}
