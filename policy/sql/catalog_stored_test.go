package sql

import (
	"reflect"
	"testing"
)

// TestStoredAsConfigured: what PREPARE, DECLARE and COPY say of a renamed column for later has its configured name too, since rules know no other.
func TestStoredAsConfigured(t *testing.T) {
	c := movedCatalog(t, "rename t.email mail")
	for _, text := range []string{
		"copy t (mail) to stdout", "copy (select mail from t) to stdout", "copy t (mail) from stdin",
		"prepare q as select mail from t where mail = $1", "declare c cursor for select mail from t",
		"prepare q as update t set mail = $1 returning mail", "declare c cursor for select * from t",
	} {
		st := Analyze(c, dmlPath, text)[0]
		if st.Refusal != nil {
			t.Errorf("%s: %v", text, st.Refusal)
			continue
		}
		var results []Result
		var targets []*Target
		switch {
		case st.Stored != nil:
			results = st.Stored.Results
			for _, p := range st.Stored.Params {
				targets = append(targets, p.Target)
			}
		case st.Copy != nil:
			results = st.Copy.Results
			for _, f := range st.Copy.Columns {
				targets = append(targets, f.Target)
			}
		}
		n := 0
		for _, r := range results {
			if r.Protection != nil && r.Protection.Search == SearchEquality {
				if n++; r.Origin.Column != "email" {
					t.Errorf("%s: result of column %q", text, r.Origin.Column)
				}
			}
		}
		for _, to := range targets {
			if to != nil {
				if n++; to.Column != "email" || to.Table.Name != "t" {
					t.Errorf("%s: target %s.%s", text, to.Table, to.Column)
				}
			}
		}
		if n == 0 {
			t.Errorf("%s: nothing was looked at", text)
		}
	}
}

// TestRunningChangesNothingKept: several sessions run one kept statement at the same time.
func TestRunningChangesNothingKept(t *testing.T) {
	c := movedCatalog(t, "rename t.email mail")
	kept := Kept("q", Analyze(c, dmlPath, "select mail from t")[0], nil)
	for i := range kept.Stored.Results {
		kept.Stored.Results[i].Origin.Column = "mail"
	}
	before := append([]Result(nil), kept.Stored.Results...)
	st := AnalyzeNamed(c, dmlPath, "execute q", Names{Statements: map[string]*Statement{"q": kept}})[0]
	if st.Refusal != nil || len(st.Results) != 1 || st.Results[0].Origin.Column != "email" || !reflect.DeepEqual(before, kept.Stored.Results) {
		t.Errorf("%+v, and kept %+v", st.Results, kept.Stored.Results)
	}
}
