package postgres

import (
	"context"

	"github.com/jackc/pgx/v5/pgconn"
)

// Exec runs statements on a connection of their own and gives what each returned.
func Exec(ctx context.Context, dsn, sql string) ([]*pgconn.Result, error) {
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer c.Close(context.WithoutCancel(ctx))
	return c.Exec(ctx, sql).ReadAll()
}

// Exec is Exec as superuser, in clear.
func (s *Server) Exec(ctx context.Context, database, sql string) ([]*pgconn.Result, error) {
	return Exec(ctx, s.DSN(Superuser, Password, database, "sslmode=disable"), sql)
}
