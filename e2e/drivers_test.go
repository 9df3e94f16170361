package e2e

import (
	"context"
	"database/sql"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/lib/pq"
)

// person is one row with each protected type.
type person struct {
	Name, Email, SSN string
	Age              int32
	Born             time.Time
	Balance, Amount  string
	Active           bool
	Seen             time.Time
	Token            string
	Photo            []byte
	Extra, Code      string
	Big              int64
	Small            int16
}

func ada(email string) person {
	return person{"Ada", email, "123-45-6789", 45, time.Date(1979, 5, 4, 0, 0, 0, 0, time.UTC), "-12.50", "1234.5678", true,
		time.Date(2024, 2, 29, 23, 59, 58, 123456000, time.UTC), "6f8a1e9c-0f3a-4c4b-9d5e-0123456789ab", []byte{0, 1, 0xc5, 0x7e, 0x91},
		`{"a": [1, 2.50, null], "bb": "x"}`, "K-17", 1 << 60, -7}
}

const (
	insertPerson = `insert into people (name, email, ssn, age, born, balance, amount, active, seen, token, photo, extra, code, big, small)
		values ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15) returning id`
	selectPerson = `select name, email, ssn, age, born, balance, amount, active, seen, token, photo, extra, code, big, small from people where email = $1`
)

func (p *person) fields() []any {
	return []any{&p.Name, &p.Email, &p.SSN, &p.Age, &p.Born, &p.Balance, &p.Amount, &p.Active, &p.Seen, &p.Token, &p.Photo, &p.Extra, &p.Code, &p.Big, &p.Small}
}

func (p person) values() []any {
	return []any{p.Name, p.Email, p.SSN, p.Age, p.Born, p.Balance, p.Amount, p.Active, p.Seen, p.Token, p.Photo, p.Extra, p.Code, p.Big, p.Small}
}

func (p person) same(t *testing.T, q person) {
	t.Helper()
	p.Born, q.Born, p.Seen, q.Seen = p.Born.UTC(), q.Born.UTC(), p.Seen.UTC(), q.Seen.UTC()
	if fmt.Sprint(p) != fmt.Sprint(q) {
		t.Errorf("got  %v\nwant %v", p, q)
	}
}

func TestPgxInAllModes(t *testing.T) {
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe,
		pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		t.Run(mode.String(), func(t *testing.T) {
			config, err := pgx.ParseConfig(shared.DSN("app", password("app"), "shop", ""))
			if err != nil {
				t.Fatal(err)
			}
			config.DefaultQueryExecMode = mode
			ctx := context.Background()
			c, err := pgx.ConnectConfig(ctx, config)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close(ctx)
			want := ada(mode.String() + "@pgx.test")
			for range 3 { // prepared, then reused
				want.Email = "x" + want.Email
				want.Token = fmt.Sprintf("%08x%s", len(want.Email), want.Token[8:])
				var id int
				if err := c.QueryRow(ctx, insertPerson, want.values()...).Scan(&id); err != nil {
					t.Fatal(err)
				}
				var got person
				if err := c.QueryRow(ctx, selectPerson, want.Email).Scan(got.fields()...); err != nil {
					t.Fatal(err)
				}
				want.same(t, got)
			}
			rows, err := c.Query(ctx, "select email from people where email = any($1) order by id", []string{want.Email, "none"})
			if err != nil {
				t.Fatal(err)
			}
			found, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
				// pgx sends these as text.
			}
			if err != nil || len(found) != 1 || found[0] != want.Email {
				t.Errorf("= any: %v %v", found, err)
			}
		})
	}
}

func TestLibPQ(t *testing.T) {
	for _, more := range []string{"", "binary_parameters=yes"} {
		t.Run(more, func(t *testing.T) {
			db, err := sql.Open("postgres", shared.DSN("app", password("app"), "shop", more))
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			want := ada("libpq" + more + "@pq.test")
			var id int
			if err := db.QueryRow(insertPerson, want.values()...).Scan(&id); err != nil {
				t.Fatal(err)
			}
			var got person
			if err := db.QueryRow(selectPerson, want.Email).Scan(got.fields()...); err != nil {
				t.Fatal(err)
			}
			want.same(t, got)
		})
	}
}

func psql(t *testing.T, dsn string, input string) string {
	t.Helper()
	cmd := exec.Command("psql", "-X", "-At", "-v", "ON_ERROR_STOP=0", dsn)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	return string(out)
}

func TestPsql(t *testing.T) {
	in := `insert into people (name, email, ssn, age, born) values ('P', 'p@psql.test', '9', 30, '2001-02-03') returning id > 0;
select name, email, ssn, age, born from people where email in ('p@psql.test', 'q');
update people set ssn = 'x''y', age = age where email = 'p@psql.test';
update people set ssn = 'x''y', age = null where email = 'p@psql.test';
select ssn, age is null from people where email = 'p@psql.test';
delete from people where email = 'p@psql.test';
`
	got := psql(t, shared.DSN("app", password("app"), "shop", ""), in)
	want := psql(t, shared.plain.DSN("app", password("app"), "plain", ""), in)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
