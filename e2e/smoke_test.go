package e2e

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestFirstRow(t *testing.T) {
	ctx := context.Background()
	c, err := pgx.Connect(ctx, shared.DSN("app", password("app"), "shop", ""))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(ctx)
	born := time.Date(1979, 5, 4, 0, 0, 0, 0, time.UTC)
	var id int
	err = c.QueryRow(ctx, "insert into people (name, email, ssn, age, born, balance) values ($1, $2, $3, $4, $5, $6) returning id",
		"Ada", "ada@first.test", "123-45-6789", 45, born, "12.50").Scan(&id)
	if err != nil {
		t.Fatal(err)
	}
	var email, ssn, balance string
	var age int
	var got time.Time
	err = c.QueryRow(ctx, "select email, ssn, age, born, balance::text from people where email = $1", "ada@first.test").
		Scan(&email, &ssn, &age, &got, &balance)
	if err == nil {
		t.Error("a cast of a protected column was not refused")
	}
	err = c.QueryRow(ctx, "select email, ssn, age, born from people where email = $1", "ada@first.test").Scan(&email, &ssn, &age, &got)
	if err != nil {
		t.Fatal(err)
	}
	if email != "ada@first.test" || ssn != "123-45-6789" || age != 45 || !got.Equal(born) {
		t.Errorf("got %q %q %d %v", email, ssn, age, got)
	}
	stored := direct("shop", "select email, ssn from people where id = 1")
	if len(stored[0].Rows) != 1 || !bytes.HasSuffix(stored[0].Rows[0][0], []byte("c57e91")) {
		t.Errorf("stored: %s", stored[0].Rows)
	}
}
