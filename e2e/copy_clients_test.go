package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/lib/pq"
)

const copiedPeople = 10000

var copiedColumns = []string{"id", "name", "email", "ssn", "age", "born", "balance", "rate", "active", "seen", "token", "photo", "extra", "code", "big", "small", "note"}

// copiedPerson is a row as a program has it; every fifth value is NULL but for the first two.
func copiedPerson(i int) []any {
	balance, rate := pgtype.Numeric{}, pgtype.Numeric{}
	if balance.Scan(fmt.Sprintf("%d.%02d", i*37-100000, i%100)) != nil || rate.Scan(fmt.Sprintf("%d.%04d", i%1000, i%10000)) != nil {
		panic("no numeric")
	}
	row := []any{i, fmt.Sprintf("Näme %d", i), fmt.Sprintf("cnry%d\t\"@x\\.", i), fmt.Sprintf("cnry-ssn\n%d,", i), int32(i*7919 - 1<<20),
		time.Date(1900+i%200, time.Month(1+i%12), 1+i%28, 0, 0, 0, 0, time.UTC), balance, rate, i%2 == 0,
		time.Date(2024, 2, 29, i%24, i%60, i%59, i*1000, time.UTC), fmt.Sprintf("%08x-1111-2222-3333-444444444444", i), []byte{0, byte(i), 0xc5, 0x7e, 0x91, '\\'},
		fmt.Sprintf(`{"k": [%d, "cnry\n"]}`, i), fmt.Sprintf("C%d", i), int64(i) << 40, int16(i%60000 - 30000), fmt.Sprintf("note %d", i)}
	for c := 2; c < len(row); c++ {
		if (i+c)%5 == 0 {
			row[c] = nil
		}
	}
	return row
}

// samePeople compares what the two databases show, in the text and in the binary format.
func samePeople(t *testing.T, how string) {
	t.Helper()
	proxied, plain := bothApps(t)[0], bothApps(t)[1]
	for _, o := range []string{"", " binary"} {
		text := "copy (select " + strings.Join(copiedColumns, ", ") + " from people order by id) to stdout" + o
		got, want := copiedOut(proxied, text), copiedOut(plain, text)
		if got != want {
			t.Errorf("%s%s: %s", how, o, firstDifference(got, want))
		}
		if !strings.Contains(want, fmt.Sprintf("COPY %d ok", copiedPeople)) {
			t.Errorf("%s%s: the plain database has other rows: %s", how, o, want[max(0, len(want)-60):])
		}
	}
}

// TestCopyByPgx: ten thousand rows with pgx's CopyFrom, which sends binary data.
func TestCopyByPgx(t *testing.T) {
	dialogue(t)
	ctx := context.Background()
	for _, dsn := range []string{shared.DSN("app", password("app"), "shop", ""), shared.plain.DSN("app", password("app"), "plain", "")} {
		c, err := pgx.Connect(ctx, dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		i := 0
		n, err := c.CopyFrom(ctx, pgx.Identifier{"people"}, copiedColumns, pgx.CopyFromFunc(func() ([]any, error) {
			if i++; i > copiedPeople {
				return nil, nil
			}
			return copiedPerson(i), nil
		}))
		if err != nil || n != copiedPeople {
			t.Fatal(n, err)
		}
		// The session goes on after rows that can't be sealed or stored.
		if _, err := c.CopyFrom(ctx, pgx.Identifier{"people"}, []string{"id", "name", "email"}, pgx.CopyFromRows([][]any{{-1, "n", "cnry-x"}, {1, "n", "cnry-y"}})); !strings.Contains(copyError(err), "23505") {
			t.Error(err)
		}
		if _, err := c.CopyFrom(ctx, pgx.Identifier{"people"}, []string{"id", "name", "code"}, pgx.CopyFromRows([][]any{{-1, "n", "cnry-much-too-long"}})); !strings.Contains(copyError(err), "22001") {
			t.Error(err)
		}
		var email string
		if err := c.QueryRow(ctx, "select email from people where id = $1", 1).Scan(&email); err != nil || email != copiedPerson(1)[2] {
			t.Errorf("%q %v", email, err)
		}
	}
	samePeople(t, "pgx")
}

// TestCopyByLibPQ: ten thousand rows with lib/pq's CopyIn, which sends text, in a transaction with savepoints and failures.
func TestCopyByLibPQ(t *testing.T) {
	dialogue(t)
	for _, dsn := range []string{shared.DSN("app", password("app"), "shop", ""), shared.plain.DSN("app", password("app"), "plain", "sslmode=disable")} {
		db, err := sql.Open("postgres", dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		tx, err := db.Begin()
		if err != nil {
			t.Fatal(err)
		}
		in := func(columns []string, rows int, row func(i int) []any) error {
			st, err := tx.Prepare("copy people (" + strings.Join(columns, ", ") + ") from stdin")
			if err != nil {
				return err
			}
			for i := 1; i <= rows; i++ {
				if _, err := st.Exec(row(i)...); err != nil {
					st.Close()
					return err
				}
			}
			if _, err := st.Exec(); err != nil {
				st.Close()
				return err
			}
			return st.Close()
		}
		if _, err := tx.Exec("savepoint s"); err != nil {
			t.Fatal(err)
		}
		for state, bad := range map[string][]any{"22001": {-1, "n", "cnry-much-too-long"}, "23502": {-1, nil, "cnry"}} {
			err := in([]string{"id", "name", "code"}, 1, func(int) []any { return bad })
			if e, ok := err.(*pq.Error); !ok || string(e.Code) != state {
				t.Errorf("%v, %s was expected", err, state)
			}
			if _, err := tx.Exec("rollback to s"); err != nil {
				t.Fatal(err)
			}
		}
		err = in(copiedColumns, copiedPeople, func(i int) []any {
			row := copiedPerson(i)
			for c, v := range row {
				if n, ok := v.(pgtype.Numeric); ok {
					row[c], _ = n.Value()
				}
			}
			return row
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	samePeople(t, "lib/pq")
}

// TestCopyByPsql: \copy out to files and in again, which are the same files and the same rows on both sides.
func TestCopyByPsql(t *testing.T) {
	proxied, plain := dialogue(t)
	nastyRows(t, 60, proxied, plain)
	dsns := []string{shared.DSN("app", password("app"), "shop", ""), shared.plain.DSN("app", password("app"), "plain", "")}
	for _, o := range []string{"", "csv header", "binary", "with (format csv, header match, null 'x', force_quote *)"} {
		if serverMajor() < 15 { // what is no COPY there, psql sends the rows of as SQL
			o = strings.Replace(o, "header match", "header", 1)
		}
		out := strings.Replace(o, "header match", "header", 1)
		in := strings.Replace(o, ", force_quote *", "", 1)
		var said, files [2]string
		for i, dsn := range dsns {
			file := filepath.Join(t.TempDir(), "rows")
			said[i] = psql(t, dsn, fmt.Sprintf(`begin;
\copy (select * from people order by id) to '%[1]s' %[2]s
truncate people, logins;
\copy people from '%[1]s' %[3]s
savepoint s;
\copy people (id, name, email) from stdin
1	again	cnry
\.
rollback to s;
\copy people (name, age) from stdin csv
n,cnry
\.
rollback to s;
select count(*), min(id), max(id) from people;
commit;
\copy (select id, email, ssn from people order by id) to stdout csv header
`, file, out, in))
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			files[i] = string(content)
			for _, line := range strings.Split(said[i], "\n") {
				if strings.HasPrefix(line, "ERROR") || strings.HasPrefix(line, "CONTEXT") || strings.HasPrefix(line, "DETAIL") || strings.HasPrefix(line, "HINT") {
					said[i] = strings.Replace(said[i], line+"\n", "", 1)
				}
			}
		}
		if files[0] != files[1] || len(files[0]) < 1000 {
			t.Errorf("%q: %s", o, firstDifference(files[0], files[1]))
		}
		if said[0] != said[1] || !strings.Contains(said[0], "COPY 60") {
			t.Errorf("%q: %s", o, firstDifference(said[0], said[1]))
		}
	}
}
