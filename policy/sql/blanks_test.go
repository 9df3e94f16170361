package sql

import (
	"fmt"
	"testing"
)

// meaning is what analysis says of a statement, without places.
func meaning(st *Statement) string {
	code := ""
	if st.Refusal != nil {
		code = st.Refusal.Code
	}
	texts := func(edits []Edit) (all []string) {
		for _, e := range edits {
			all = append(all, e.Text)
		}
		return all
	}
	return fmt.Sprintf("%s %s sensitive %v understood %v path %v introspects %v tables %d literals %d parameters %d results %d rechecks %d edits %q splices %q", st.Verb, code, st.Sensitive,
		st.Understood, st.PathDependent, st.Introspects, len(st.Tables), len(st.Literals), len(st.Params), len(st.Results), len(st.Rechecks), texts(st.Edits), texts(st.Splices))
}

// TestBlanksAround: blanks and comments in front of a text and behind it change nothing of what it means.
func TestBlanksAround(t *testing.T) {
	catalogs := soundCatalogs(t)
	for i, text := range soundTexts(t) {
		for _, c := range []*Catalog{catalogs[0], catalogs[2+i%2]} {
			want := Analyze(c, dmlPath, text)
			if len(want) == 0 || want[0].Refusal != nil && want[0].Verb == "unknown" {
				continue
			}
			got := Analyze(c, dmlPath, "\n\t-- it's (asked\n"+text+" /* by; ( */ -- a program\n")
			if len(got) != len(want) {
				t.Errorf("%s: %d statements, %d with blanks around", text, len(want), len(got))
				continue
			}
			for k := range want {
				if got, want := meaning(got[k]), meaning(want[k]); got != want {
					t.Errorf("%s\n got %s\nwant %s", text, got, want)
				}
			}
		}
	}
}
