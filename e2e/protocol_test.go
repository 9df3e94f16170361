package e2e

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// bothApps are app's connections to the plain server and through the proxy.
func bothApps(t *testing.T) []*pgconn.PgConn {
	t.Helper()
	both := []*pgconn.PgConn{connect(shared.plain.DSN("app", password("app"), "plain", "")),
		connect(shared.DSN("app", password("app"), "shop", ""))}
	t.Cleanup(func() {
		for _, c := range both {
			c.Close(context.Background())
		}
	})
	return both
}
