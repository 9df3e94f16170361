package sql

import (
	"fmt"
	"strings"
	"testing"
)

// movedCatalog is a catalog in which changes were made around the proxy after its configuration was written: "rename t.c d",
// "rename t u", "add t c like u.d" (a bytea column with that column's guard), "unguard t.c", "drop t.c", "schema t s".
func movedCatalog(t *testing.T, changes string) *Catalog {
	t.Helper()
	const lines = `
		table public.t: id int4 pk, email text equality key=mail guard, ssn text none guard, name text
		table public.u: id int4, email text equality key=mail guard, plain text
		view public.v: id int4, email bytea = SELECT id, email FROM t
		table public.other: id int4
		config public.later: email text equality key=mail guard
		config public.solo: pin text none guard
		table public.solo: id int4, pin text none guard
		listed public.other`
	b := newCatalogBuilder(t, lines)
	for _, change := range strings.Split(changes, ";") {
		if w := strings.Fields(change); len(w) > 0 {
			b.change(t, w)
		}
	}
	return b.catalog(t)
}

func (b *catalogBuilder) change(t *testing.T, w []string) {
	table, column, _ := strings.Cut(w[1], ".")
	r := b.find("public." + table)
	switch w[0] {
	case "rename":
		if column == "" {
			r.Name = w[2]
			return
		}
		r.Columns[b.num("public."+table, column)-1].Name = w[2]
	case "schema":
		r.Schema = w[2]
	case "drop":
		n := b.num("public."+table, column)
		for i := range r.Columns {
			if r.Columns[i].Num == n {
				r.Columns = append(r.Columns[:i:i], r.Columns[i+1:]...)
				break
			}
		}
		b.unguard(r.OID, n)
	case "unguard":
		b.unguard(r.OID, b.num("public."+table, column))
	case "add":
		from, _, _ := strings.Cut(w[4], ".")
		like := b.find("public." + from)
		num := int16(len(r.Columns) + 1)
		r.Columns = append(r.Columns, snapColumn{Num: num, Name: w[2], Type: OIDBytea, Mod: -1})
		_, c, _ := strings.Cut(w[4], ".")
		for _, k := range b.snap.Constraints {
			if k.Relation == like.OID && k.Columns[0] == b.num("public."+from, c) {
				k.Relation, k.Columns = r.OID, []int16{num}
				b.snap.Constraints = append(b.snap.Constraints, k)
				break
			}
		}
	default:
		t.Fatal(w)
	}
}

func (b *catalogBuilder) unguard(oid uint32, num int16) {
	for i, k := range b.snap.Constraints {
		if k.Relation == oid && k.Columns[0] == num {
			b.snap.Constraints = append(b.snap.Constraints[:i:i], b.snap.Constraints[i+1:]...)
			return
		}
	}
}

// TestIdentity: what a configured column is when its name is gone, and what nobody may touch since that is not certain. Each line of want
// is table.column, and the name by which configuration and rules know it; refused tables are listed with a code.
func TestIdentity(t *testing.T) {
	for changes, want := range map[string]string{
		"":                                     "solo.pin t.email t.ssn u.email",
		"rename t.email mail":                  "solo.pin t.mail=t.email t.ssn u.email",
		"rename t customers":                   "customers.email=t.email customers.ssn=t.ssn solo.pin u.email",
		"schema t crm":                         "crm.t.email=t.email crm.t.ssn=t.ssn solo.pin u.email",
		"rename t.email mail; rename t.ssn no": "solo.pin t.mail=t.email t.no=t.ssn u.email",
		"rename t.email mail; rename t customers":              "customers.mail=t.email customers.ssn=t.ssn solo.pin u.email",
		"rename solo single":                                   "single.pin=solo.pin t.email t.ssn u.email",
		"rename u u2":                                          "solo.pin t.email t.ssn u2!PV271", // later is configured with the same key, and does not exist
		"drop t.ssn; rename t.email ssn":                       "solo.pin t.ssn u.email t!PV271",  // the name exists, and is another key's
		"unguard t.email; rename t.email mail":                 "solo.pin t.ssn u.email",          // plain bytea to us, as without guards
		"rename t.email mail; add t post like t.ssn":           "solo.pin t.mail=t.email t.ssn u.email t!PV271",
		"rename t.email mail; add t post like u.email":         "solo.pin t.ssn u.email t!PV271", // two candidates
		"add other stolen like t.ssn":                          "solo.pin t.email t.ssn u.email other!PV271",
		"add t stolen like t.ssn":                              "solo.pin t.email t.ssn u.email t!PV271",
		"add other email like t.email; rename t old":           "old.email=t.email old.ssn=t.ssn solo.pin u.email other!PV271",
		"rename t.email x; rename t.ssn email; rename t.x ssn": "solo.pin t.ssn t.email u.email t!PV271",
		"add other pin like solo.pin; rename solo a":           "a.pin=solo.pin t.email t.ssn u.email other!PV271", // a listed table is known by its own name
	} {
		c := movedCatalog(t, changes)
		var got, refused []string
		for _, r := range sortedRelations(c) {
			name := strings.TrimPrefix(r.TableName().String(), "public.")
			for _, col := range r.Columns {
				if col.Protection == nil {
					continue
				}
				entry := name + "." + col.Name
				known := strings.TrimPrefix(r.configuredName().String(), "public.") + "." + r.configuredColumn(col.Num, col.Name)
				if known != entry {
					entry += "=" + known
				}
				if col.Protection.Key != map[string]string{"t.email": "mail", "u.email": "mail", "t.ssn": "t.ssn", "solo.pin": "solo.pin"}[known] {
					t.Errorf("%s: %s has key %s", changes, entry, col.Protection.Key)
				}
				got = append(got, entry)
			}
			if r.Unusable != nil {
				refused = append(refused, name+"!"+r.Unusable.Code)
			}
		}
		if s := strings.Join(append(got, refused...), " "); s != want {
			t.Errorf("%s:\n got %s\nwant %s", changes, s, want)
		}
	}
}

func sortedRelations(c *Catalog) (all []*Relation) {
	names := map[string]*Relation{}
	var order []string
	for _, r := range c.relations {
		names[r.TableName().String()] = r
		order = append(order, r.TableName().String())
	}
	sortStrings(order)
	for _, n := range order {
		all = append(all, names[n])
	}
	return all
}

func sortStrings(s []string) {
	for i := range s {
		for k := i; k > 0 && strings.TrimPrefix(s[k], "public.") < strings.TrimPrefix(s[k-1], "public."); k-- {
			s[k], s[k-1] = s[k-1], s[k]
		}
	}
}

// TestMovedStatements: statements over what has another name are judged by the configured names, and the old names stay taken.
func TestMovedStatements(t *testing.T) {
	c := movedCatalog(t, "rename t.email mail; rename solo single")
	st := Analyze(c, dmlPath, "select mail, name from t where mail = 'x'")[0]
	if st.Refusal != nil {
		t.Fatal(st.Refusal)
	}
	got := fmt.Sprint(st.Tables[0].Table, st.Results[0].Origin.Column, st.Results[0].Name, st.Results[0].Protection.Key, st.Literals[0].Target.Column)
	for _, col := range st.Columns {
		got += " " + col.Name
	}
	if got != "public.temailmailmailemail email name" {
		t.Error(got)
	}
	st = Analyze(c, dmlPath, "update single set pin = 'x'")[0]
	if st.Refusal != nil || st.Tables[0].Table.Name != "solo" || st.Literals[0].Target.Table.Name != "solo" {
		t.Errorf("%+v", st)
	}
	if m := c.Moves(); len(m) != 2 || m[1].String() != "encrypt: public.t.email is now public.t.mail: change the file" && m[0].String() != "encrypt: public.t.email is now public.t.mail: change the file" {
		t.Error(m)
	}
	for text, code := range map[string]string{
		"alter table t add column email text":      codeAway,
		"create table solo (id int, pin text)":     codeAway,
		"alter table other rename to solo":         codeAway,
		"alter table t rename mail to email":       "",
		"alter table single rename to solo":        "",
		"alter table single rename to single2":     "",
		"alter table t rename mail to post":        "",
		"alter table t rename ssn to email":        codeAway,
		"alter table t rename name to email":       codeAway,
		"alter table t rename name to fullname":    "",
		"alter table t rename name to ssn":         codeAway,
		"alter table u rename to u2":               codeRename, // later may be it, by its key
		"alter table u rename email to mail":       "",
		"alter table other rename to other2":       codeRename,
		"alter table t set schema crm":             "",
		"alter table single set schema crm":        "",
		"alter view v rename column email to mail": codeRename,
		"alter table t rename nothing to x":        "",
	} {
		st := Analyze(c, dmlPath, text)[0]
		if got := ""; st.Refusal != nil {
			if got = st.Refusal.Code; got != code {
				t.Errorf("%s: %v", text, st.Refusal)
			}
		} else if code != "" {
			t.Errorf("%s: not refused", text)
		}
	}
}
