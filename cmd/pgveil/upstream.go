package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pgveil/pgveil/config"
)

// dbFlags say as whom a command itself looks at the database. The proxy has no account of its own: it reads the catalog over
// each session's connection.
type dbFlags struct {
	user, database string
	offline        bool
}

const dbHelp = `The command logs in to the upstream server as the service login if the configuration has one, else as --user (default: $PGUSER,
then the user of this shell), with the password from $PGPASSWORD or ~/.pgpass, or asks for it on a terminal.`

func (f *dbFlags) add(c *cobra.Command) {
	c.Flags().StringVarP(&f.user, "user", "U", "", "upstream user to read the catalog as")
	c.Flags().StringVarP(&f.database, "database", "d", "", "database (default: $PGDATABASE, then the user's name)")
}

// connect logs in upstream with the TLS that the configuration demands.
func (f *dbFlags) connect(ctx context.Context, c *cobra.Command, cfg *config.Config) (*pgx.Conn, error) {
	pc, err := f.connConfig(cfg)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(ctx, pc)
	if wrongPassword(err) && pc.Password == "" && c.InOrStdin() == os.Stdin && term.IsTerminal(int(os.Stdin.Fd())) {
		password, askErr := ask(c, fmt.Sprintf("Password of %s on %s: ", pc.User, pc.Host))
		if askErr != nil {
			return nil, askErr
		}
		pc.Password = password
		conn, err = pgx.ConnectConfig(ctx, pc)
	}
	if err != nil {
		return nil, withHint(connectError(err, pc), "give --user and --database, and the password in $PGPASSWORD")
	}
	return conn, nil
}

func (f *dbFlags) connConfig(cfg *config.Config) (*pgx.ConnConfig, error) {
	u := cfg.Upstream
	var hosts, ports []string
	for _, h := range u.Servers() {
		hosts, ports = append(hosts, h.Host), append(ports, fmt.Sprint(h.Port))
	}
	words := []string{"host=" + quoteDSN(strings.Join(hosts, ",")), "port=" + strings.Join(ports, ","),
		"target_session_attrs=" + string(u.TargetSessionAttrs), "sslmode=" + string(u.SSLMode),
		fmt.Sprintf("connect_timeout=%d", max(1, int(u.ConnectTimeout.Std()/time.Second))), "application_name=pgveil"}
	if u.CA != "" {
		words = append(words, "sslrootcert="+quoteDSN(string(u.CA)))
	}
	user, password := f.user, ""
	if user == "" && cfg.SignIn.Login == config.LoginService {
		user = cfg.SignIn.Service.User
		var err error
		if password, err = cfg.SignIn.Service.Password.Resolve(); err != nil {
			return nil, fmt.Errorf("sign_in.service.password: %w", err)
		}
	}
	if user != "" {
		words = append(words, "user="+quoteDSN(user))
	}
	if f.database != "" {
		words = append(words, "dbname="+quoteDSN(f.database))
	}
	pc, err := pgx.ParseConfig(strings.Join(words, " "))
	if err != nil {
		return nil, err
	}
	if password != "" {
		pc.Password = password
	}
	// Results in text and no prepared statements: it works behind everything and leaves nothing.
	pc.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	return pc, nil
}

// quoteDSN quotes a value of a key=value connection string.
func quoteDSN(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func wrongPassword(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "28P01" || pg.Code == "28000")
}

// connectError names where and as whom, and the server's words, without what a driver knows of the connection string.
func connectError(err error, pc *pgx.ConnConfig) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return fmt.Errorf("upstream %s:%d as %s: %s (%s)", pc.Host, pc.Port, pc.User, pg.Message, pg.Code)
	}
	return fmt.Errorf("upstream %s:%d as %s: %w", pc.Host, pc.Port, pc.User, err)
}

// ask prompts on standard error and reads a line from the terminal without showing it.
func ask(c *cobra.Command, prompt string) (string, error) {
	fmt.Fprint(c.ErrOrStderr(), prompt)
	b, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(c.ErrOrStderr())
	return string(b), err
}
