package proxy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/wire"
)

// witnessCatalog has a protected table 20001 (id, email), a listed one 20002 and a plain one 20003.
func witnessCatalog(t *testing.T) (*sql.Catalog, *sql.Protection) {
	t.Helper()
	type object = map[string]any
	columns := [][]any{{1, "id", sql.OIDInt4, -1, false, false, "", ""}, {2, "email", sql.OIDBytea, -1, false, false, "", ""}}
	var relations []object
	for i, name := range []string{"people", "orders", "weather"} {
		relations = append(relations, object{"oid": 20001 + i, "schema": "public", "name": name, "kind": "r", "columns": columns})
	}
	snapshot, err := json.Marshal(object{"database": "crm", "encoding": "UTF8", "path": []string{"pg_catalog", "public"}, "relations": relations})
	if err != nil {
		t.Fatal(err)
	}
	p := sql.Protection{Key: "k", ID: 1, Type: sql.Type{OID: sql.OIDText, Mod: -1}}
	cat, err := sql.NewCatalog(snapshot, sql.Spec{
		Protected: map[sql.TableName]map[string]sql.Protection{{Schema: "public", Name: "people"}: {"email": p}},
		Listed:    []sql.TableName{{Schema: "public", Name: "orders"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return cat, &p
}

// TestWitness: no row is shown unless the server describes what analysis found.
func TestWitness(t *testing.T) {
	cat, p := witnessCatalog(t)
	email := policy.Slot{Do: policy.Open, OID: 20001, Num: 2, Protection: p}
	id := policy.Slot{Do: policy.Pass, OID: 20001, Num: 1}
	computed := policy.Slot{Do: policy.Pass}
	sealed := field{table: 20001, num: 2, typ: sql.OIDBytea}
	for _, c := range []struct {
		name   string
		slots  []policy.Slot
		fields []field
		want   string // part of the error, empty for none
	}{
		{"as planned", []policy.Slot{id, email}, []field{{table: 20001, num: 1, typ: sql.OIDInt4}, sealed}, ""},
		{"nothing", nil, nil, ""},
		{"an expression", []policy.Slot{computed}, []field{{typ: sql.OIDInt4}}, ""},
		{"a sealed expression", []policy.Slot{{Do: policy.Open, Protection: p}}, []field{{typ: sql.OIDBytea}}, ""},
		{"a plain table's column where an expression was expected", []policy.Slot{computed}, []field{{table: 20003, num: 1, typ: sql.OIDInt4}}, ""},
		{"a system catalog's column", []policy.Slot{computed}, []field{{table: 1259, num: 2, typ: 19}}, ""},
		{"one more", []policy.Slot{id}, []field{{table: 20001, num: 1}, sealed}, "describes 2 columns, 1 were expected"},
		{"one fewer", []policy.Slot{id, email}, []field{{table: 20001, num: 1}}, "describes 1 columns, 2 were expected"},
		{"no verdict", []policy.Slot{{}}, []field{sealed}, "no verdict"},
		{"plaintext in a protected column", []policy.Slot{email}, []field{{table: 20001, num: 2, typ: sql.OIDText}}, "not of type bytea"},
		{"another column", []policy.Slot{email}, []field{{table: 20001, num: 1, typ: sql.OIDBytea}}, "another place"},
		{"another table", []policy.Slot{email}, []field{{table: 20003, num: 2, typ: sql.OIDBytea}}, "another place"},
		{"sealed instead of plain", []policy.Slot{id}, []field{sealed}, "another place"},
		{"protected instead of an expression", []policy.Slot{computed}, []field{sealed}, "comes from a protected column"},
		{"listed instead of an expression", []policy.Slot{computed}, []field{{table: 20002, num: 1}}, "comes from a protected column"},
	} {
		err := witness(c.slots, c.fields, cat)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestPlainWitness: of a statement that was not analysed, no sensitive table's column is forwarded.
func TestPlainWitness(t *testing.T) {
	cat, _ := witnessCatalog(t)
	describe := func(fields ...field) []byte {
		return appendDescription(nil, fields, make([]policy.Slot, len(fields)), answer{})[5:]
	}
	for name, c := range map[string]struct {
		body []byte
		ok   bool
	}{
		"nothing":             {describe(), true},
		"an expression":       {describe(field{name: []byte("a")}), true},
		"a plain table":       {describe(field{name: []byte("a"), table: 20003, num: 1}), true},
		"a protected table":   {describe(field{name: []byte("a"), table: 20001, num: 1}), false},
		"a listed table":      {describe(field{name: []byte("a"), table: 20002, num: 1}), false},
		"the last of several": {describe(field{table: 20003, num: 1}, field{}, field{name: []byte("b"), table: 20001, num: 2}), false},
		"cut off":             {describe(field{name: []byte("a")})[:9], false},
	} {
		if err := plainWitness(c.body, cat); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRowWithoutVerdict: a slot's zero value shows nothing, and a row has as many columns as were planned.
func TestRowWithoutVerdict(t *testing.T) {
	row := func(cells ...string) []byte {
		b := wire.AppendInt16(nil, int16(len(cells)))
		for _, c := range cells {
			b = append(wire.AppendInt32(b, int32(len(c))), c...)
		}
		return b
	}
	for name, c := range map[string]struct {
		do   []policy.Action
		body []byte
		want string // the frame, empty for an error
	}{
		"passed":         {[]policy.Action{policy.Pass, policy.Pass}, row("ab", ""), "D\x00\x00\x00\x10\x00\x02\x00\x00\x00\x02ab\x00\x00\x00\x00"},
		"hidden":         {[]policy.Action{policy.Null}, row("secret"), "D\x00\x00\x00\x0a\x00\x01\xff\xff\xff\xff"},
		"no verdict":     {[]policy.Action{policy.Refuse}, row("secret"), ""},
		"no key":         {[]policy.Action{policy.Open}, row("secret"), ""},
		"one too many":   {[]policy.Action{policy.Pass}, row("a", "secret"), ""},
		"one too few":    {[]policy.Action{policy.Pass, policy.Pass}, row("a"), ""},
		"cut off":        {[]policy.Action{policy.Pass}, row("abc")[:8], ""},
		"a wrong length": {[]policy.Action{policy.Pass}, []byte("\x00\x01\x7f\xff\xff\xffa"), ""},
	} {
		sh := &rowShape{}
		for _, do := range c.do {
			sh.columns = append(sh.columns, columnShape{slot: policy.Slot{Do: do}})
		}
		got, err := sh.appendRow(nil, c.body, nil, &rowScratch{})
		if (err == nil) != (c.want != "") || err == nil && string(got) != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
