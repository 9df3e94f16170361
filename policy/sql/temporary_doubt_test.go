package sql

import "testing"

// A relation that may be another than the one that was made, having its name, is nobody's to use.
func TestDoubtfulTemporary(t *testing.T) {
	const snapshot = `{"database":"d","encoding":"UTF8","path":["pg_catalog","public"],"relations":[
		{"oid":5,"schema":"pg_temp","name":"x","kind":"r","columns":[[1,"c",17,-1,false,false,"",""]]}]}`
	p := Protection{Key: "k", Type: Type{OIDText, -1}}
	made := []*Temporary{{Name: "x", Whole: true, Columns: []TemporaryColumn{{Name: "c", Protection: &p, Sources: []ColumnSource{{Table: TableName{"public", "t"}, Column: "c", Num: 1}}}}}}
	for _, doubtful := range []bool{false, true} {
		bound := map[uint32]*BoundTemporary{}
		if err := BindTemporaries([]byte(snapshot), made, bound, doubtful); err != nil {
			t.Fatal(err)
		}
		cat, err := NewCatalog([]byte(snapshot), Spec{Protected: map[TableName]map[string]Protection{}, Temporaries: bound})
		if err != nil {
			t.Fatal(err)
		}
		st := Analyze(cat, []string{"pg_temp", "pg_catalog", "public"}, "insert into x values ('a')")[0]
		if refused := st.Refusal != nil; refused != doubtful || refused && st.Refusal.Code != codeTemporary {
			t.Errorf("doubtful %v: %v", doubtful, st.Refusal)
		}
	}
}
