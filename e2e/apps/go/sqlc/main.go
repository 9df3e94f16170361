// Command sqlc is an application on code that sqlc generated from schema.sql and queries.sql (sqlc generate in this folder), written
// for a plain database, over pgx with its batches and its COPY. It prints all that it sees.
package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/pgveil/pgveil/e2e/apps/go/printed"
	"github.com/pgveil/pgveil/e2e/apps/go/sqlc/store"
)

//go:embed schema.sql
var schema string

func text(s string) pgtype.Text { return pgtype.Text{String: s, Valid: true} }

func number(s string) (n pgtype.Numeric) {
	if err := n.Scan(s); err != nil {
		panic(err)
	}
	return n
}

func day(s string) pgtype.Date {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return pgtype.Date{Time: t, Valid: true}
}

func person(n int) store.CreateCustomerParams {
	return store.CreateCustomerParams{Name: fmt.Sprintf("Person %02d", n), Email: fmt.Sprintf("person%02d@example.org", n), Phone: text(fmt.Sprintf("+49 30 %04d", n)),
		Born: day(fmt.Sprintf("%d-03-%02d", 1960+n, n+1)), Credit: number(fmt.Sprintf("%d.50", n*100)), Profile: []byte(fmt.Sprintf(`{"n": %d}`, n)), Active: n%3 != 0,
		Seen: pgtype.Timestamptz{Time: time.Date(2024, 2, 29, n, 30, 0, 0, time.UTC), Valid: true}}
}

func main() {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, os.Getenv("DSN"))
	if err != nil {
		panic(err)
	}
	for _, statement := range strings.Split(schema, ";\n") {
		if strings.TrimSpace(statement) != "" {
			_, err := conn.Exec(ctx, statement)
			printed.Show("schema", nil, err)
		}
	}
	q := store.New(conn)
	for n := 1; n <= 9; n++ {
		c, err := q.CreateCustomer(ctx, person(n))
		printed.Show("create", c, err)
	}
	_, err = q.CreateCustomer(ctx, person(1))
	printed.Show("a duplicate", err != nil, nil)
	read(ctx, q)
	change(ctx, conn, q)
	all, err := q.ListCustomers(ctx, store.ListCustomersParams{Limit: 100})
	printed.Show("all", all, err)
	n, err := q.CreateOrders(ctx, []store.CreateOrdersParams{{CustomerID: 1, Total: number("12.50"), Status: "new"}, {CustomerID: 2, Total: number("199.99"), Status: "paid"}})
	printed.Show("copy", n, err)
	large, err := q.LargeOrders(ctx, number("100.00"))
	printed.Show("what was copied", large, err)
}

func read(ctx context.Context, q *store.Queries) {
	c, err := q.UpsertCustomer(ctx, store.UpsertCustomerParams{Name: "Renamed", Email: "person01@example.org", Phone: text("111")})
	printed.Show("upsert", c, err)
	c, err = q.CustomerByEmail(ctx, "person02@example.org")
	printed.Show("by email", c, err)
	_, err = q.CustomerByEmail(ctx, "nobody")
	printed.Show("nobody", nil, err)
	some, err := q.CustomersByEmails(ctx, []string{"person03@example.org", "person04@example.org"})
	printed.Show("by emails", some, err)
	for page := range int32(3) {
		list, err := q.ListCustomers(ctx, store.ListCustomersParams{Limit: 4, Offset: page * 4})
		printed.Show("page", list, err)
	}
	born, err := q.BornBetween(ctx, store.BornBetweenParams{Earliest: day("1963-01-01"), Latest: day("1966-01-01")})
	printed.Show("born between", born, err)
	for _, p := range []store.SearchCustomersParams{{Email: text("person05@example.org")}, {Name: text("Person 06")}, {Email: text("person05@example.org"), Name: text("x")}, {}} {
		found, err := q.SearchCustomers(ctx, p)
		printed.Show("search", found, err)
	}
	n, err := q.CountCustomers(ctx)
	printed.Show("count", n, err)
}

func change(ctx context.Context, conn *pgx.Conn, q *store.Queries) {
	n, err := q.UpdateEmail(ctx, store.UpdateEmailParams{OldEmail: "person07@example.org", NewEmail: "seven@example.org"})
	printed.Show("update", n, err)
	c, err := q.PatchCustomer(ctx, store.PatchCustomerParams{ID: 8, Profile: []byte(`{"patched": true}`)})
	printed.Show("patch", c, err)
	batch := q.AddOrder(ctx, []store.AddOrderParams{{CustomerID: 3, Total: number("33.00")}, {CustomerID: 2, Total: number("7.00")},
		{CustomerID: 2, Total: number("99.99")}, {CustomerID: 1, Total: number("0.01")}})
	batch.QueryRow(func(i int, o store.Order, err error) { printed.Show(fmt.Sprint("batch ", i), o, err) })
	of, err := q.OrdersOf(ctx, "person02@example.org")
	printed.Show("orders of", of, err)
	busy, err := q.Busiest(ctx, 0)
	printed.Show("busiest", busy, err)
	large, err := q.LargeOrders(ctx, number("10.00"))
	printed.Show("large", large, err)
	n, err = q.DeleteCustomer(ctx, "person09@example.org")
	printed.Show("delete", n, err)
	tx, err := conn.Begin(ctx)
	printed.Show("begin", nil, err)
	_, err = q.WithTx(tx).CreateCustomer(ctx, person(20))
	printed.Show("in it", nil, err)
	printed.Show("rollback", nil, tx.Rollback(ctx))
	_, err = q.CustomerByEmail(ctx, "person20@example.org")
	printed.Show("gone", nil, err)
}
