// Command bun is an application on Bun that was written for a plain database: CreateTable, relations, CTEs, bulk updates and
// transactions. It prints all that it sees.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/pgveil/pgveil/e2e/apps/go/printed"
)

type Customer struct {
	bun.BaseModel `bun:"table:customers,alias:c"`
	ID            int64          `bun:",pk,autoincrement"`
	Name          string         `bun:",notnull"`
	Email         string         `bun:"type:text,notnull,unique"`
	Phone         *string        `bun:"type:varchar(20)"`
	Born          *time.Time     `bun:"type:date"`
	Credit        string         `bun:"type:numeric(12,2),notnull,default:0"`
	Profile       map[string]any `bun:"type:jsonb"`
	Active        bool           `bun:"type:boolean,notnull"`
	Seen          *time.Time     `bun:"type:timestamptz"`
	Orders        []*Order       `bun:"rel:has-many,join:id=customer_id"`
}

type Order struct {
	bun.BaseModel `bun:"table:orders,alias:o"`
	ID            int64     `bun:",pk,autoincrement"`
	CustomerID    int64     `bun:",notnull"`
	Total         string    `bun:"type:numeric(10,2),notnull"`
	Status        string    `bun:",notnull"`
	Customer      *Customer `bun:"rel:belongs-to,join:customer_id=id"`
}

func ptr[T any](v T) *T { return &v }

var when = time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC)

func person(n int) *Customer {
	return &Customer{Name: fmt.Sprintf("Person %02d", n), Email: fmt.Sprintf("person%02d@example.org", n), Phone: ptr(fmt.Sprintf("+49 30 %04d", n)),
		Born: ptr(time.Date(1960+n, 3, 1+n, 0, 0, 0, 0, time.UTC)), Credit: fmt.Sprintf("%d.50", n*100), Profile: map[string]any{"n": n, "quote": "it's \"ü\""},
		Active: n%3 != 0, Seen: ptr(when.Add(time.Duration(n) * time.Hour))}
}

func main() {
	pool, err := sql.Open("pgx", os.Getenv("DSN"))
	if err != nil {
		panic(err)
	}
	db := bun.NewDB(pool, pgdialect.New())
	ctx := context.Background()
	for _, model := range []any{(*Customer)(nil), (*Order)(nil)} {
		_, err := db.NewCreateTable().Model(model).IfNotExists().WithForeignKeys().Exec(ctx)
		printed.Show("create table", nil, err)
	}
	_, err = db.NewCreateIndex().Model((*Customer)(nil)).Index("customers_phone").Column("phone").Exec(ctx)
	printed.Show("create index", nil, err)
	write(ctx, db)
	read(ctx, db)
	change(ctx, db)
	var all []*Customer
	printed.Show("all", &all, db.NewSelect().Model(&all).Relation("Orders").Order("c.id").Scan(ctx))
	_, err = db.NewAddColumn().Model((*Customer)(nil)).ColumnExpr("note text").Exec(ctx)
	printed.Show("add column", nil, err)
	_, err = db.NewDropColumn().Model((*Customer)(nil)).Column("note").Exec(ctx)
	printed.Show("drop column", nil, err)
}

func write(ctx context.Context, db *bun.DB) {
	one := person(1)
	_, err := db.NewInsert().Model(one).Exec(ctx)
	printed.Show("insert", one, err)
	var many []*Customer
	for n := 2; n <= 12; n++ {
		many = append(many, person(n))
	}
	_, err = db.NewInsert().Model(&many).Returning("id, email").Exec(ctx)
	printed.Show("bulk insert", many, err)
	var orders []*Order
	for i, c := range many {
		for o := range i % 4 {
			orders = append(orders, &Order{CustomerID: c.ID, Total: fmt.Sprintf("%d.%02d", i*10+o, o), Status: []string{"new", "paid"}[o%2]})
		}
	}
	_, err = db.NewInsert().Model(&orders).Exec(ctx)
	printed.Show("orders", orders, err)
	_, err = db.NewInsert().Model(person(1)).Exec(ctx)
	printed.Show("a duplicate", err != nil, nil)
	again := person(1)
	again.Name = "Renamed"
	_, err = db.NewInsert().Model(again).On("CONFLICT (email) DO UPDATE").Set("name = EXCLUDED.name, phone = EXCLUDED.phone").Returning("*").Exec(ctx)
	printed.Show("upsert", again, err)
	m := map[string]any{"name": "Map", "email": "map@example.org", "credit": "2.50", "active": true}
	_, err = db.NewInsert().Model(&m).TableExpr("customers").Exec(ctx)
	printed.Show("from a map", nil, err)
}

func read(ctx context.Context, db *bun.DB) {
	c := new(Customer)
	printed.Show("by email", c, db.NewSelect().Model(c).Where("email = ?", "person03@example.org").Scan(ctx))
	list := func(step string, q func(*bun.SelectQuery) *bun.SelectQuery) {
		var rows []*Customer
		printed.Show(step, &rows, q(db.NewSelect().Model(&rows)).Scan(ctx))
	}
	list("in", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("c.email IN (?)", bun.In([]string{"person04@example.org", "person05@example.org"})).Order("c.id")
	})
	list("groups of conditions", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.WhereGroup(" AND ", func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("email = ?", "person06@example.org").WhereOr("phone = ?", "+49 30 0007")
		}).Where("name <> ?", "x").Order("id")
	})
	list("range", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Where("born >= ?", "1965-01-01").Where("born < ?", "1968-01-01").Order("born DESC")
	})
	list("page", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Order("name", "id").Limit(4).Offset(4) })
	list("relation", func(q *bun.SelectQuery) *bun.SelectQuery {
		return q.Relation("Orders", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Where("status = ?", "new").Order("o.id") }).
			Where("c.email = ?", "person05@example.org")
	})
	list("columns", func(q *bun.SelectQuery) *bun.SelectQuery { return q.Column("id", "email").Order("id").Limit(3) })
	var orders []*Order
	printed.Show("belongs to", &orders, db.NewSelect().Model(&orders).Relation("Customer").Where("customer.email = ?", "person09@example.org").Order("o.id").Scan(ctx))
	n, err := db.NewSelect().Model((*Customer)(nil)).Where("phone IS NOT NULL").Count(ctx)
	printed.Show("count", n, err)
	found, err := db.NewSelect().Model((*Customer)(nil)).Where("email = ?", "nobody").Exists(ctx)
	printed.Show("exists", found, err)
	var rows []map[string]any
	printed.Show("cte", &rows, db.NewSelect().With("busy", db.NewSelect().Model((*Order)(nil)).Column("customer_id").ColumnExpr("count(*) AS n").Group("customer_id")).
		TableExpr("busy").ColumnExpr("c.email, busy.n").Join("JOIN customers AS c ON c.id = busy.customer_id").Where("busy.n > ?", 1).OrderExpr("c.id").Scan(ctx, &rows))
	var emails []string
	printed.Show("one column", &emails, db.NewSelect().Model((*Customer)(nil)).Column("email").Order("id").Scan(ctx, &emails))
	var least, most string
	printed.Show("extremes", []*string{&least, &most}, db.NewSelect().Model((*Order)(nil)).ColumnExpr("min(total), max(total)").Scan(ctx, &least, &most))
	printed.Show("missing", nil, db.NewSelect().Model(c).Where("email = ?", "nobody").Scan(ctx))
}

func change(ctx context.Context, db *bun.DB) {
	affected := func(step string, r sql.Result, err error) {
		n := int64(-1)
		if err == nil {
			n, err = r.RowsAffected()
		}
		printed.Show(step, n, err)
	}
	r, err := db.NewUpdate().Model((*Customer)(nil)).Set("phone = ?", "555").Where("email = ?", "person02@example.org").Exec(ctx)
	affected("update", r, err)
	c := person(3)
	c.ID, c.Name, c.Born = 3, "Third", nil
	r, err = db.NewUpdate().Model(c).WherePK().Exec(ctx)
	affected("update all columns", r, err)
	r, err = db.NewUpdate().Model(&Customer{ID: 4, Phone: ptr("444")}).Column("phone").WherePK().Exec(ctx)
	affected("update a column", r, err)
	both := []*Customer{{ID: 5, Email: "five@example.org", Credit: "1.00"}, {ID: 6, Email: "six@example.org", Credit: "2.00"}}
	r, err = db.NewUpdate().Model(&both).Column("email").Bulk().Exec(ctx)
	affected("bulk update", r, err)
	r, err = db.NewDelete().Model((*Customer)(nil)).Where("email = ?", "map@example.org").Exec(ctx)
	affected("delete", r, err)
	printed.Show("transaction", nil, db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(person(20)).Exec(ctx); err != nil {
			return err
		}
		c := new(Customer)
		err := tx.NewSelect().Model(c).Where("email = ?", "person20@example.org").For("UPDATE").Scan(ctx)
		printed.Show("in it", c, err)
		return err
	}))
	printed.Show("rolled back", nil, db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewInsert().Model(person(21)).Exec(ctx)
		printed.Show("in it", nil, err)
		return fmt.Errorf("no")
	}))
	n, err := db.NewSelect().Model((*Customer)(nil)).Where("email IN (?)", bun.In([]string{"person20@example.org", "person21@example.org"})).Count(ctx)
	printed.Show("both", n, err)
}
