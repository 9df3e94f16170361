// Command ent is an application on ent that was written for a plain database: automatic migration, which compares the catalogs with the schema,
// graph queries, upserts, locks and transactions. It prints all that it sees.
package main

//go:generate go run entgo.io/ent/cmd/ent@v0.14.5 generate --target ./store --feature sql/upsert,sql/lock,sql/modifier,sql/execquery ./schema

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
	"entgo.io/ent/schema/field"
	_ "github.com/jackc/pgx/v5/stdlib"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/pgveil/pgveil/e2e/apps/go/ent/store"
	"github.com/pgveil/pgveil/e2e/apps/go/ent/store/customer"
	"github.com/pgveil/pgveil/e2e/apps/go/ent/store/migrate"
	"github.com/pgveil/pgveil/e2e/apps/go/ent/store/order"
	"github.com/pgveil/pgveil/e2e/apps/go/printed"
)

func ptr[T any](v T) *T { return &v }

func person(c *store.Client, n int) *store.CustomerCreate {
	return c.Customer.Create().SetName(fmt.Sprintf("Person %02d", n)).SetEmail(fmt.Sprintf("person%02d@example.org", n)).
		SetPhone(fmt.Sprintf("+49 30 %04d", n)).SetBorn(time.Date(1960+n, 3, 1+n, 0, 0, 0, 0, time.UTC)).SetCredit(fmt.Sprintf("%d.50", n*100)).
		SetProfile(map[string]any{"n": n, "likes": []string{"tea", "ü"}}).SetActive(n%3 != 0)
}

// plan is what a migration would do.
func plan(ctx context.Context, c *store.Client) {
	var text strings.Builder
	err := c.Schema.WriteTo(ctx, &text, schema.WithDropColumn(true), schema.WithDropIndex(true))
	printed.Show("plan", strings.Split(text.String(), "\n"), err)
}

func main() {
	ctx := context.Background()
	db, err := sql.Open("pgx", os.Getenv("DSN")+" TimeZone=UTC")
	if err != nil {
		panic(err)
	}
	c := store.NewClient(store.Driver(entsql.OpenDB(dialect.Postgres, db)))
	defer c.Close()
	plan(ctx, c)
	printed.Show("migrate", nil, c.Schema.Create(ctx))
	plan(ctx, c)
	printed.Show("migrate again", nil, c.Schema.Create(ctx, schema.WithDropColumn(true), schema.WithDropIndex(true)))
	write(ctx, c)
	read(ctx, c)
	change(ctx, c)
	transactions(ctx, c)
	grow(ctx, c)
}

func write(ctx context.Context, c *store.Client) {
	one, err := person(c, 1).Save(ctx)
	printed.Show("create", one, err)
	var many []*store.CustomerCreate
	for n := 2; n <= 12; n++ {
		many = append(many, person(c, n))
	}
	all, err := c.Customer.CreateBulk(many...).Save(ctx)
	printed.Show("create many", all, err)
	for i, p := range all {
		for o := range i % 3 {
			made, err := c.Order.Create().SetCustomer(p).SetTotal(fmt.Sprintf("%d.%02d", i*10+o, o)).Save(ctx)
			printed.Show("order", made, err)
		}
	}
	least, err := c.Customer.Create().SetName("Nil").SetEmail("nil@example.org").SetCredit("0").SetNillableSeen(nil).Save(ctx)
	printed.Show("nulls and defaults", least, err)
	_, err = person(c, 1).Save(ctx)
	printed.Show("a duplicate", store.IsConstraintError(err), nil)
	id, err := person(c, 1).SetName("Renamed").SetCredit("1.00").OnConflictColumns(customer.FieldEmail).UpdateNewValues().ID(ctx)
	printed.Show("upsert", id, err)
	err = person(c, 2).OnConflictColumns(customer.FieldEmail).DoNothing().Exec(ctx)
	printed.Show("do nothing", fmt.Sprint(err), nil)
	id, err = person(c, 3).OnConflictColumns(customer.FieldEmail).Update(func(u *store.CustomerUpsert) { u.SetPhone("+1").UpdateName() }).ID(ctx)
	printed.Show("upsert of some", id, err)
}

func read(ctx context.Context, c *store.Client) {
	one, err := c.Customer.Query().Where(customer.Email("person03@example.org")).Only(ctx)
	printed.Show("by email", one, err)
	_, err = c.Customer.Query().Where(customer.Email("nobody")).Only(ctx)
	printed.Show("nobody", store.IsNotFound(err), nil)
	list, err := c.Customer.Query().Where(customer.EmailIn("person05@example.org", "person06@example.org", "nobody")).Order(customer.ByID()).All(ctx)
	printed.Show("in", list, err)
	list, err = c.Customer.Query().Where(customer.Or(customer.Phone("+49 30 0007"), customer.Born(time.Date(1968, 3, 9, 0, 0, 0, 0, time.UTC)))).Order(customer.ByID()).All(ctx)
	printed.Show("or", list, err)
	list, err = c.Customer.Query().Where(customer.Not(customer.Email("person01@example.org")), customer.PhoneNotNil(), customer.EmailNEQ("person02@example.org")).
		Order(customer.ByID(entsql.OrderDesc())).Limit(2).All(ctx)
	printed.Show("not", list, err)
	list, err = c.Customer.Query().Where(customer.BornGTE(time.Date(1965, 1, 1, 0, 0, 0, 0, time.UTC)), customer.BornLT(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC))).
		Order(customer.ByBorn(entsql.OrderDesc())).All(ctx)
	printed.Show("born between", list, err)
	for page := range 3 {
		list, err = c.Customer.Query().Order(customer.ByName(), customer.ByID()).Offset(page * 5).Limit(5).All(ctx)
		printed.Show(fmt.Sprint("page ", page), list, err)
	}
	n, err := c.Customer.Query().Where(customer.SeenNotNil()).Count(ctx)
	printed.Show("count", n, err)
	exists, err := c.Customer.Query().Where(customer.Phone("+49 30 0009")).Exist(ctx)
	printed.Show("exists", exists, err)
	list, err = c.Customer.Query().Where(customer.HasOrdersWith(order.TotalGT("20.00"))).WithOrders(func(q *store.OrderQuery) { q.Order(order.ByTotal(), order.ByID()) }).
		Order(customer.ByID()).All(ctx)
	printed.Show("with orders", list, err)
	orders, err := c.Order.Query().Where(order.HasCustomerWith(customer.EmailIn("person09@example.org", "person10@example.org"))).WithCustomer().
		Order(order.ByTotal(entsql.OrderDesc()), order.ByID()).All(ctx)
	printed.Show("orders", orders, err)
	byCount, err := c.Customer.Query().Order(customer.ByOrdersCount(entsql.OrderDesc()), customer.ByID()).Limit(4).All(ctx)
	printed.Show("by number of orders", byCount, err)
	emails, err := c.Customer.Query().Order(customer.ByID()).Select(customer.FieldEmail).Strings(ctx)
	printed.Show("emails", emails, err)
	var groups []struct {
		Email string `json:"email"`
		Count int    `json:"count"`
	}
	err = c.Customer.Query().Where(customer.IDLT(5)).GroupBy(customer.FieldEmail).Aggregate(store.Count()).Scan(ctx, &groups)
	printed.Show("group", len(groups), err)
	var status []struct {
		Status string `json:"status"`
		Max    string `json:"max"`
		Min    string `json:"min"`
		Count  int    `json:"count"`
	}
	err = c.Order.Query().GroupBy(order.FieldStatus).Aggregate(store.Max(order.FieldTotal), store.Min(order.FieldTotal), store.Count()).Scan(ctx, &status)
	printed.Show("aggregates", status, err)
	list, err = c.Customer.Query().Where(customer.EmailContains("son1")).All(ctx)
	printed.Show("contains", list, err)
	list, err = c.Customer.Query().Unique(true).Where(customer.Active(true)).Order(customer.ByID()).Limit(3).All(ctx)
	printed.Show("active", list, err)
}

func change(ctx context.Context, c *store.Client) {
	n, err := c.Customer.Update().Where(customer.Email("person04@example.org")).SetPhone("+44 1").SetCredit("12.34").Save(ctx)
	printed.Show("update", n, err)
	one, err := c.Customer.Query().Where(customer.Email("person04@example.org")).Only(ctx)
	printed.Show("updated", one, err)
	if err == nil {
		one, err = one.Update().ClearPhone().ClearBorn().SetEmail("other@example.org").SetProfile(map[string]any{"n": "changed"}).Save(ctx)
		printed.Show("update one", one, err)
	}
	n, err = c.Customer.Update().Where(customer.BornGT(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC))).ClearSeen().SetActive(false).Save(ctx)
	printed.Show("update many", n, err)
	n, err = c.Order.Update().Where(order.TotalGTE("40.00")).SetStatus(order.StatusPaid).Save(ctx)
	printed.Show("paid", n, err)
	_, err = c.Customer.UpdateOneID(1).SetEmail("person02@example.org").Save(ctx)
	printed.Show("update to a duplicate", store.IsConstraintError(err), nil)
	n, err = c.Order.Delete().Where(order.TotalLT("5.00")).Exec(ctx)
	printed.Show("delete", n, err)
	n, err = c.Customer.Delete().Where(customer.Email("person12@example.org")).Exec(ctx)
	printed.Show("delete with orders", n, err)
	left, err := c.Order.Query().Order(order.ByID()).IDs(ctx)
	printed.Show("orders left", left, err)
}

func transactions(ctx context.Context, c *store.Client) {
	tx, err := c.Tx(ctx)
	if err != nil {
		panic(err)
	}
	locked, err := tx.Customer.Query().Where(customer.Email("person05@example.org")).ForUpdate().Only(ctx)
	printed.Show("for update", locked, err)
	gone, err := tx.Customer.Create().SetName("Gone").SetEmail("gone@example.org").SetSeen(time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)).Save(ctx)
	printed.Show("in a transaction", gone, err)
	printed.Show("rollback", nil, tx.Rollback())
	exists, err := c.Customer.Query().Where(customer.Email("gone@example.org")).Exist(ctx)
	printed.Show("gone", exists, err)
	tx, err = c.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
	if err != nil {
		panic(err)
	}
	printed.Show("serializable", nil, tx.Customer.Update().Where(customer.Email("person05@example.org")).SetNillablePhone(ptr("+5")).Exec(ctx))
	printed.Show("commit", nil, tx.Commit())
	one, err := c.Customer.Query().Where(customer.Phone("+5")).Only(ctx)
	printed.Show("committed", one, err)
	rows, err := c.QueryContext(ctx, "SELECT email FROM customers WHERE email = $1", "person05@example.org")
	if err == nil {
		var email string
		rows.Next()
		err = rows.Scan(&email)
		rows.Close()
		printed.Show("raw", email, err)
	} else {
		printed.Show("raw", nil, err)
	}
}

// grow changes the schema as a next version of the application would.
func grow(ctx context.Context, c *store.Client) {
	tables := make([]*schema.Table, len(migrate.Tables))
	for i, t := range migrate.Tables {
		grown := *t
		tables[i] = &grown
	}
	for _, t := range tables {
		if t.Name != customer.Table {
			continue
		}
		note := &schema.Column{Name: "note", Type: field.TypeString, Nullable: true}
		t.Columns = append(append([]*schema.Column(nil), t.Columns...), note)
		t.Indexes = append(append([]*schema.Index(nil), t.Indexes...), &schema.Index{Name: "customer_note", Columns: []*schema.Column{note}})
	}
	printed.Show("grow", nil, migrate.Create(ctx, c.Schema, tables))
	list, err := c.Customer.Query().Where(customer.Email("person06@example.org")).All(ctx)
	printed.Show("after growing", list, err)
	printed.Show("shrink", nil, c.Schema.Create(ctx, schema.WithDropColumn(true), schema.WithDropIndex(true)))
	list, err = c.Customer.Query().Order(customer.ByID()).All(ctx)
	printed.Show("all", list, err)
}
