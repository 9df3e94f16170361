package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/e2e/stack"
)

// TestCatalogUnderSettings: a protected table that has another name is found by its guard, whatever settings the session has that reads the
// catalog: the server writes the guard's text by them.
func TestCatalogUnderSettings(t *testing.T) {
	own := ownStack(t, func(o *stack.Options) {
		o.Encrypt = "  public.bysettings:\n    mail: {type: text, search: equality}\n"
		o.Policy = generateRules
	})
	app := session(t, own, "app")
	defer asSuperuser(shared.pg, "shop", "drop table if exists bysettings, bysettings2")
	rowsOf(t, app, "create table bysettings (id int primary key, mail text default 'cnry-default')")
	rowsOf(t, app, "insert into bysettings values (1, 'cnry-settings')")
	for _, setting := range []string{"bytea_output = escape", "quote_all_identifiers = on", "standard_conforming_strings = off", "datestyle = german", "intervalstyle = iso_8601"} {
		c := session(t, own, "app")
		rowsOf(t, c, "set "+setting)
		rowsOf(t, c, "alter table bysettings rename to bysettings2")
		rowsOf(t, c, "create table other_"+strings.Fields(setting)[0]+" (id int)") // whoever is next reads
		for _, who := range []string{"same", "other"} {
			s := c
			if who == "other" {
				s = session(t, own, "app")
			}
			text := "select mail from bysettings2 where mail = 'cnry-settings'"
			results, err := s.Exec(context.Background(), text).ReadAll()
			if err != nil || len(results[0].Rows) != 1 || string(results[0].Rows[0][0]) != "cnry-settings" {
				t.Errorf("%s, %s session: %v %v", setting, who, results, err)
			}
			if got := rowsOf(t, s, "select count(*) from pg_constraint where conrelid = 'bysettings2'::regclass and contype = 'c'"); string(got[0][0]) != "0" {
				t.Errorf("%s, %s session: the guard shows", setting, who)
			}
		}
		rowsOf(t, c, "drop table other_"+strings.Fields(setting)[0])
		rowsOf(t, c, "alter table bysettings2 rename to bysettings")
	}
}
