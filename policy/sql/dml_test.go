package sql

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// dmlPath is the effective search path of the golden files.
var dmlPath = []string{"pg_catalog", "public"}

// goldenCase is one statement of a golden file.
type goldenCase struct {
	comment, sql, want string
}

// readGolden reads a file of blocks: catalog lines up to "---", then for each case optional # lines, the statement, a line "=>", the
// printed Statement, an empty line.
func readGolden(t testing.TB, file string) (catalog string, cases []goldenCase) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	catalog, rest, ok := strings.Cut(string(b), "\n---\n")
	if !ok {
		t.Fatalf("%s: no --- after the catalog", file)
	}
	for _, block := range strings.Split(rest, "\n\n") {
		block = strings.Trim(block, "\n")
		if block == "" {
			continue
		}
		var c goldenCase
		for strings.HasPrefix(block, "#") {
			line, after, _ := strings.Cut(block, "\n")
			c.comment += line + "\n"
			block = after
		}
		c.sql, c.want, _ = strings.Cut(block, "\n=>")
		c.want = strings.TrimPrefix(c.want, "\n")
		if c.sql != "" || c.comment != "" {
			cases = append(cases, c)
		}
	}
	return catalog, cases
}

// runGolden compares what tell says of each case's statements with what the file wants, or writes the file anew, and counts the cases.
func runGolden(t *testing.T, file string, tell func(c *Catalog, all []*Statement, text string) string) (ran int) {
	t.Helper()
	catalog, cases := readGolden(t, file)
	c := testCatalog(t, catalog)
	var out strings.Builder
	out.WriteString(catalog + "\n---\n")
	for _, k := range cases {
		if k.sql == "" {
			out.WriteString(k.comment + "\n")
			continue
		}
		ran++
		got := tell(c, Analyze(c, dmlPath, k.sql), k.sql)
		fmt.Fprintf(&out, "%s%s\n=>\n%s\n", k.comment, k.sql, got)
		if !*update && strings.TrimSpace(got) != strings.TrimSpace(k.want) {
			t.Errorf("%s\n got:\n%s\nwant:\n%s", k.sql, got, k.want)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return ran
}

func TestDMLGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/dml_*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			runGolden(t, file, func(_ *Catalog, all []*Statement, text string) string { return printAll(all, text) })
		})
	}
}

func printAll(all []*Statement, text string) string {
	var b strings.Builder
	for _, st := range all {
		b.WriteString(printStatement(st, text))
	}
	return b.String()
}

// printStatement is a Statement as lines, one fact each, with spans as the text they cover.
func printStatement(st *Statement, text string) string {
	var b strings.Builder
	if st.Refusal != nil {
		at := "-"
		if st.Refusal.At >= 0 && st.Refusal.At <= len(text) {
			at = clip(text[st.Refusal.At:])
		}
		fmt.Fprintf(&b, "refuse %s %s %s | at %s\n", st.Refusal.Code, st.Refusal.SQLSTATE, st.Refusal.Message, at)
		return b.String()
	}
	if !st.Sensitive {
		b.WriteString("plain\n")
		return b.String()
	}
	for i, u := range st.Tables {
		fmt.Fprintf(&b, "table %d %s %s", i, u.Table, effectNames(u.Effects))
		if u.Via != nil {
			fmt.Fprintf(&b, " via %s", u.Via)
		}
		b.WriteString("\n")
	}
	for _, c := range st.Columns {
		fmt.Fprintf(&b, "column %d.%s %s at %s\n", c.Table, c.Name, useNames(c.Use), text[c.At.Start:c.At.End])
	}
	for _, p := range st.Params {
		fmt.Fprintf(&b, "param $%d -> $%d%s", p.Client, p.Upstream, targetText(p.Target, p.Array))
		if p.Cast != 0 {
			fmt.Fprintf(&b, " cast %d", p.Cast)
		}
		b.WriteString("\n")
	}
	for _, l := range st.Literals {
		cast := ""
		if l.Cast != 0 {
			cast = fmt.Sprintf(" cast %d", l.Cast)
		}
		fmt.Fprintf(&b, "literal %s %q kind %d%s%s\n", text[l.At.Start:l.At.End], l.Text, l.Kind, cast, targetText(&l.Target, l.Array))
	}
	for i, r := range st.Results {
		fmt.Fprintf(&b, "result %d %s", i, r.Name)
		if r.Origin.OID != 0 {
			fmt.Fprintf(&b, " origin %d.%d", r.Origin.OID, r.Origin.Num)
		}
		if r.Origin.Table >= 0 {
			fmt.Fprintf(&b, " of %d.%s", r.Origin.Table, r.Origin.Column)
		}
		if r.Protection != nil {
			fmt.Fprintf(&b, " sealed %s", typeText(r.Protection.Type.OID))
			if strings.Contains(r.Protection.Key, "path.") {
				fmt.Fprintf(&b, " key %s", r.Protection.Key)
			}
		}
		if r.Shape != ShapeCell {
			fmt.Fprintf(&b, " %s", []string{"", "array", "json", "document"}[r.Shape])
		}
		if r.Document != nil {
			fmt.Fprintf(&b, " %v", r.Document.Paths)
		}
		for _, h := range r.Holds {
			fmt.Fprintf(&b, " holds %d.%s", st.Columns[h].Table, st.Columns[h].Name)
		}
		b.WriteString("\n")
	}
	for _, a := range st.Rechecks {
		fmt.Fprintf(&b, "again %d like %q $%d in %q %q fold %v\n", a.Result, a.Text, a.Param, a.Before, a.After, a.Fold)
	}
	if st.Limit.Set || st.Offset.Set {
		fmt.Fprintf(&b, "limit %+v offset %+v\n", st.Limit, st.Offset)
	}
	if st.Hidden > 0 {
		fmt.Fprintf(&b, "hidden %d\n", st.Hidden)
	}
	b.WriteString(copyText(st.Copy))
	if sent := sentText(st, text); sent != text {
		fmt.Fprintf(&b, "sent %s\n", sent)
	}
	return b.String()
}

func clip(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > 20 {
		s = s[:20] + "…"
	}
	return s
}

func targetText(t *Target, array bool) string {
	if t == nil {
		return ""
	}
	s := fmt.Sprintf(" for %s.%s %s", t.Table, t.Column, map[Purpose]string{PurposeStore: "store", PurposeCompare: "compare"}[t.Purpose])
	if t.Part != PartCell {
		s += []string{"", " index", " from", " to", " prefix from", " prefix to", " exact index", " pattern index", " tokens", " pattern"}[t.Part]
	}
	if array {
		s += " array"
	}
	if t.Through.OID != 0 {
		s += " through " + t.Through.String()
	}
	if t.Shown.OID != 0 {
		s += " shown as " + t.Shown.String()
	}
	return s
}

func effectNames(e Effect) string {
	names := []string{"select", "insert", "update", "delete", "truncate", "copyto", "copyfrom", "lock", "create", "alter", "drop", "maintain", "explain", "cursor"}
	var out []string
	for i, n := range names {
		if e&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return strings.Join(out, "|")
}

func useNames(u Use) string {
	names := []string{"output", "lookup", "predicate", "group", "order", "expression", "aggregate", "write", "carry", "define"}
	var out []string
	for i, n := range names {
		if u&(1<<i) != 0 {
			out = append(out, n)
		}
	}
	return strings.Join(out, "|")
}

// sentText applies Edits and Literals as the proxy does; a sealed literal is written SEALED.
func sentText(st *Statement, text string) string {
	return sentSealedBy(st, text, func(l *Literal) string {
		if l.Array {
			return `'{SEALED}'::bytea[] `
		}
		return `'SEALED'::bytea `
	})
}

// sentSealedBy is sentText with what stands for each literal.
func sentSealedBy(st *Statement, text string, sealed func(*Literal) string) string {
	type change struct {
		at   Span
		text string
	}
	var all []change
	for _, e := range st.Edits {
		all = append(all, change{e.At, e.Text})
	}
	for i := range st.Literals {
		l := &st.Literals[i]
		all = append(all, change{l.At, l.Before + sealed(l) + l.After})
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i].at, all[j].at
		return a.Start < b.Start || a.Start == b.Start && a.End == a.Start && b.End > b.Start
	})
	out, end := "", 0
	for _, c := range all {
		if c.at.Start < end {
			panic(fmt.Sprintf("overlapping changes at %d: %v", c.at.Start, all))
		}
		out += text[end:c.at.Start] + c.text
		end = c.at.End
	}
	return out + text[end:]
}

// TestDMLRefusalsDocumented: every code that DML analysis can give is listed, once, with a hint.
func TestDMLRefusalsDocumented(t *testing.T) {
	var codes []string
	for _, d := range dmlRefusals() {
		if d.Fix == "" || d.Title == "" || len(d.SQLSTATE) != 5 {
			t.Errorf("%s lacks a title, hint or SQLSTATE", d.Code)
		}
		if slices.Contains(codes, d.Code) {
			t.Errorf("%s is listed twice", d.Code)
		}
		codes = append(codes, d.Code)
	}
}
