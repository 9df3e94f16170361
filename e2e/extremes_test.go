package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// extremes are statements of a size that no application should send: each gets an answer in time, the one that the plain server gives or a
// refusal, and the session goes on.
func extremes() []struct {
	name, sql string
	params    int
} {
	long := strings.Repeat("0123456789", 1<<20)
	list := func(n int, f func(i int) string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(f(i))
		}
		return b.String()
	}
	joins := func(n int) string {
		text := "select count(*) from people p0"
		for i := 1; i < n; i++ {
			text += fmt.Sprintf(" join people p%d on p%d.email = p%d.email", i, i, i-1)
		}
		return text + " where p0.id = 3"
	}
	return []struct {
		name, sql string
		params    int
	}{
		{"parentheses", "select id from people where email = " + strings.Repeat("(", 10000) + "'cnry3@x.test'" + strings.Repeat(")", 10000), 0},
		{"parentheses of a plain statement", "select " + strings.Repeat("(", 10000) + "1" + strings.Repeat(")", 10000), 0},
		{"few parentheses", "select id from people where email = " + strings.Repeat("(", 500) + "'cnry3@x.test'" + strings.Repeat(")", 500), 0},
		{"brackets that nobody closes", "select id from people where email = " + strings.Repeat("(", 100000), 0},
		{"a chain of operators", "select id from people where email = 'cnry3@x.test'" + strings.Repeat(" or id = 1", 20000), 0},
		{"a long literal", "update people set ssn = 'cnry" + long + "' where id = -1", 0},
		{"a long plain literal", "select length('" + long + "')", 0},
		{"a literal of 7 MB", "update people set ssn = 'cnry" + long[:7<<20] + "' where id = -1", 0},
		{"a long list", "select id from people where email in (" + list(1000000, func(i int) string { return fmt.Sprintf("'cnry%d'", i) }) + ")", 0},
		{"a list", "select id from people where email in (" + list(50000, func(i int) string { return fmt.Sprintf("'cnry%d@x.test'", i) }) + ") order by id", 0},
		{"a plain list", "select count(*) from things where id in (" + list(1000000, func(i int) string { return fmt.Sprint(i) }) + ")", 0},
		{"CASE in CASE", "select " + strings.Repeat("case when id = 3 then email else ", 2000) + "email" + strings.Repeat(" end", 2000) + " from people where id = 4", 0},
		{"a few CASE in CASE", "select " + strings.Repeat("case when id = 3 then email else ", 100) + "email" + strings.Repeat(" end", 100) + " from people where id = 4", 0},
		{"subqueries in subqueries", strings.Repeat("select email from (", 1500) + "select email from people where id = 3" + strings.Repeat(") t", 1500), 0},
		{"a few subqueries in subqueries", strings.Repeat("select email from (", 50) + "select email from people where id = 3" + strings.Repeat(") t", 50), 0},
		{"joins", joins(64), 0},
		{"columns", "select " + list(1600, func(i int) string { return fmt.Sprintf("email as c%d", i) }) + " from people where id = 3", 0},
		{"too many columns", "select " + list(1700, func(i int) string { return fmt.Sprintf("email as c%d", i) }) + " from people where id = 3", 0},
		{"parameters", "select id from people where email in (" + list(65535, func(i int) string { return fmt.Sprintf("$%d", i+1) }) + ") order by id", 65535},
		{"plain parameters", "select count(*) from things where label in (" + list(65535, func(i int) string { return fmt.Sprintf("$%d", i+1) }) + ")", 65535},
		{"rows", "insert into people (id, name, email) values " + list(20000, func(i int) string { return fmt.Sprintf("(%d,'n','cnry-row-%d')", 100000+i, i) }), 0},
		{"comments in comments", "select id /*" + strings.Repeat("/*", 5000) + strings.Repeat("*/", 5000) + "*/ from people where email = 'cnry3@x.test'", 0},
		{"statements", strings.Repeat("select id from people where email = 'cnry3@x.test';", 5000), 0},
		{"UNION", strings.Repeat("select email from people union all ", 600) + "select email from people", 0},
	}
}

func TestExtremes(t *testing.T) {
	ctx := context.Background()
	proxied := connect(shared.DSN("app", password("app"), "shop", ""))
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer func() { proxied.Close(ctx); plain.Close(ctx) }()
	fill(proxied)
	fill(plain)
	answered := 0
	for _, c := range extremes() {
		if c.name == "subqueries in subqueries" && serverMajor() < 15 {
			continue // the plain server is busy with it for minutes
		}
		one := func(conn *pgconn.PgConn) (outcome, time.Duration) {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
			defer cancel()
			began := time.Now()
			conn.Exec(ctx, "begin").ReadAll()
			var results []*pgconn.Result
			var err error
			if c.params > 0 {
				values := make([][]byte, c.params)
				for i := range values {
					values[i] = fmt.Appendf(nil, "cnry%d@x.test", i)
					if strings.Contains(c.sql, "label") {
						values[i] = fmt.Appendf(nil, "label %d", i)
					}
				}
				r := conn.ExecParams(ctx, c.sql, values, nil, nil, nil).Read()
				results, err = []*pgconn.Result{r}, r.Err
			} else {
				results, err = conn.Exec(ctx, c.sql).ReadAll()
			}
			took := time.Since(began)
			o := outcomeOf(results, err, false)
			if _, err := conn.Exec(ctx, "rollback").ReadAll(); err != nil {
				t.Errorf("%s: the session did not go on: %v, %v", c.name, errors.Join(err), o.text[:min(300, len(o.text))])
			}
			return o, took
		}
		var got, want outcome
		var took, direct time.Duration
		atOnce(func() { got, took = one(proxied) }, func() { want, direct = one(plain) })
		switch {
		case got.code != "":
			t.Logf("%s: refused %s %s in %v", c.name, got.code, got.sqlstate, took.Round(time.Millisecond))
		case got.text != want.text && got.sqlstate == "54001" && want.sqlstate == "54001":
		case got.text != want.text:
			t.Errorf("%s: %.300s", c.name, firstDifference(got.text, want.text))
		default:
			answered++
			t.Logf("%s: %v, %v direct %s", c.name, took.Round(time.Millisecond), direct.Round(time.Millisecond), got.sqlstate)
		}
		if took > time.Minute {
			t.Errorf("%s took %v", c.name, took)
		}
		if proxied.IsClosed() {
			proxied = connect(shared.DSN("app", password("app"), "shop", ""))
		}
		if plain.IsClosed() {
			plain = connect(shared.plain.DSN("app", password("app"), "plain", ""))
		}
	}
	if answered < 10 {
		t.Errorf("only %d were answered", answered)
	}
}
