package policy

import (
	"bytes"
	"testing"

	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
)

func table(name string) sql.TableName { return sql.TableName{Schema: "public", Name: name} }

// testSpec protects customers.email, phone, born and integrations.access_token.
func testSpec() sql.Spec {
	return sql.Spec{Protected: map[sql.TableName]map[string]sql.Protection{
		table("customers"): {
			"email": protection("person.email", 1, sql.SearchEquality, sql.OIDText, -1),
			"phone": protection("public.customers.phone", 2, sql.SearchNone, sql.OIDVarchar, 24),
			"born":  protection("public.customers.born", 3, sql.SearchNone, sql.OIDDate, -1),
		},
		table("integrations"): {"access_token": protection("public.integrations.access_token", 4, sql.SearchNone, sql.OIDText, -1)},
	}}
}

func protection(key string, id uint32, search sql.Search, oid uint32, mod int32) sql.Protection {
	return sql.Protection{Key: key, ID: id, Search: search, Type: sql.Type{OID: oid, Mod: mod}}
}

func testOptions(t testing.TB) Options {
	t.Helper()
	k, err := mask.NewKey(bytes.Repeat([]byte{7}, mask.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return Options{MaskKey: k}
}

func mustCompile(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := Compile(mustLoad(t, text), testSpec(), testOptions(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
