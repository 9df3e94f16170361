package proxy

import "testing"

func TestSideEffects(t *testing.T) {
	for _, c := range []struct {
		text                 string
		settings, path, ends bool
	}{
		{"select 1", false, false, false},
		{"  /* x */ -- y\n SELECT set_CONFIG('search_path', 'x', false)", true, true, false},
		{"SELECT 1; SET search_path = x", true, true, false},
		{"set timezone to 'UTC'", true, false, false},
		{"SET ROLE x", true, true, false},
		{"reset all", true, true, false},
		{"COMMIT;", false, false, true},
		{"rollback to s", false, false, true},
		{"begin; set local search_path = x; commit", true, true, true},
		{"do $$ begin perform 1; end $$", true, true, true},
		{"/* /* */ select 1", false, false, false},
		{"/*/ x */ select set_config('role', 'x', false)", true, true, false},
		{"/*/", false, false, false},
		{"discard all", true, true, false},
		{"execute p", true, true, false},
		{"", false, false, false},
	} {
		e := sideEffects([]byte(c.text))
		if e.schema, e.own = false, false; e != (sideEffect{settings: c.settings, path: c.path, ends: c.ends}) {
			t.Errorf("%q: %+v", c.text, e)
		}
		p := unreadPlan(nil, []byte(c.text))
		if p.ChangesSettings != c.settings || p.ChangesPath != c.path || p.EndsTransaction != c.ends || !p.Plain || !p.Allowed {
			t.Errorf("%q: plan %+v", c.text, p)
		}
	}
}

func TestSideEffectsOnTheSchema(t *testing.T) {
	for text, want := range map[string]bool{
		"create table x (a int)": true, "DROP VIEW v": true, "alter table x add b int": true, "select 1": false, "begin; create table x()": true,
		"insert into x values (1)": false, "vacuum": false,
	} {
		if unreadPlan(nil, []byte(text)).ChangesSchema != want {
			t.Errorf("%q: not %v", text, want)
		}
	}
}

func TestUnreadPlanOfOrdinaryTextsAllocatesNothing(t *testing.T) {
	text := []byte("SELECT abalance FROM pgbench_accounts WHERE aid = 12345;")
	if n := testing.AllocsPerRun(100, func() { unreadPlan(nil, text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestControl(t *testing.T) {
	for text, want := range map[string]bool{
		"rollback": true, " /* x */ COMMIT AND CHAIN;": true, "begin": false, "set transaction read only": true, "": true, " \n": true, "abort": true,
		"rollback; select 1": false, "select 1": false, ";": false, "-- x": false, "prepare transaction 'x'": false, "settle": false,
	} {
		if control([]byte(text)) != want {
			t.Errorf("%q: not %v", text, want)
		}
	}
}
