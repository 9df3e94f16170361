// Command migrations runs the files of golang-migrate and goose, each sent as one text of several statements.
package main

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"strings"

	"github.com/golang-migrate/migrate/v4"
	_ "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

//go:embed files goose
var files embed.FS

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	db, err := sql.Open("pgx", os.Getenv("DSN"))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := migrated(db); err != nil {
		return err
	}
	return goosed(ctx, db)
}

// migrated goes up and down the files of golang-migrate, of which the third fails.
func migrated(db *sql.DB) error {
	source, err := iofs.New(files, "files")
	if err != nil {
		return err
	}
	m, err := migrate.NewWithSourceInstance("iofs", source, strings.Replace(os.Getenv("DATABASE_URL"), "postgres:", "pgx5:", 1))
	if err != nil {
		return err
	}
	defer m.Close()
	for _, step := range []int{1, 1, -1, 1, 1} {
		note(fmt.Sprintf("migrate %+d", step), m.Steps(step))
		version, dirty, err := m.Version()
		fmt.Printf("version: %d %v %v\n", version, dirty, err)
		look(db)
	}
	note("force", m.Force(2))
	return nil
}

// goosed does the same with goose.
func goosed(ctx context.Context, db *sql.DB) error {
	dir, err := fs.Sub(files, "goose")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, dir)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func(context.Context) (*goose.MigrationResult, error)
	}{{"up", p.UpByOne}, {"down", p.Down}, {"up", p.UpByOne}, {"up", p.UpByOne}, {"down", p.Down}, {"up", p.UpByOne}} {
		r, err := step.do(ctx)
		note("goose "+step.name, err)
		if r != nil {
			fmt.Println("result:", r.Source.Version, r.Direction, r.Empty)
		}
		look(db)
	}
	return nil
}

func note(step string, err error) {
	var e *pgconn.PgError
	switch {
	case errors.As(err, &e):
		fmt.Printf("%s: %s %s\n", step, e.Code, e.ConstraintName)
	case err != nil:
		text, _, _ := strings.Cut(err.Error(), ", Key (") // what follows is a value, which pgveil leaves out
		fmt.Printf("%s: %s\n", step, text)
	default:
		fmt.Printf("%s: done\n", step)
	}
}

// look prints the tables as they are.
func look(db *sql.DB) {
	for _, q := range []string{
		"select table_name, column_name, data_type, is_nullable from information_schema.columns where table_schema = 'public' and table_name in ('customers', 'orders') order by 1, 2",
		"select * from customers order by id",
		"select c.email, o.total, o.state, o.id from orders o join customers c on c.id = o.customer order by o.id",
		"select count(*) from customers where born < '1900-01-01'",
	} {
		rows, err := db.Query(q)
		if err != nil {
			note("look", err)
			continue
		}
		names, _ := rows.Columns()
		fmt.Println("columns:", names)
		for rows.Next() {
			values := make([]any, len(names))
			into := make([]any, len(names))
			for i := range values {
				into[i] = &values[i]
			}
			if err := rows.Scan(into...); err != nil {
				note("scan", err)
			}
			fmt.Printf("row: %v\n", values)
		}
		note("looked", rows.Err())
		rows.Close()
	}
}
