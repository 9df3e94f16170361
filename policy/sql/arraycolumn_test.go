package sql

import "testing"

// TestArrayColumns: a column of an array type holds the whole array in one cell, so nothing looks inside.
func TestArrayColumns(t *testing.T) {
	columns := map[string]Protection{"c": {Key: "k", ID: 1, Search: SearchEquality, Type: Type{1009, -1}}}
	for _, c := range []struct {
		sql     string
		refused bool
	}{
		{"insert into t (c) values ('{a,b}')", false},
		{"insert into t (c) values ('{a,b}'::text[])", false},
		{"insert into t (c) values ($1), (null), (null::text[])", false},
		{"insert into t (c) values ($1::text[])", false},
		{"insert into t (c) values ('a'::text)", true},
		{"insert into t (c) values ('{a}'::varchar[])", true},
		{"insert into t (c) values (array['a','b'])", true},
		{"insert into t (c) values (array[$1])", true},
		{"insert into t (c) values (1)", true},
		{"select c from t where c = '{a}'", false},
		{"select c from t where c = $1::text[]", false},
		{"select c from t where c in ($1, '{b}')", false},
		{"select id from t where $1::text[] is null or c = $1::text[]", false},
		{"select id from t where c = any($1)", true},
		{"select id from t where 'a' = any(c)", true},
		{"select id from t where $1 = any(c)", true},
		{"select id from t where c @> '{a}'", true},
		{"select id from t where c && array['a']", true},
		{"select c[1] from t", true},
		{"select c || 'x' from t", true},
		{"select unnest(c) from t", true},
		{"select array_length(c, 1) from t", true},
		{"select cardinality(c) from t", true},
		{"select array_agg(c) from t", true},
		{"select array[c] from t", true},
		{"select array_to_string(c, ',') from t", true},
		{"select c::text from t", true},
		{"create table fresh (c text[])", false},
		{"create table fresh (c text[] not null default '{}')", false},
		{"create table fresh (c text[] not null default '{}'::text[])", false},
		{"create table fresh (c text array)", false},
		{"create table fresh (c text[3])", false},
		{"create table fresh (c text[][])", true},
		{"create table fresh (c text)", true},
		{"create table fresh (c varchar[])", true},
	} {
		st := Analyze(definedCatalog(t, columns), []string{"pg_catalog", "public"}, c.sql)[0]
		if (st.Refusal != nil) != c.refused {
			t.Errorf("%s: %v", c.sql, st.Refusal)
		}
		for _, e := range st.Edits {
			if e.Text == "bytea[]" {
				t.Errorf("%s: %v", c.sql, st.Edits)
			}
		}
	}
}
