package sql

import (
	"regexp"
	"strings"
	"testing"
)

const introspected = `
	table public.t: id int4 pk, email text equality guard index, ssn varchar(9) none default, note text
	view public.v: id int4, mail bytea = SELECT id, email FROM t
	table public.pg_constraint: id int4
	table public.columns: id int4`

func introspection1(t *testing.T, text string) (*Statement, string) {
	t.Helper()
	st := Analyze(testCatalog(t, introspected), dmlPath, text)[0]
	if st.Refusal != nil {
		t.Errorf("%s: refused: %v", text, st.Refusal)
	}
	sent, end := "", 0
	for _, e := range st.Splices {
		if e.At.Start < end {
			t.Fatalf("%s: splices overlap", text)
		}
		sent += text[end:e.At.Start] + e.Text
		end = e.At.End
	}
	return st, sent + text[end:]
}

// TestIntrospect: where a relation of the server's own is replaced, and where it is not.
func TestIntrospect(t *testing.T) {
	for text, want := range map[string]string{
		"select atttypid from pg_attribute":                                                                           "select atttypid from @ \"pg_attribute\"",
		"select a.atttypid from pg_catalog.pg_attribute a":                                                            "select a.atttypid from @ a",
		"select a.atttypid from pg_attribute as a, t where ssn is null":                                               "select a.atttypid from @ as a, t where ssn is null",
		"select 1 from t join pg_attribute on atthasdef":                                                              "select 1 from t join @ \"pg_attribute\" on atthasdef",
		"select x from (select atttypmod x from pg_attribute) s":                                                      "select x from (select atttypmod x from @ \"pg_attribute\") s",
		"select pg_catalog.pg_attribute.atttypid, pg_catalog . \"pg_attribute\".attname from pg_catalog.pg_attribute": "select pg_attribute.atttypid,  \"pg_attribute\".attname from @ \"pg_attribute\"",
		"explain select atttypid from pg_attribute":                                                                   "explain select atttypid from @ \"pg_attribute\"",
		"declare c cursor for select atttypid from pg_attribute":                                                      "declare c cursor for select atttypid from @ \"pg_attribute\"",
		"select a from pg_attribute a":                                                                                "select a from @ a",
		"select typname from pg_attribute join x using (atttypid)":                                                    "select typname from @ \"pg_attribute\" join x using (atttypid)",
		"select typname from x natural join pg_attribute a":                                                           "select typname from x natural join @ a",
		"select n from pg_attribute a(r, n, t) where t = 1":                                                           "select n from @ a(r, n, t) where t = 1",
		"select t from (pg_attribute a cross join x) j(r, n, t)":                                                      "select t from (@ a cross join x) j(r, n, t)",
		"select attname from pg_attribute join x using (attname)":                                                     "",
		"select tableoid, attname from pg_attribute natural join x":                                                   "",
		"select attname from pg_attribute":                                                                            "",
		"select atttypid from pg_attributes":                                                                          "",
		"table pg_attribute":                                                                                          "",
		"select atttypid from only pg_attribute":                                                                      "",
		"select atttypid from pg_attribute * ":                                                                        "",
		"select atttypid from pg_attribute for share":                                                                 "",
		"select tableoid, * from pg_attribute":                                                                        "",
		"with pg_attribute as (select 1 as atttypid) select atttypid from pg_attribute":                               "",
		"select information_schema._pg_truetypid(a, x) from pg_attribute a":                                           "",
		"select data_type from columns":                                                                               "",
		"insert into columns select atttypid from pg_attribute":                                                       "",
		"create view w as select atttypid from pg_attribute":                                                          "",
		"create table w as select atttypid from pg_attribute":                                                         "",
		"select 'pg_attribute'":                                                                                       "",
	} {
		st, sent := introspection1(t, text)
		if len(st.Splices) == 0 {
			if want != "" {
				t.Errorf("%s: not spliced", text)
			}
			continue
		}
		sent = attributesOf.ReplaceAllString(sent, "@")
		if sent != want || !st.Introspects {
			t.Errorf("%s\n got %s\nwant %s", text, sent, want)
		}
	}
}

// attributesOf is what stands for pg_attribute.
var attributesOf = regexp.MustCompile(`\(SELECT r\."attrelid".*? FROM pg_catalog\.pg_attribute r\)`)

// TestIntrospectText: what is told of columns of tables, views and indexes, and what is left out.
func TestIntrospectText(t *testing.T) {
	for text, want := range map[string]string{
		"select atttypid, tableoid from pg_attribute": `(SELECT r."attrelid", r."attname", CASE WHEN r.attrelid OPERATOR(pg_catalog.=) ANY ('{0,17000,17010}'::pg_catalog.oid[]) THEN ` +
			`COALESCE(('{25,25,1043,25}'::pg_catalog.oid[])[pg_catalog.array_position('{1,1114112002,1114112003,1114767362}'::pg_catalog.int8[], ` +
			`r.attrelid::pg_catalog.int8 OPERATOR(pg_catalog.*) 65536 OPERATOR(pg_catalog.+) r.attnum)], r.atttypid) ELSE r.atttypid END AS "atttypid", r."atttypmod", r."attnum", r."atthasdef", r."tableoid" FROM pg_catalog.pg_attribute r)`,
		"select atthasdef from pg_attribute": `(SELECT r."attrelid", r."attname", r."atttypid", r."atttypmod", r."attnum", r.atthasdef AND CASE WHEN r.attrelid OPERATOR(pg_catalog.=) ANY ('{0,17000,17010}'::pg_catalog.oid[]) ` +
			`THEN COALESCE(('{false,false,false,false}'::pg_catalog.bool[])[pg_catalog.array_position('{1,1114112002,1114112003,1114767362}'::pg_catalog.int8[], ` +
			`r.attrelid::pg_catalog.int8 OPERATOR(pg_catalog.*) 65536 OPERATOR(pg_catalog.+) r.attnum)], true) ELSE true END AS "atthasdef" FROM pg_catalog.pg_attribute r)`,
		"select * from pg_attrdef":               `(SELECT r."oid", r."adrelid", r."adnum" FROM pg_catalog.pg_attrdef r WHERE (r.adrelid OPERATOR(pg_catalog.<>) 17000::pg_catalog.oid OR r.adnum OPERATOR(pg_catalog.<>) 3::pg_catalog.int2))`,
		"select * from pg_catalog.pg_constraint": `(SELECT r."oid", r."conname" FROM pg_catalog.pg_constraint r WHERE r.oid OPERATOR(pg_catalog.<>) ALL ('{30000}'::pg_catalog.oid[]))`,
		"select relchecks from pg_class":         `(SELECT r."oid", r."relname", (r.relchecks OPERATOR(pg_catalog.-) CASE WHEN r.oid OPERATOR(pg_catalog.=) 17000::pg_catalog.oid THEN 1 ELSE 0 END)::pg_catalog.int2 AS "relchecks" FROM pg_catalog.pg_class r)`,
	} {
		if st, _ := introspection1(t, text); len(st.Splices) != 1 || strings.TrimSuffix(st.Splices[0].Text, ` "pg_attribute"`) != want &&
			!strings.HasPrefix(st.Splices[0].Text, want) {
			t.Errorf("%s\n got %+v\nwant %s", text, st.Splices, want)
		}
	}
	if q := quoteText(`a'b\c`); q != `E'a''b\\c'` {
		t.Error(q)
	}
}

// TestConcern: texts over the system catalogs are read, those over protected tables analysed, others neither.
func TestConcern(t *testing.T) {
	c := testCatalog(t, introspected)
	for text, want := range map[string][2]bool{
		"select 1":                           {},
		"select * from INFORMATION_schema.x": {false, true},
		"select * from pg_attribute":         {false, true},
		"select relChecks from pg_class":     {false, true},
		"select * from pg_class":             {},
		"select ssn from t":                  {true, false},
	} {
		if touch, read := c.Concern(text); touch != want[0] || read != want[1] {
			t.Errorf("%s: %v, %v", text, touch, read)
		}
		if c.MayTouch(text) != want[0] {
			t.Errorf("%s: MayTouch", text)
		}
	}
	if touch, read := testCatalog(t, "table public.t: id int4").Concern("select * from pg_attribute"); touch || read {
		t.Error("nothing is protected, and something is read")
	}
}

func TestGuardSuffix(t *testing.T) {
	for definition, want := range map[string]string{
		`CHECK ((substr(email, (octet_length(email) - 7)) = '\x0000000112c57e91'::bytea))`:          "\x00\x00\x00\x01\x12\xc5\x7e\x91",
		`CHECK ((substr("E", (octet_length("E") - 7)) = '\x0000000112c57e91'::bytea)) NOT VALID`:    "\x00\x00\x00\x01\x12\xc5\x7e\x91",
		`CHECK ((substr(a, (octet_length(b) - 7)) = '\x0000000112c57e91'::bytea))`:                  "",
		`CHECK (((substr(a, (octet_length(a) - 7)) = '\x0000000112c57e91'::bytea) OR (a IS NULL)))`: "",
		`CHECK ((a > 0))`: "",
	} {
		if got := guardSuffix(definition); got != want {
			t.Errorf("%s: %x", definition, got)
		}
	}
}
