package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/policy"
)

func newExplain() *cobra.Command {
	c := &cobra.Command{
		Use:   "explain --as USER SQL",
		Short: "Print what the proxy would do with a statement",
		Long: `Prints the plan that the proxy would use for SQL when USER sends it: which tables and columns it touches and by which rule that
is allowed or refused, what becomes of each parameter, constant and result column, and the text that would be sent. Nothing is sent.

` + dbHelp + ` Names are resolved along that login's search path, unless --search-path is given.

Exit code 1 means that the proxy would refuse.`,
		Example: `  pgveil explain -c pgveil.yaml --as support --database crm "SELECT email FROM customers WHERE id = 7"`,
		Args:    args(cobra.ExactArgs(1)),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	as := c.Flags().String("as", "", "user who sends the statement (required)")
	schemas := c.Flags().StringSlice("search-path", nil, "schemas in which unqualified names are looked up")
	var db dbFlags
	db.add(c)
	c.RunE = func(c *cobra.Command, words []string) error {
		if *as == "" {
			return usage(c, "--as is missing: the user who sends the statement")
		}
		cfg, err := config.Load(*path)
		if err != nil {
			return err
		}
		p := &parts{cfg: cfg}
		if err := p.buildWorld(c.Context()); err != nil {
			return err
		}
		view, err := db.view(c, cfg, p.world.Spec)
		if err != nil {
			return err
		}
		cat, searchPath := view.catalog, view.path
		if *schemas != nil {
			searchPath = append([]string{"pg_catalog"}, *schemas...)
		}
		roles := p.world.Policy.RolesOf(policy.Subject{User: *as, Database: cat.Database})
		text := words[0]
		plan := p.world.Policy.Plan(roles, cat, searchPath, text)
		e := policy.Explain(plan, text)
		if *asJSON {
			err = printJSON(c.OutOrStdout(), struct {
				User     string   `json:"user"`
				Database string   `json:"database"`
				Roles    []string `json:"roles"`
				policy.Explanation
			}{*as, cat.Database, append([]string{}, p.world.Policy.RoleNames(roles)...), e})
		} else {
			names := strings.Join(p.world.Policy.RoleNames(roles), ", ")
			if names == "" {
				names = "no role"
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s in database %s: %s\n\n%s", *as, cat.Database, names, e)
		}
		if err == nil && !plan.Allowed {
			return errShown
		}
		return err
	}
	return c
}
