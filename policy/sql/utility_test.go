package sql

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// TestUtilityGolden checks what is known of statements that are no DML, and the edits of transparent DDL: testdata/utility_*.txt and
// testdata/ddl_*.txt, in the form that readGolden describes.
func TestUtilityGolden(t *testing.T) {
	for _, pattern := range []string{"testdata/utility_*.txt", "testdata/ddl_*.txt"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no golden files (%v)", pattern, err)
		}
		for _, file := range files {
			t.Run(filepath.Base(file), func(t *testing.T) { runUtilityGolden(t, file) })
		}
	}
}

func runUtilityGolden(t *testing.T, file string) {
	if ran := runGolden(t, file, func(c *Catalog, all []*Statement, text string) string {
		for _, st := range all {
			if st.Understood != (st.Refusal == nil) {
				t.Errorf("%s: understood %v with refusal %v", text, st.Understood, st.Refusal)
			}
			if st.Sensitive && st.Verb != "unknown" && !c.MayTouch(text) {
				t.Errorf("%s: sensitive or refused, but MayTouch is false", text)
			}
		}
		return printUtility(all, text)
	}); ran == 0 {
		t.Errorf("%s holds no cases", file)
	}
}

func printUtility(all []*Statement, text string) string {
	var b strings.Builder
	for _, st := range all {
		b.WriteString("[" + st.Verb + "]")
		if st.ChangesPath {
			b.WriteString(" changes-path")
		}
		if st.ChangesSchema {
			b.WriteString(" changes-schema")
		}
		if st.PathDependent {
			b.WriteString(" path-dependent")
		}
		if len(st.Runs) > 0 {
			fmt.Fprintf(&b, " runs %v", st.Runs)
		}
		if f := st.Forgets; f.any() {
			fmt.Fprintf(&b, " forgets %+v", f)
		}
		b.WriteString("\n")
		if k := st.Stored; k != nil {
			fmt.Fprintf(&b, "stores %s cursor=%v hold=%v binary=%v verb=%s types=%v count=%d results=%d\n", k.Name, k.Cursor, k.Hold, k.Binary, k.Verb, k.Types, k.Count, len(k.Results))
			for _, p := range k.Params {
				if p.Target != nil {
					fmt.Fprintf(&b, "stored $%d = client $%d for %s.%s array=%v cast=%d\n", p.Upstream, p.Client, p.Target.Table, p.Target.Column, p.Array, p.Cast)
				}
			}
		}
		if made := st.Temporary; made != nil {
			fmt.Fprintf(&b, "temporary %s whole=%v", made.Name, made.Whole)
			for _, c := range made.Columns {
				if fmt.Fprintf(&b, " %s", c.Name); c.Protection != nil {
					fmt.Fprintf(&b, "=%s", c.Protection.Key)
				}
				for _, s := range c.Sources {
					fmt.Fprintf(&b, "<%s.%s", s.Table, s.Column)
				}
				if c.Derived {
					b.WriteString(" derived")
				}
			}
			b.WriteString("\n")
		}
		if !st.Sensitive {
			for _, u := range st.Tables {
				fmt.Fprintf(&b, "table %s %s\n", u.Table, effectNames(u.Effects))
			}
		}
		b.WriteString(printStatement(st, text))
	}
	return b.String()
}
