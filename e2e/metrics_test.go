package e2e

import (
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// counter is one line of /metrics, 0 when it isn't there yet.
func counter(t *testing.T, line string) float64 {
	t.Helper()
	text, err := shared.Metrics()
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.SplitSeq(text, "\n") {
		if v, ok := strings.CutPrefix(l, line+" "); ok {
			n, err := strconv.ParseFloat(v, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// TestValuesAreCounted: what a statement seals, opens, masks or is refused for shows in the metrics, each under its own name.
func TestValuesAreCounted(t *testing.T) {
	email := func(name string) string {
		return "pgveil_values_" + name + `_total{column="email",table="public.people"}`
	}
	sealed, opened, masked := email("sealed"), email("opened"), email("masked")
	refused := `pgveil_refusals_total{code="PV303"}`
	app := session(t, shared.Stack, "app")
	rowsOf(t, app, "delete from people where id in (7901, 7902)")
	defer rowsOf(t, app, "delete from people where id in (7901, 7902)")
	for _, step := range []struct {
		user, sql string
		want      map[string]float64
	}{
		{"app", "insert into people (id, name, email) values (7901, 'n', 'cnry-m1@x.test'), (7902, 'n', 'cnry-m2@x.test')", map[string]float64{sealed: 2}},
		{"app", "select email from people where id in (7901, 7902)", map[string]float64{opened: 2}},
		{"app", "select id from people where email = 'cnry-m1@x.test'", map[string]float64{sealed: 1}},
		{"support", "select id, email from people where id in (7901, 7902)", map[string]float64{masked: 2}},
		{"analyst", "select email from people where id = 7901", map[string]float64{refused: 1}},
	} {
		names := []string{sealed, opened, masked, refused}
		before := map[string]float64{}
		for _, name := range names {
			before[name] = counter(t, name)
		}
		c := session(t, shared.Stack, step.user)
		_, err := c.Exec(t.Context(), step.sql).ReadAll()
		if _, isRefusal := err.(*pgconn.PgError); (step.want[refused] > 0) != isRefusal {
			t.Errorf("%s: %v", step.sql, err)
		}
		for _, name := range names {
			within(t, step.sql+": "+name, func() bool { return counter(t, name)-before[name] == step.want[name] })
		}
	}
}
