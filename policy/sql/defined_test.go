package sql

import (
	"strings"
	"testing"
)

// definedCatalog is a database with types of its own.
func definedCatalog(t *testing.T, protected map[string]Protection) *Catalog {
	t.Helper()
	snapshot := `{"database":"d","encoding":"UTF8","path":["pg_catalog","public"],"relations":[
		{"oid":20000,"schema":"public","name":"t","kind":"r","columns":[[1,"id",23,-1,true,false,"",""],[2,"c",17,-1,false,false,"",""]]}],
	"types":[
		{"oid":30000,"array":30001,"schema":"public","name":"mood","kind":"e","labels":["sad","ok"]},
		{"oid":30010,"array":30011,"schema":"public","name":"email","kind":"d","base":25,"mod":-1,"checks":[{"name":"k","definition":"CHECK ((VALUE ~ '^[a-z]+$'::text))"}]},
		{"oid":30020,"array":30021,"schema":"public","name":"odd","kind":"d","base":25,"mod":-1,"checks":[{"name":"k","definition":"CHECK ((VALUE ~ '^\\w+$'::text))"}]},
		{"oid":30030,"array":30031,"schema":"public","name":"whole","kind":"d","base":1700,"mod":-1},
		{"oid":30040,"array":30041,"schema":"public","name":"filled","kind":"d","base":25,"mod":-1,"default":true},
		{"oid":30050,"array":30051,"schema":"public","name":"given","kind":"d","base":25,"mod":-1,"notnull":true},
		{"oid":30060,"array":30061,"schema":"public","name":"over","kind":"d","base":30000,"mod":-1},
		{"oid":30080,"array":30081,"schema":"ext","name":"citext","kind":"b"},
		{"oid":30070,"array":30071,"schema":"public","name":"span","kind":"r"}]}`
	c, err := NewCatalog([]byte(snapshot), Spec{Protected: map[TableName]map[string]Protection{{"public", "t"}: protected, {"public", "fresh"}: protected}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func definedColumn(name string, search Search) map[string]Protection {
	return map[string]Protection{"c": {Key: "k", ID: 1, Search: search, Defined: &DefinedType{Name: TableName{"public", name}}}}
}

// TestCitext: the type is found in whatever schema its extension is.
func TestCitext(t *testing.T) {
	columns := map[string]Protection{"c": {Key: "k", ID: 1, Defined: &DefinedType{Name: TableName{Name: "citext"}}}}
	c := definedCatalog(t, columns)
	for text, path := range map[string][]string{
		"create table fresh (c ext.citext)":          {"pg_catalog", "public"},
		"create table fresh (c citext)":              {"pg_catalog", "public", "ext"},
		"insert into t (c) values ('A')":             {"pg_catalog", "public"},
		"insert into t (c) values ('A'::ext.citext)": {"pg_catalog", "public"},
		"insert into t (c) values ($1) returning c":  {"pg_catalog", "public"},
	} {
		if st := Analyze(c, path, text)[0]; st.Refusal != nil {
			t.Errorf("%s: %v", text, st.Refusal)
		}
	}
	r, _ := c.Relation([]string{"public"}, "", "t")
	if col, _ := r.Column("c"); col.Protection.Type.OID != 30080 || col.Unusable != nil {
		t.Errorf("%+v, %v", col.Protection, col.Unusable)
	}
	columns["c"] = Protection{Key: "k", ID: 1, Search: SearchEquality, Defined: &DefinedType{Name: TableName{Name: "citext"}}}
	if st := Analyze(definedCatalog(t, columns), []string{"public"}, "select c from t")[0]; st.Refusal == nil || st.Refusal.Code != codeTypeDefined {
		t.Errorf("citext with equality and without its steps: %v", st.Refusal)
	}
	columns["c"] = Protection{Key: "k", ID: 1, Search: SearchEquality, Normalize: citextSteps, Defined: &DefinedType{Name: TableName{Name: "citext"}}}
	if st := Analyze(definedCatalog(t, columns), []string{"public", "ext"}, "select id from t where c = 'A'")[0]; st.Refusal != nil || st.Literals[0].Target.Part != PartIndexType {
		t.Errorf("citext with equality: %+v", st)
	}
	// Without the extension's schema in the path PostgreSQL takes the operator of text.
	if st := Analyze(definedCatalog(t, columns), []string{"public"}, "select id from t where c = 'A'")[0]; st.Refusal == nil || st.Refusal.Code != codeCitext {
		t.Errorf("citext whose operators are not seen: %v", st.Refusal)
	}
}

func TestDefinedTypes(t *testing.T) {
	path := []string{"pg_catalog", "public"}
	for _, c := range []struct {
		typ    string
		search Search
		sql    string
		code   string
	}{
		{"mood", SearchEquality, "select id from t where c = 'ok'", ""},
		{"mood", SearchEquality, "select id from t where c = 'ok'::mood", ""},
		{"mood", SearchEquality, "select id from t where c = 'ok'::public.mood", ""},
		{"mood", SearchEquality, "select id from t where c = $1::mood", ""},
		{"mood", SearchEquality, "select id from t where c = 'ok'::text", codeCast},
		{"mood", SearchEquality, "select id from t where c = 'ok'::email", codeCast},
		{"mood", SearchNone, "select c::text from t", codeCast},
		{"mood", SearchNone, "create table fresh (c mood)", ""},
		{"mood", SearchNone, "create table fresh (c public.mood default 'sad'::mood)", ""},
		{"mood", SearchNone, "create table fresh (c text)", codeColumnType},
		{"mood", SearchNone, "create table fresh (c mood[])", codeColumnType},
		{"mood", SearchNone, "alter table t alter c type mood", ""},
		{"mood", SearchNone, "alter table t alter column c set data type public.mood using c::mood", ""},
		{"mood", SearchNone, "alter table t alter c type mood using c::email", codeAlterType},
		{"mood", SearchNone, "alter table t alter c type text", codeAlterType},
		{"email", SearchNone, "alter table t alter c type email using c::email", ""},
		{"email", SearchNone, "alter table t alter c type text", codeAlterType},
		{"mood", SearchNone, "alter type mood rename value 'ok' to 'good'", codeTypeLabels},
		{"mood", SearchNone, "alter type public.mood add value 'good'", ""},
		{"email", SearchNone, "alter type mood rename value 'ok' to 'good'", ""},
		{"email", SearchEquality, "insert into t (c) values ('a'::email)", ""},
		{"email", SearchEquality, "select c::text from t", ""},
		{"email", SearchEquality, "create table fresh (c email)", ""},
		{"given", SearchEquality, "create table fresh (c given)", ""},
		{"given", SearchEquality, "select c from t", codeTypeDefined},
		{"odd", SearchNone, "select c from t", codeTypeDefined},
		{"odd", SearchNone, "create table fresh (c odd)", codeTypeDefined},
		{"whole", SearchNone, "select c from t", ""},
		{"whole", SearchEquality, "select c from t", codeTypeDefined},
		{"filled", SearchNone, "select c from t", codeTypeDefined},
		{"over", SearchNone, "select c from t", codeTypeDefined},
		{"span", SearchNone, "select c from t", codeTypeMissing},
		{"nowhere", SearchNone, "select c from t", codeTypeMissing},
		{"nowhere", SearchNone, "create table fresh (c nowhere)", codeTypeMissing},
	} {
		st := Analyze(definedCatalog(t, definedColumn(c.typ, c.search)), path, c.sql)[0]
		got := ""
		if st.Refusal != nil {
			got = st.Refusal.Code
		}
		if got != c.code {
			t.Errorf("%s, %s: %q (%v), want %q", c.typ, c.sql, got, st.Refusal, c.code)
		}
		if c.typ == "given" && c.code == "" && !strings.Contains(st.Edits[0].Text, "bytea NOT NULL") {
			t.Errorf("%s: %v", c.sql, st.Edits)
		}
	}
}

// TestCheckPatterns: which regular expressions mean the same to PostgreSQL and to Go.
func TestCheckPatterns(t *testing.T) {
	for _, p := range []string{`^[a-z]+$`, `^[^@]+@[^@]+$`, `^\+?[0-9]{3,15}$`, `a|b`, `^(a|b)+$`, `^[A-Z]{2}[0-9]{2}$`, `^.*@x\.test$`, `^[a-z0-9._-]+@[a-z0-9-]+(\.[a-z]{2,})+$`, `x`} {
		if plainPattern(p) == nil {
			t.Errorf("%s is not understood", p)
		}
	}
	for _, p := range []string{``, `\w+`, `\d`, `(?i)a`, `***=a`, `a**`, `a+?`, `[[:alpha:]]`, `(a)\1`, `\y`, `é`, `[a-Z]`, `a{1000}`, `(`, `[`, `a||b`, `*a`, `\m`, `[z-a]`, `[[.a.]]`, "a\nb", `[\d]`} {
		if plainPattern(p) != nil {
			t.Errorf("%s is taken", p)
		}
	}
}

// TestChecks: which constraints of a domain can be evaluated.
func TestChecks(t *testing.T) {
	text, number, varchar := Type{OIDText, -1}, Type{OIDInt4, -1}, Type{OIDVarchar, 44}
	for _, c := range []struct {
		definition string
		base       Type
		ok         bool
	}{
		{`CHECK ((VALUE >= 0))`, number, true},
		{`CHECK (((VALUE >= 0) AND (VALUE <= 100)))`, number, true},
		{`CHECK ((NOT (VALUE = '-1'::integer)))`, number, true},
		{`CHECK ((VALUE > (2.6)::integer))`, number, false},
		{`CHECK ((VALUE <> (-1)))`, number, true},
		{`CHECK ((VALUE > (0)::numeric))`, Type{OIDNumeric, -1}, true},
		{`CHECK ((VALUE > 0)) NOT VALID`, number, false},
		{`CHECK (((VALUE % 2) = 0))`, number, false},
		{`CHECK ((length(VALUE) <= 5))`, text, true},
		{`CHECK ((char_length((VALUE)::text) > 3))`, varchar, true},
		{`CHECK ((public.length(VALUE) <= 5))`, text, false},
		{`CHECK ((lower(VALUE) = 'a'::text))`, text, false},
		{`CHECK ((VALUE < 'b'::text))`, text, false},
		{`CHECK ((VALUE <> ''::text))`, text, true},
		{`CHECK ((VALUE = ANY (ARRAY['a'::text, 'b'::text])))`, text, true},
		{`CHECK (((VALUE)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))`, varchar, true},
		{`CHECK ((VALUE = ANY (ARRAY[1, 2])))`, number, false},
		{`CHECK ((VALUE <> ALL (ARRAY['a'::text])))`, text, false},
		{`CHECK ((VALUE IS NOT NULL))`, text, false},
		{`CHECK ((VALUE ~* 'a'::text))`, text, false},
		{`CHECK ((VALUE = NULL::text))`, text, false},
		{`CHECK (true)`, text, false},
		{`CHECK ((VALUE > '2020-01-01'::date))`, Type{OIDDate, -1}, false},
		{`CHECK ((length(VALUE) = 3))`, Type{OIDBpchar, 7}, false},
	} {
		if _, ok := readCheck(c.definition, c.base); ok != c.ok {
			t.Errorf("%s: %v", c.definition, ok)
		}
	}
}
