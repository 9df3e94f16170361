package sql

import (
	"encoding/base64"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
)

// pg15Catalog is what CatalogQuery answered on PostgreSQL 15.
func pg15Catalog(t testing.TB, spec Spec) *Catalog {
	t.Helper()
	b, err := os.ReadFile("testdata/catalog_pg15.json")
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCatalog(b, spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCatalogOfAServer(t *testing.T) {
	mail := Protection{Key: "mail", ID: 7, Search: SearchEquality, Type: Type{OIDText, -1}}
	c := pg15Catalog(t, Spec{Protected: map[TableName]map[string]Protection{{"public", "customers"}: {"email": mail, "name": mail, "gone": mail}}})
	if c.Database != "snap" || !reflect.DeepEqual(c.viewPath, []string{"pg_catalog"}) {
		t.Errorf("database %q, path %v", c.Database, c.viewPath)
	}
	path := []string{"pg_catalog", "public"}
	r, ok := c.Relation(path, "", "customers")
	if !ok || r.Schema != "public" || r.Kind != 'r' || !r.Protected || !r.Listed || !r.Sensitive {
		t.Fatalf("customers: %+v", r)
	}
	if byOID, _ := c.RelationByOID(r.OID); byOID != r {
		t.Error("not found by OID")
	}
	email, _ := r.Column("email")
	if email.Protection == nil || *email.Protection != mail || email.Unusable != nil || email.Type.OID != OIDBytea || email.Num != 2 {
		t.Errorf("email: %+v", email)
	}
	name, _ := r.Column("name")
	if name.Protection == nil || name.Unusable == nil || name.Unusable.Code != codeStoredType {
		t.Errorf("name, stored as text: %+v", name)
	}
	low, _ := r.Column("low")
	if !low.Generated || low.HasDefault {
		t.Errorf("low: %+v", low)
	}
	if id, _ := r.Column("id"); !id.NotNull || !id.HasDefault || id.Identity {
		t.Errorf("id: %+v", id)
	}
	for name, want := range map[string]bool{"v": true, "mv": true, "orders": true, "logs": false, "logs_1": false} {
		if r, ok := c.Relation(path, "", name); !ok || r.Sensitive != want {
			t.Errorf("%s: found %v, sensitive %v, want %v", name, ok, r.Sensitive, want)
		}
	}
	if r, _ := c.Relation(path, "other", "customers"); r == nil || r.Sensitive {
		t.Errorf("other.customers: %+v", r)
	}
	if o, _ := c.Relation(path, "", "orders"); o.Unusable == nil || o.Unusable.Code != codeRule {
		t.Errorf("orders has a rule over customers: %+v", o.Unusable)
	}
	for _, k := range []struct {
		text string
		want bool
	}{{"select f()", true}, {"select g(1)", true}, {"select h(1, 2)", true}, {"select ag(1)", true}, {"select 1 ### 2", true}, {"select trg", false}, {"select logs", false},
		{"select flag", false}} {
		if got := c.MayTouch(k.text); got != k.want {
			t.Errorf("MayTouch(%q) = %v", k.text, got)
		}
	}
	for _, text := range []string{"select 1 ### 2", "select note from logs where 1 operator(public.###) 2", "select ag(id) from logs", "select h(1, 2)"} {
		if st := Analyze(c, path, text)[0]; st.Refusal == nil || st.Refusal.Code != codeOpaqueCall {
			t.Errorf("%q: %v", text, st.Refusal)
		}
	}
	if st := Analyze(c, []string{"pg_catalog", "other"}, "select 1 ### 2")[0]; st.Refusal != nil {
		t.Errorf("an operator that is not on the path: %v", st.Refusal)
	}
	got := printProblems(c)
	want := `public.customers.gone FATAL the column does not exist
public.customers.name FATAL protected column public.customers.name is not stored as bytea
public.orders. FATAL every statement over it is refused: public.orders has rewrite rules
public.orders. warn trigger t names a protected or listed table, and runs where the proxy does not see it
`
	if got != want {
		t.Errorf("problems:\n%swant:\n%s", got, want)
	}
}

func printProblems(c *Catalog) string {
	var b strings.Builder
	for _, p := range c.Problems() {
		level := "warn"
		if p.Fatal {
			level = "FATAL"
		}
		fmt.Fprintf(&b, "%s.%s %s %s\n", p.Table, p.Column, level, p.Message)
	}
	return b.String()
}

func TestPathDependence(t *testing.T) {
	c := pg15Catalog(t, Spec{Listed: []TableName{{"public", "customers"}, {"public", "people"}, {"tenant", "only"}}})
	both, public, tenant := []string{"pg_catalog", "tenant", "public"}, []string{"pg_catalog", "public"}, []string{"pg_catalog", "tenant"}
	for _, k := range []struct {
		path             []string
		text             string
		depends, touches bool
	}{
		{public, "SELECT id FROM customers", true, true},
		{tenant, "SELECT id FROM customers", true, false},
		{both, "SELECT id FROM customers", true, false},
		{both, "SELECT id FROM public.customers", false, true},
		{both, "SELECT id FROM tenant.customers", false, false},
		{public, "SELECT id FROM logs", false, false},
		{public, "SELECT * FROM v", false, true},
		{tenant, "SELECT * FROM v", true, true}, // not found: refused until the path is known
		{public, "SELECT f()", true, true},
		{tenant, "SELECT f()", true, false},
		{public, "CREATE TABLE people (id int)", true, true},
		{tenant, "CREATE TABLE people (id int)", true, false},
		{tenant, "CREATE TABLE public.people (id int)", false, true},
		{public, "SELECT o.rowfn FROM orders o", true, true},
		{public, "SELECT (o).rowfn FROM logs o", true, true},
		{public, "SELECT rowfn FROM logs o", false, false},
		{public, "EXPLAIN DELETE FROM customers", true, true},
		{public, "TRUNCATE customers", true, true},
		{public, "DROP TABLE customers", true, true},
	} {
		st := Analyze(c, k.path, k.text)[0]
		if st.PathDependent != k.depends || st.Sensitive != k.touches {
			t.Errorf("%v %q: path dependent %v, sensitive %v (%v)", k.path, k.text, st.PathDependent, st.Sensitive, st.Refusal)
		}
	}
}

// An operator that stands for one of SQL's own is applied without being named.
func TestHiddenComparison(t *testing.T) {
	b, err := os.ReadFile("testdata/catalog_pg15.json")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), `"public", "###"`, `"other", "="`, 1)
	if text == string(b) {
		t.Fatal("the operator was not found in the snapshot")
	}
	c, err := NewCatalog([]byte(text), Spec{Listed: []TableName{{"public", "customers"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, stmt := range []string{"SELECT 1 WHERE 1 IN (2)", "SELECT id FROM logs WHERE id BETWEEN 1 AND 2", "SELECT CASE id WHEN 1 THEN 2 END FROM logs", "SELECT 1 = 1",
		"SELECT * FROM logs JOIN logs_1 USING (id)", "UPDATE logs SET id = 1 WHERE id = 2"} {
		if !c.MayTouch(stmt) {
			t.Errorf("MayTouch(%q) is false", stmt)
		}
		if st := Analyze(c, []string{"pg_catalog", "other", "public"}, stmt)[0]; st.Refusal == nil {
			t.Errorf("%q is let pass", stmt)
		}
		if st := Analyze(c, []string{"pg_catalog", "public"}, stmt)[0]; st.Refusal != nil {
			t.Errorf("%q without the operator on the path: %v", stmt, st.Refusal)
		}
	}
}

func TestProblems(t *testing.T) {
	for _, k := range []struct{ lines, want string }{
		{`table public.t: id int4 pk, a text equality unique, b text none`, ``},
		{`table public.t: id int4 pk, b text none unique`, "public.t.b FATAL index t_b_key is unique, but search: none seals equal values differently\n"},
		{`table public.t: id int4 pk, b text none index`, "public.t.b warn index t_b_key can't serve a column with search: none\n"},
		{`table public.t: a text equality stored=text`, "public.t.a FATAL protected column public.t.a is not stored as bytea\n"},
		{`table public.t: a text equality generated`, "public.t.a FATAL protected column public.t.a is a generated column\n"},
		{"config public.t: a text none\nlisted public.gone", "public.t. FATAL the table does not exist\n"},
		{"table public.t: a text equality key=k\ntable public.u: a text equality key=k\nforeign public.u(a) public.t(a)", ""},
		{"table public.t: a text equality key=k\ntable public.u: a text equality key=l\nforeign public.u(a) public.t(a)",
			"public.u.a FATAL foreign key fk leads to public.t.a, which is not sealed alike\n"},
		{"table public.t: a text equality\ntable public.u: a text\nforeign public.u(a) public.t(a)",
			"public.u.a FATAL foreign key fk leads to public.t.a, which is not sealed alike\n"},
		{"table public.t: a text equality\npartition public.p of public.t: a bytea",
			"public.p. FATAL every statement over it is refused: public.p is a child or partition of a protected or listed table and is not named itself\n"},
		{"table public.t: a bytea\npartition public.p of public.t: a text equality",
			"public.t. FATAL every statement over it is refused: public.t has a protected or listed child or partition and is not named itself\n"},
		{"table public.t: a text equality\nrule public.t", "public.t. FATAL every statement over it is refused: public.t has rewrite rules\n"},
		{"function public.f(plpgsql): #trigger BEGIN RETURN NEW; END\ntable public.t: a text equality\ntrigger public.t f",
			"public.t. warn trigger tr runs on the table; its function sees ciphertext in protected columns\n"},
		{"table public.t: id int4\nview public.v: a text equality = SELECT a FROM t", "public.v.a FATAL columns of a view can't be protected\n"},
	} {
		if got := printProblems(testCatalog(t, k.lines)); got != k.want {
			t.Errorf("%s\n got:\n%swant:\n%s", k.lines, got, k.want)
		}
	}
}

func TestNewCatalogRefusesWhatItCannotRead(t *testing.T) {
	good := `{"database":"d","encoding":"UTF8","path":["public"],"relations":null}`
	for _, k := range []struct {
		text string
		ok   bool
	}{
		{good, true}, {base64.StdEncoding.EncodeToString([]byte(good)), true},
		{base64.StdEncoding.EncodeToString([]byte(good))[:40] + "\n" + base64.StdEncoding.EncodeToString([]byte(good))[40:], true},
		{"", false}, {"{}", false}, {"%%", false}, {`{"database":"d"}`, false}, {good[:20], false}, {"{\"database\":\"\xff\",\"path\":[\"p\"]}", false},
		{`{"database":"d","path":["public"],"relations":[{"oid":1,"columns":[[1]]}]}`, false},
	} {
		if _, err := NewCatalog([]byte(k.text), Spec{}); (err == nil) != k.ok {
			t.Errorf("%q: %v", k.text, err)
		}
	}
}

func TestRelationResolution(t *testing.T) {
	c := testCatalog(t, "table public.t: id int4\ntable other.t: id int4\ntable pg_temp_3.t: id int4\ntable other.u: id int4")
	for _, k := range []struct {
		path                 string
		schema, name, expect string
	}{
		{"pg_catalog public other", "", "t", "public.t"}, {"pg_catalog other public", "", "t", "other.t"},
		{"pg_temp_3 pg_catalog public", "", "t", "pg_temp_3.t"}, {"pg_catalog public", "", "u", ""}, {"pg_catalog public", "other", "u", "other.u"},
		{"pg_temp_3 pg_catalog public", "pg_temp", "t", "pg_temp_3.t"}, {"pg_catalog public", "pg_temp", "t", ""}, {"", "", "t", ""},
		{"pg_catalog public", "", "T", ""},
	} {
		r, ok := c.Relation(strings.Fields(k.path), k.schema, k.name)
		got := ""
		if ok {
			got = r.TableName().String()
		}
		if got != k.expect {
			t.Errorf("%q %q.%q: %q, want %q", k.path, k.schema, k.name, got, k.expect)
		}
	}
}

func TestColumnTuples(t *testing.T) {
	for _, k := range []struct {
		text string
		want snapColumn
		fast bool
	}{
		{`[1,"id",23,-1,true,false,"",""]`, snapColumn{Num: 1, Name: "id", Type: 23, Mod: -1, NotNull: true}, true},
		{`[1, "a,b ]", 4294967295, 14, false, true, "s", "a"]`, snapColumn{1, "a,b ]", 4294967295, 14, false, true, "s", "a"}, true},
		{`[2,"a\"b",23,-1,true,false,"",""]`, snapColumn{Num: 2, Name: `a"b`, Type: 23, Mod: -1, NotNull: true}, false},
		{`[2, "é" ,23 , -1,true,false,"", "" ]`, snapColumn{Num: 2, Name: "é", Type: 23, Mod: -1, NotNull: true}, true},
	} {
		var fast, slow snapColumn
		if ok := fast.read([]byte(k.text)); ok != k.fast {
			t.Errorf("%s: read without reflection: %v", k.text, ok)
		}
		if err := slow.UnmarshalJSON([]byte(k.text)); err != nil || slow != k.want || k.fast && fast != k.want {
			t.Errorf("%s: %+v, %+v, %v", k.text, fast, slow, err)
		}
	}
	for _, bad := range []string{`[]`, `[1]`, `["x","id",23,-1,true,false,"",""]`, `[1,"id",23,-1,true,false,"",""`, `[1,"id",23,-1,true,false,"","",1]`,
		`[99999,"id",23,-1,true,false,"",""]`, `[1,"id",23,-1,1,false,"",""]`} {
		var c snapColumn
		if err := c.UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", bad, c)
		}
	}
}

func BenchmarkNewCatalog(b *testing.B) {
	var s strings.Builder
	s.WriteString(`{"database":"d","encoding":"UTF8","path":["pg_catalog"],"relations":[`)
	for i := range 5000 {
		if i > 0 {
			s.WriteByte(',')
		}
		fmt.Fprintf(&s, `{"oid":%d,"schema":"public","name":"table_%d","kind":"r","columns":[`, 20000+i, i)
		for j := range 20 {
			if j > 0 {
				s.WriteByte(',')
			}
			fmt.Fprintf(&s, `[%d,"column_%d",25,-1,false,false,"",""]`, j+1, j)
		}
		s.WriteString("]}")
	}
	s.WriteString("]}")
	text := []byte(s.String())
	spec := Spec{Listed: []TableName{{"public", "table_7"}}}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := NewCatalog(text, spec); err != nil {
			b.Fatal(err)
		}
	}
}

// A function can change search_path unseen, so in one text nothing may hang on the path behind something that can call one.
func TestPathDependenceBehindOtherStatements(t *testing.T) {
	c := pg15Catalog(t, Spec{Listed: []TableName{{"public", "customers"}}})
	path := []string{"pg_catalog", "public"}
	for text, refused := range map[string]bool{
		"SELECT now(); SELECT id FROM customers":              true,
		"INSERT INTO logs DEFAULT VALUES; TABLE customers":    true,
		"BEGIN; SELECT id FROM customers":                     false,
		"SELECT id FROM customers; SELECT 1":                  false,
		"SELECT now(); SELECT id FROM public.customers":       false,
		"BEGIN; SAVEPOINT s; DELETE FROM customers; COMMIT":   false,
		"SELECT 1; SELECT 2; SELECT id FROM tenant.customers": false,
	} {
		got := false
		for _, st := range Analyze(c, path, text) {
			got = got || st.Refusal != nil && st.Refusal.Code == codePathChanged
		}
		if got != refused {
			t.Errorf("%q: refused %v", text, got)
		}
	}
}
