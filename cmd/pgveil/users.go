package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/proxy/auth"
)

func newUsers() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "users",
		Short: "Make and list the users that may sign in",
		Long: `The users file holds SCRAM verifiers, as pg_authid does: they prove that a client knows its password and cannot be used to
sign in. With login own the verifiers must be the server's own, since the proxy logs in upstream with what the client's proof yields:
take them over with pgveil users import, and again after each change of a password. A running proxy takes changes of the file up by itself.`,
	})
	c.AddCommand(newUsersAdd(), newUsersImport(), newUsersList(), newUsersRemove())
	return c
}

// usersPath is the users file of a configuration.
func usersPath(configPath string) (*config.Config, string, error) {
	cfg, err := config.Load(configPath)
	if err != nil {
		return nil, "", err
	}
	if cfg.SignIn.Users == "" {
		return nil, "", errors.New("the configuration has no sign_in.users: with method password there is no users file")
	}
	return cfg, string(cfg.SignIn.Users), nil
}

func newUsersAdd() *cobra.Command {
	c := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user, or give one a new password",
		Long: `Asks for a password and writes its verifier, salted afresh, to the users file. The password is read from the terminal, or
from the first line of standard input; it is never an argument, where every process of the machine could see it.

With login own the server would not know the verifier: use pgveil users import there, or set the verifier on the server too, with
the ALTER ROLE that --sql prints.`,
		Example: `  pgveil users add -c pgveil.yaml alice
  pgveil users add -c pgveil.yaml alice < password.txt`,
		Args: args(cobra.ExactArgs(1)),
	}
	path := configFlag(c)
	asSQL := c.Flags().Bool("sql", false, "print an ALTER ROLE that gives the server the same verifier")
	until := c.Flags().String("valid-until", "", "time after which sign-ins fail, such as 2027-01-31T00:00:00Z")
	c.RunE = func(c *cobra.Command, words []string) error {
		_, file, err := usersPath(*path)
		if err != nil {
			return err
		}
		user := auth.User{Name: words[0]}
		if *until != "" {
			if user.ValidUntil, err = time.Parse(time.RFC3339, *until); err != nil {
				return usage(c, "--valid-until: expected a time such as 2027-01-31T00:00:00Z")
			}
		}
		password, err := readPassword(c, words[0])
		if err != nil {
			return err
		}
		defer password.Wipe()
		if user.Verifier, err = auth.NewVerifier(password, 0); err != nil {
			return err
		}
		if err := auth.UpdateUsers(file, func(u *auth.Users) (*auth.Users, error) { return u.With(user) }); err != nil {
			return err
		}
		if *asSQL {
			fmt.Fprintf(c.OutOrStdout(), "ALTER ROLE %s PASSWORD '%s';\n", pgx.Identifier{user.Name}.Sanitize(), user.Verifier.Encode())
			return nil
		}
		fmt.Fprintf(c.OutOrStdout(), "%s is in %s\n", user.Name, file)
		return nil
	}
	return c
}

// readPassword asks twice on a terminal; elsewhere it takes the first line of standard input.
func readPassword(c *cobra.Command, user string) (auth.Secret, error) {
	if c.InOrStdin() == os.Stdin && term.IsTerminal(int(os.Stdin.Fd())) {
		first, err := ask(c, "Password for "+user+": ")
		if err != nil {
			return auth.Secret{}, err
		}
		again, err := ask(c, "Again: ")
		if err != nil {
			return auth.Secret{}, err
		}
		if first != again {
			return auth.Secret{}, errors.New("the two are not the same")
		}
		return auth.NewSecret([]byte(first)), nil
	}
	line, err := bufio.NewReader(io.LimitReader(c.InOrStdin(), 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return auth.Secret{}, err
	}
	line = strings.TrimRight(line, "\r\n")
	if line == "" {
		return auth.Secret{}, errors.New("no password on standard input")
	}
	return auth.NewSecret([]byte(line)), nil
}

func newUsersRemove() *cobra.Command {
	c := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a user from the users file",
		Long:  "Removes a user: the next sign-in fails. Sessions that are open go on; the role on the server stays.",
		Args:  args(cobra.ExactArgs(1)),
	}
	path := configFlag(c)
	c.RunE = func(c *cobra.Command, words []string) error {
		_, file, err := usersPath(*path)
		if err != nil {
			return err
		}
		return auth.UpdateUsers(file, func(u *auth.Users) (*auth.Users, error) {
			if _, ok := u.Lookup(words[0]); !ok {
				return nil, fmt.Errorf("%s has no user %q", file, words[0])
			}
			return u.Without(words[0]), nil
		})
	}
	return c
}

func newUsersImport() *cobra.Command {
	c := &cobra.Command{
		Use:   "import",
		Short: "Take the users over from the server",
		Long: `Reads the SCRAM verifiers of every role that may log in from the server's pg_authid, once, and writes them to the users file.
Applications keep their users and passwords. Reading pg_authid takes a superuser, for this command only. Roles without a SCRAM
verifier, such as those with an md5 password, are named and left out: give them a new password on the server first.

` + dbHelp,
		Example: `  PGPASSWORD=… pgveil users import -c pgveil.yaml --user postgres`,
		Args:    args(cobra.NoArgs),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	dry := c.Flags().Bool("dry-run", false, "only say what would be done")
	var db dbFlags
	db.add(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, file, err := usersPath(*path)
		if err != nil {
			return err
		}
		if db.user == "" && cfg.SignIn.Login == config.LoginService {
			return usage(c, "the service login should not be a superuser; give --user")
		}
		if db.database == "" {
			db.database = "postgres"
		}
		rows, err := readAuthid(c, cfg, &db)
		if err != nil {
			return err
		}
		var done auth.ImportReport
		errDry := errors.New("dry run")
		err = auth.UpdateUsers(file, func(u *auth.Users) (*auth.Users, error) {
			next, r, err := u.MergeImport(rows)
			done = r
			if err == nil && *dry {
				return nil, errDry
			}
			return next, err
		})
		if err != nil && !errors.Is(err, errDry) {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), done)
		}
		printImport(c.OutOrStdout(), done)
		return nil
	}
	return c
}

func readAuthid(c *cobra.Command, cfg *config.Config, db *dbFlags) ([]auth.Imported, error) {
	conn, err := db.connect(c.Context(), c, cfg)
	if err != nil {
		return nil, err
	}
	defer conn.Close(c.Context())
	var all []auth.Imported
	rows, err := conn.Query(c.Context(), auth.ImportQuery)
	if err == nil {
		all, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (auth.Imported, error) {
			var i auth.Imported
			err := r.Scan(&i.Name, &i.Verifier, &i.ValidUntil)
			return i, err
		})
	}
	if err != nil {
		return nil, withHint(fmt.Errorf("reading pg_authid: %w", err), "only a superuser may read it; give --user")
	}
	return all, nil
}

func printImport(w io.Writer, r auth.ImportReport) {
	line := func(what string, names []string) {
		if len(names) > 0 {
			fmt.Fprintf(w, "%-10s %s\n", what, strings.Join(names, " "))
		}
	}
	line("added", r.Added)
	line("changed", r.Changed)
	line("unchanged", r.Unchanged)
	line("not there", r.Absent)
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "%-10s %s: %s\n", "left out", s.Name, s.Reason)
	}
}

// userLine is one user as users list prints it.
type userLine struct {
	Name       string `json:"name"`
	Iterations int    `json:"iterations"`
	ValidUntil string `json:"valid_until,omitempty"`
}

func newUsersList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List the users of the users file",
		Args:  args(cobra.NoArgs),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		_, file, err := usersPath(*path)
		if err != nil {
			return err
		}
		f, err := auth.OpenUsers(file)
		if err != nil {
			return err
		}
		lines, rows := []userLine{}, [][]string{{"NAME", "ITERATIONS", "VALID UNTIL"}}
		users := f.Current()
		for _, name := range users.Names() {
			u, _ := users.Lookup(name)
			l := userLine{Name: name, Iterations: u.Verifier.Iterations}
			if !u.ValidUntil.IsZero() {
				l.ValidUntil = u.ValidUntil.UTC().Format(time.RFC3339)
			}
			lines = append(lines, l)
			rows = append(rows, []string{l.Name, fmt.Sprint(l.Iterations), l.ValidUntil})
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), lines)
		}
		table(c.OutOrStdout(), rows)
		return nil
	}
	return c
}
