// Package demo shows pgveil at work on a machine that has PostgreSQL's programs and nothing set up: it starts a throw-away
// server and a proxy in front of it, fills a small CRM through the proxy, and shows what each kind of user sees of it.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

// Options choose a demo.
type Options struct {
	// Binary is the pgveil that is run as the proxy.
	Binary string
	// Rows is the number of customers; the other tables follow from it.
	Rows int
	// Seed chooses the data: the same seed gives the same rows.
	Seed uint64
	// Once ends the demo when everything was shown; without it the demo stays until the context ends.
	Once bool
	// Out is where it prints.
	Out io.Writer
}

const database = "crm"

// The users of the demo. Their passwords are no secret: the server listens on loopback and lives for minutes.
const (
	manager = "olivia"
	support = "maya"
	analyst = "ana"
)

func passwordOf(user string) string { return user + "-demo" }

// demo is the running pieces.
type demo struct {
	screen *screen
	dir    string
	pg     *postgres.Server
	proxy  *stack.Stack
	binary string
}

// Run runs a demo to its end and leaves nothing behind. A context that ends while the demo waits is its regular end.
func Run(ctx context.Context, o Options) (err error) {
	if o.Rows < MinRows {
		return fmt.Errorf("at least %d customers are needed", MinRows)
	}
	d := &demo{screen: newScreen(o.Out), binary: o.Binary}
	defer func() {
		if stopErr := d.stop(); err == nil {
			err = stopErr
		}
	}()
	started := time.Now()
	if err := d.start(ctx); err != nil {
		return d.explained(ctx, err)
	}
	data := crm(o.Seed, o.Rows)
	if err := d.fill(ctx, data); err != nil {
		return d.explained(ctx, err)
	}
	if err := d.show(ctx, data[0]); err != nil {
		return d.explained(ctx, err)
	}
	d.screen.printf("\nAll of this took %.0f s.\n", time.Since(started).Seconds())
	if o.Once {
		return nil
	}
	d.invite()
	return d.wait(ctx)
}

// explained adds the end of the proxy's log to an error, and makes an interruption one.
func (d *demo) explained(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	if d.proxy != nil {
		if text, readErr := os.ReadFile(d.proxy.LogFile); readErr == nil {
			return fmt.Errorf("%w\nthe end of the proxy's log:\n%s", err, text[max(0, len(text)-2000):])
		}
	}
	return err
}

// start starts the server and the proxy.
func (d *demo) start(ctx context.Context) error {
	s := d.screen
	s.heading("A throw-away PostgreSQL, and pgveil in front of it")
	var err error
	if d.dir, err = workDir(); err != nil {
		return err
	}
	ca, err := postgres.NewAuthority()
	if err != nil {
		return err
	}
	files, data := filepath.Join(d.dir, "pgveil"), filepath.Join(d.dir, "postgres")
	if err := errors.Join(os.Mkdir(files, 0o700), os.Mkdir(data, 0o700)); err != nil {
		return err
	}
	if d.pg, err = postgres.Start(postgres.Options{Dir: data, TLS: ca}); err != nil {
		return err
	}
	s.printf("  PostgreSQL   localhost:%d  (%s)\n", d.pg.Port, data)
	if err := d.prepare(ctx); err != nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	d.proxy, err = stack.Start(stack.Options{Binary: d.binary, Postgres: d.pg, CA: ca, Dir: files, Encrypt: encrypt, Policy: rules})
	if err != nil {
		return err
	}
	s.printf("  pgveil       localhost:%d  (%s)\n", d.proxy.Port, d.proxy.Config)
	s.printf("  TLS on both legs; keys made by pgveil keys init, users taken over by pgveil users import\n")
	return ctx.Err()
}

// prepare makes roles and database, as an administrator would have long before there was a proxy.
func (d *demo) prepare(ctx context.Context) error {
	first := fmt.Sprintf("CREATE DATABASE %s", database)
	if _, err := d.asSuperuser(ctx, "postgres", first); err != nil {
		return err
	}
	for _, user := range []string{manager, support, analyst} {
		if _, err := d.asSuperuser(ctx, database, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", user, passwordOf(user))); err != nil {
			return err
		}
	}
	_, err := d.asSuperuser(ctx, database, fmt.Sprintf("ALTER SCHEMA public OWNER TO %s; "+
		"ALTER DEFAULT PRIVILEGES FOR ROLE %[1]s GRANT SELECT ON TABLES TO %s, %s", manager, support, analyst))
	return err
}

func (d *demo) fill(ctx context.Context, data []dataset) error {
	d.screen.heading("A CRM, loaded through the proxy by " + manager + ", whose SQL says text and date as ever")
	c, err := pgconn.Connect(ctx, d.proxied(manager))
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	return load(ctx, c, d.screen, data)
}

// wait stays until ctx ends, and fails when the proxy or the server is gone.
func (d *demo) wait(ctx context.Context) error {
	const patience = 3
	look := time.NewTicker(2 * time.Second)
	defer look.Stop()
	for missed := 0; missed < patience; {
		select {
		case <-ctx.Done():
			d.screen.printf("\nending; nothing is left behind\n")
			return nil
		case <-look.C:
			if missed++; d.ready(ctx) {
				missed = 0
			}
		}
	}
	return d.explained(ctx, errors.New("pgveil or PostgreSQL is gone"))
}

// ready asks the proxy whether it and the server are well.
func (d *demo) ready(ctx context.Context) bool {
	ctx, done := context.WithTimeout(ctx, 2*time.Second)
	defer done()
	url := fmt.Sprintf("http://127.0.0.1:%d/readyz", d.proxy.MetricsPort)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// stop ends what was started and removes the folder.
func (d *demo) stop() error {
	var err error
	if d.proxy != nil {
		err = d.proxy.Stop()
	}
	if d.pg != nil {
		err = errors.Join(err, d.pg.Stop())
	}
	if d.dir != "" {
		err = errors.Join(err, os.RemoveAll(d.dir))
	}
	return err
}

// proxied and direct are connection strings for a user, through the proxy and around it.
func (d *demo) proxied(user string) string {
	return d.proxy.DSN(user, passwordOf(user), database, "")
}

func (d *demo) direct(user string) string {
	return d.pg.DSN(user, passwordOf(user), database, "sslmode=verify-full sslrootcert="+d.proxy.CAFile)
}

func (d *demo) asSuperuser(ctx context.Context, database, sql string) ([]*pgconn.Result, error) {
	c, err := pgconn.Connect(ctx, d.pg.DSN(postgres.Superuser, postgres.Password, database, "sslmode=require"))
	if err != nil {
		return nil, err
	}
	defer c.Close(context.WithoutCancel(ctx))
	r, err := c.Exec(ctx, sql).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	return r, nil
}
