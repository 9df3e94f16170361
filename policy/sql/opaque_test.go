package sql

import "testing"

// Code whose SQL can't be seen is refused unless the configuration vouches for it, and then still if its text names a protected table.
func TestOpaqueCode(t *testing.T) {
	const catalog = `table public.people: id int4, email text equality
		function public.dynamic(plpgsql): BEGIN EXECUTE q; END
		function public.other(plpython3u): pass
		function public.names(plpgsql): BEGIN EXECUTE 'select email from people'; END`
	for _, c := range []struct{ text, refused, trusted string }{
		{"select dynamic()", "PV108", ""},
		{"select other(), id from people", "PV108", ""},
		{"select names()", "PV108", "PV108"},
		{"do $$begin execute 'drop table other'; end$$", "PV111", ""},
		{"do $$begin execute 'drop table people'; end$$", "PV111", "PV111"},
		{"create function f() returns void language plpgsql as $$begin execute 'select 1'; end$$", "PV213", ""},
		{"create function f() returns int language c as 'some.so', 'f'", "PV213", ""},
		{"create function f() returns void language plpgsql as $$begin execute 'delete from People'; end$$", "PV213", "PV213"},
	} {
		for trust, want := range map[bool]string{false: c.refused, true: c.trusted} {
			lines := catalog
			if trust {
				lines += "\nvouched"
			}
			cat := testCatalog(t, lines)
			got := ""
			if cat.MayTouch(c.text) {
				for _, st := range Analyze(cat, []string{"pg_catalog", "public"}, c.text) {
					if st.Refusal != nil {
						got = st.Refusal.Code
					}
				}
			}
			if got != want {
				t.Errorf("%s, trusted %v: %q, want %q", c.text, trust, got, want)
			}
		}
	}
}
