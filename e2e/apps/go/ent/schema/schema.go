// Package schema is the application's schema, from which ent's code is generated.
package schema

import (
	"time"

	"entgo.io/ent"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/entsql"
	"entgo.io/ent/schema/edge"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Customer is the table customers.
type Customer struct{ ent.Schema }

// Fields are its columns.
func (Customer) Fields() []ent.Field {
	pg := func(t string) map[string]string { return map[string]string{dialect.Postgres: t} }
	return []ent.Field{
		field.String("name").NotEmpty(),
		field.String("email").Unique().SchemaType(pg("text")),
		field.String("phone").Optional().Nillable().MaxLen(20).SchemaType(pg("varchar(20)")),
		field.Time("born").Optional().Nillable().SchemaType(pg("date")),
		field.String("credit").SchemaType(pg("numeric(12,2)")).Default("0.00"),
		field.JSON("profile", map[string]any{}).Optional(),
		field.Bool("active").Default(true),
		field.Time("seen").Optional().Nillable().Default(func() time.Time { return time.Date(2024, 2, 29, 12, 30, 0, 0, time.UTC) }),
	}
}

// Edges are its relations.
func (Customer) Edges() []ent.Edge {
	return []ent.Edge{edge.To("orders", Order.Type).Annotations(entsql.OnDelete(entsql.Cascade))}
}

// Indexes are its further indexes.
func (Customer) Indexes() []ent.Index {
	return []ent.Index{index.Fields("phone"), index.Fields("name", "born")}
}

// Order is the table orders.
type Order struct{ ent.Schema }

// Fields are its columns.
func (Order) Fields() []ent.Field {
	return []ent.Field{
		field.String("total").SchemaType(map[string]string{dialect.Postgres: "numeric(10,2)"}),
		field.Enum("status").Values("new", "paid").Default("new"),
	}
}

// Edges are its relations.
func (Order) Edges() []ent.Edge {
	return []ent.Edge{edge.From("customer", Customer.Type).Ref("orders").Unique().Required()}
}
