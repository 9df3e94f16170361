package sql

import (
	"encoding/hex"
	"regexp"
	"testing"
)

var storedForm = regexp.MustCompile(`COALESCE\('x'::bytea, E'\\\\x([0-9a-f]+)'::pg_catalog\.bytea\)`)

// A DEFAULT is shown as PostgreSQL 15 shows it. text is what its cell opens to.
func TestDefaultForms(t *testing.T) {
	long := func(digits string) string { return "0." + digits }
	for _, c := range []struct{ typ, written, text, want string }{
		{"int2", "4", "4", "4"}, {"int2", "(4)", "4", "4"}, {"int2", "'4'", "4", "'4'::smallint"}, {"int2", "'4'::int2", "4", "'4'::smallint"},
		{"int2", "4::int2", "4", "(4)::smallint"}, {"int2", "CAST(4 AS int2)", "4", "(4)::smallint"}, {"int2", "(-4)::int2", "-4", "('-4'::integer)::smallint"},
		{"int2", "smallint '4'", "4", "'4'::smallint"}, {"int2", "cast ( '4' as smallint )", "4", "'4'::smallint"},
		{"int4", "4::int4", "4", "4"}, {"int4", "'4'::int", "4", "4"}, {"int4", "(-4)::int4", "-4", "'-4'::integer"},
		{"int8", "4::int8", "4", "(4)::bigint"}, {"int8", "9000000003::int8", "9000000003", "'9000000003'::bigint"}, {"int8", "'9000000003'", "9000000003", "'9000000003'::bigint"},
		{"int8", "-9000000003", "-9000000003", "'-9000000003'::bigint"},
		{"numeric", "4", "4", "4"}, {"numeric", "4.50", "4.50", "4.50"}, {"numeric", "4::numeric", "4", "(4)::numeric"}, {"numeric", "4.50::numeric", "4.50", "4.50"}, {"numeric", "(-4.50)::numeric", "-4.50", "'-4.50'::numeric"},
		{"numeric", "'4.50'::numeric", "4.50", "4.50"}, {"numeric", "'4'", "4", "'4'::numeric"}, {"numeric", "1e-5", "0.00001", "0.00001"}, {"numeric", "1e5", "100000", "'100000'::numeric"}, {"numeric", "4.", "4", "'4'::numeric"},
		{"numeric", "12345678901234567890", "12345678901234567890", "'12345678901234567890'::numeric"}, {"numeric", "1.50e1", "15.0", "15.0"}, {"numeric", "'NaN'", "NaN", "'NaN'::numeric"},
		{"numeric(10,2)", "4::numeric(10,2)", "4.00", "(4)::numeric(10,2)"}, {"numeric(10,2)", "4.50::numeric(10,2)", "4.5", "4.50::numeric(10,2)"}, {"numeric(10,2)", "'4'::numeric(10,2)", "4.00", "'4'::numeric(10,2)"},
		{"numeric(10,2)", "'4.5'::numeric(10,2)", "4.50", "4.5::numeric(10,2)"}, {"numeric(10,2)", "'-4.5'::numeric(10,2)", "-4.50", "'-4.5'::numeric(10,2)"}, {"numeric(10,2)", "4.5::numeric", "4.50", "4.5"},
		{"numeric(10,2)", "4::numeric", "4.00", "(4)::numeric"}, {"numeric(10,2)", "(-4)::numeric(10,2)", "-4.00", "('-4'::integer)::numeric(10,2)"}, {"numeric(10,2)", "4", "4.00", "4"},
		{"float8", "4::float8", "4", "(4)::double precision"}, {"float8", "4.50::float8", "4.5", "(4.50)::double precision"}, {"float8", "'4.50'", "4.5", "'4.5'::double precision"}, {"float8", "4.50", "4.5", "4.50"},
		{"float8", "1e-30", "1e-30", long("000000000000000000000000000001")}, {"float8", "-1.5", "-1.5", "'-1.5'::numeric"}, {"float8", "'1e-300'", "1e-300", "'1e-300'::double precision"}, {"float8", "'NaN'::float8", "NaN", "'NaN'::double precision"},
		{"float8", "10000000000", "10000000000", "'10000000000'::bigint"}, {"float8", "1e15", "1e+15", "'1000000000000000'::numeric"}, {"float8", "4", "4", "4"}, {"float8", "12.5e1", "125", "'125'::numeric"},
		{"float4", "4::float4", "4", "(4)::real"}, {"float4", "'1.50'::float4", "1.5", "'1.5'::real"}, {"float4", "-4", "-4", "'-4'::integer"},
		{"varchar(12)", "'x'", "x", "'x'::character varying"}, {"varchar(12)", "'x'::varchar(12)", "x", "'x'::character varying(12)"}, {"varchar(12)", "'x'::varchar", "x", "'x'::character varying"},
		{"varchar(12)", "'x'::text", "x", "'x'::text"}, {"varchar(12)", "CAST('it''s' AS character varying(12))", "it's", "'it''s'::character varying(12)"}, {"varchar(12)", "''::varchar(12)", "", "''::character varying(12)"},
		{"text", "'x'::varchar", "x", "'x'::character varying"}, {"text", "'x'::text", "x", "'x'::text"}, {"text", "('x')", "x", "'x'::text"}, {"text", "text 'x'", "x", "'x'::text"}, {"varchar", "'x'::varchar", "x", "'x'::character varying"},
		{"varchar", "'x'::text", "x", "'x'::text"}, {"char(9)", "'x'::char(9)", "x", "'x'::character(9)"}, {"char(9)", "'x'::bpchar", "x", "'x'::bpchar"}, {"char(9)", "'x'", "x", "'x'::bpchar"},
		{"bool", "true", "t", "true"}, {"bool", "true::bool", "t", "true"}, {"bool", "'t'::bool", "t", "true"}, {"bool", "'f'", "f", "false"},
		{"date", "date '2024-01-02'", "2024-01-02", "'2024-01-02'::date"}, {"date", "'2024-01-02'::date", "2024-01-02", "'2024-01-02'::date"}, {"interval", "interval '1 day'", "1 day", "'1 day'::interval"},
		{"timestamptz", "timestamp with time zone '2024-01-02 03:04:05+00'", "2024-01-02 03:04:05+00", "'2024-01-02 03:04:05+00'::timestamp with time zone"},
		{"timestamp(3)", "'2024-01-02 03:04:05'::timestamp(3)", "2024-01-02 03:04:05", "'2024-01-02 03:04:05'::timestamp(3) without time zone"}, {"time(0)", "'03:04:05'::time(0)", "03:04:05", "'03:04:05'::time(0) without time zone"},
		{"timestamptz(3)", "'2024-01-02 03:04:05+00'::timestamptz(3)", "2024-01-02 03:04:05+00", "'2024-01-02 03:04:05+00'::timestamp(3) with time zone"}, {"timestamp(3)", "'2024-01-02 03:04:05'", "2024-01-02 03:04:05", "'2024-01-02 03:04:05'::timestamp without time zone"},
		{"small", "4::small", "4", "(4)::small"}, {"small", "'4'::public.small", "4", "('4'::smallint)::small"}, {"small", "'4'", "4", "'4'::smallint"}, {"small", "4", "4", "4"}, {"small", "(-4)::small", "-4", "('-4'::integer)::small"},
		{"word", "'x'::word", "x", "('x'::character varying)::word"}, {"word", "'x'", "x", "'x'::character varying"}, {"word", "'x'::varchar(10)", "x", "'x'::character varying(10)"}, {"word", "'x'::varchar", "x", "'x'::character varying"}, {"word", "text 'x'", "x", "'x'::text"}, {"small", "4::int2", "4", "(4)::smallint"}, {"small", "int2 '4'", "4", "'4'::smallint"},
		{"mood", "'sad'::mood", "sad", "'sad'::mood"}, {"mood", "'sad'", "sad", "'sad'::mood"}, {"mood", "mood 'sad'", "sad", "'sad'::mood"},
		{"text[]", "'{a,b}'::text[]", "{a,b}", "'{a,b}'::text[]"}, {"varchar(10)[]", "'{a}'::varchar(10)[]", "{a}", "'{a}'::character varying(10)[]"}, {"varchar(10)[]", "'{a}'", "{a}", "'{a}'::character varying[]"}, {"int2[]", "'{1,2}'", "{1,2}", "'{1,2}'::smallint[]"},
	} {
		text := "create table fresh (c " + c.typ + " default " + c.written + ")"
		cat := defaultsCatalog(t, c.typ)
		st := Analyze(cat, []string{"pg_catalog", "public"}, text)[0]
		if st.Refusal != nil || len(st.Literals) != 1 {
			t.Errorf("%s: %v, %d literals", text, st.Refusal, len(st.Literals))
			continue
		}
		var form *DefaultForm
		if m := storedForm.FindStringSubmatch(st.Literals[0].Before + "'x'::bytea" + st.Literals[0].After); m != nil {
			b, _ := hex.DecodeString(m[1])
			if form = readForm(b); form == nil || string(form.Stored()) != string(b) {
				t.Errorf("%s: form %x is read as %+v", text, b, form)
			}
		}
		d := DefaultCell{Protection: &st.Literals[0].Target.Protection, Form: form}
		if got := d.DefaultText(c.text); got != c.want {
			t.Errorf("%s default %s is shown as %s, want %s (%+v)", c.typ, c.written, got, c.want, form)
		}
	}
}

// defaultsCatalog has a configured table fresh with a column c of a type, and types of its own.
func defaultsCatalog(t *testing.T, typ string) *Catalog {
	t.Helper()
	p := Protection{Key: "k", ID: 1}
	switch typ {
	case "small", "word", "mood":
		p.Defined = &DefinedType{Name: TableName{"public", typ}}
	default:
		p.Type = typeFromText(t, typ)
	}
	c, err := NewCatalog([]byte(`{"database":"d","encoding":"UTF8","path":["pg_catalog","public"],"types":[
		{"oid":30000,"array":30001,"schema":"public","name":"mood","kind":"e","labels":["sad","ok"]},
		{"oid":30010,"array":30011,"schema":"public","name":"small","kind":"d","base":21,"mod":-1},
		{"oid":30020,"array":30021,"schema":"public","name":"word","kind":"d","base":1043,"mod":14}]}`),
		Spec{Protected: map[TableName]map[string]Protection{{"public", "fresh"}: {"c": p}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// typeFromText is a type as CREATE TABLE takes it.
func typeFromText(t *testing.T, text string) Type {
	t.Helper()
	tree, refusal := parse("create table x (c " + text + ")")
	if refusal != nil {
		t.Fatal(refusal)
	}
	name := tree.GetStmts()[0].GetStmt().GetCreateStmt().GetTableElts()[0].GetColumnDef().GetTypeName()
	array := len(name.GetArrayBounds()) > 0
	name.ArrayBounds = nil
	typ, ok := typeOf(name)
	if !ok {
		t.Fatalf("no type %s", text)
	}
	if array {
		typ = typ.Array()
	}
	return typ
}
