package sql

import (
	"fmt"
	"strings"
	"testing"
)

// textCatalog has customers, which is protected, and logs, which is not.
func textCatalog(t *testing.T) *Catalog {
	t.Helper()
	return pg15Catalog(t, Spec{Protected: map[TableName]map[string]Protection{
		{"public", "customers"}: {"email": {Key: "public.customers.email", ID: 1, Search: SearchEquality, Type: Type{OIDText, -1}}},
		{"public", "fresh"}:     {"mail": {Key: "public.fresh.mail", ID: 2, Search: SearchEquality, Type: Type{OIDText, -1}}},
	}})
}

// TestPieces: what has to be carried out statement by statement, as the places of the statements or the code of a refusal; "whole" is what is
// judged at once, whatever becomes of it.
func TestPieces(t *testing.T) {
	c := textCatalog(t)
	for text, want := range map[string]string{
		"CREATE TABLE fresh (mail text); INSERT INTO fresh VALUES ('a')":                                                                                   "0-30 32-62",
		"/* é */ CREATE TABLE fresh (mail text); ; INSERT INTO fresh VALUES ('a'); -- end":                                                                 "9-39 43-73",
		"SET search_path = x; SELECT id FROM customers":                                                                                                    "0-19 21-45",
		"ROLLBACK; SELECT id FROM customers":                                                                                                               "0-8 10-34",
		"DO $$ BEGIN NULL; END $$; SELECT id FROM customers":                                                                                               "0-24 26-50",
		"CREATE VIEW v AS SELECT id, email FROM customers; SELECT * FROM v":                                                                                "0-48 50-65",
		"CREATE VIEW v AS SELECT id, email FROM customers; INSERT INTO v VALUES (1, 'plain')":                                                              "0-48 50-83",
		"CREATE TABLE kid () INHERITS (customers); INSERT INTO kid (email) VALUES ('plain')":                                                               "0-40 42-82",
		"CREATE TABLE kid () INHERITS (customers); CREATE INDEX ON kid ((email = 'plain'))":                                                                "0-40 42-81",
		"CREATE TABLE fresh (mail text); CREATE TABLE x (id int); INSERT INTO x VALUES (1)":                                                                "whole",
		"CREATE TABLE fresh (mail text); CREATE INDEX ON fresh (mail)":                                                                                     "whole",
		"CREATE TABLE fresh (mail text); COMMENT ON TABLE fresh IS 'x'":                                                                                    "whole",
		"BEGIN; SELECT id FROM customers; COMMIT":                                                                                                          "whole",
		"SELECT email || 'x' FROM customers; ROLLBACK; SELECT id FROM customers":                                                                           "whole",
		"SELECT nonsense FROM FROM; SELECT id FROM customers":                                                                                              "whole",
		"CREATE TABLE fresh (mail text); COPY fresh FROM STDIN":                                                                                            "PV245",
		"CREATE TABLE fresh (mail text); COPY logs FROM STDIN; INSERT INTO fresh VALUES ('a')":                                                             "PV245",
		"CREATE TABLE fresh (mail text); COPY logs TO STDOUT; INSERT INTO fresh VALUES ('a')":                                                              "0-30 32-51 53-83",
		"SET client_encoding = 'LATIN1'; CREATE VIEW x AS SELECT 1; SELECT id FROM customers":                                                              "PV246",
		"SET NAMES 'LATIN1'; CREATE VIEW x AS SELECT 1; SELECT id FROM customers":                                                                          "PV246",
		"RESET ALL; SELECT id FROM customers":                                                                                                              "PV246",
		"SET standard_conforming_strings = off; SET role x; SELECT id FROM customers":                                                                      "PV246",
		"SELECT set_config('client_' || 'encoding', 'LATIN1', false); SELECT id FROM customers":                                                            "0-59 61-85",
		"SELECT set_config('client_encoding', 'LATIN1', false); SELECT id FROM customers":                                                                  "PV246",
		"SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SELECT set_config('search_path', '', false); SELECT id FROM public.customers": "0-28 30-66 68-111 113-144",
	} {
		all := Analyze(c, []string{"pg_catalog", "public"}, text)
		refused := -1
		for i, st := range all {
			if refused < 0 && st.Refusal != nil {
				refused = i
			}
		}
		spans, refusal := Pieces(all, refused)
		got := "whole"
		switch {
		case refusal != nil:
			got = refusal.Code
		case spans != nil:
			var places []string
			for _, s := range spans {
				places = append(places, fmt.Sprintf("%d-%d", s.Start, s.End))
			}
			got = strings.Join(places, " ")
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}
