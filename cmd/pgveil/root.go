package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// defaultConfig is where packages and the container image put the configuration.
const defaultConfig = "/etc/pgveil/pgveil.yaml"

func newRoot() *cobra.Command {
	root := group(&cobra.Command{
		Use:   "pgveil",
		Short: "An encrypting proxy for PostgreSQL",
		Long: `pgveil stands between applications and PostgreSQL. The columns that its configuration names are ciphertext in the
database; each user sees of them what the policy allows; privileged sessions leave a record that can be verified.

Exit codes: 0 ok, 1 a problem was found or something was refused, 2 the command line was wrong.`,
		Example: `  pgveil keys init            make the keys that the configuration needs
  pgveil users import         take the users over from the server
  pgveil check                compare configuration, keys, policy and database
  pgveil serve                run`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.SetVersionTemplate("pgveil {{.Version}}\n")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage(c, "%v", err) })
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(newServe(), newCheck(), newExplain(), newInspect(), newLeakage(), newDoctor(), newHealth(), newSessions(), newTop(), newKeys(), newUsers(), newPolicy(), newAudit())
	root.AddCommand(demoCommands()...)
	return root
}

// group makes c a command that does nothing but hold others: alone it prints its help, and a word that is none of its commands
// is a usage error that names the nearest one.
func group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		hint := ""
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			hint = "; did you mean " + strings.Join(near, " or ") + "?"
		}
		return usage(c, "unknown command %q%s", args[0], hint)
	}
	c.SuggestionsMinimumDistance = 2
	return c
}

// args makes an argument rule of cobra's report usage errors.
func args(rule cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, words []string) error {
		if err := rule(c, words); err != nil {
			return usage(c, "%v", err)
		}
		return nil
	}
}

// configFlag adds -c.
func configFlag(c *cobra.Command) *string {
	path := c.Flags().StringP("config", "c", defaultConfig, "configuration file")
	_ = c.MarkFlagFilename("config", "yaml", "yml")
	return path
}

// jsonFlag adds --json.
func jsonFlag(c *cobra.Command) *bool {
	return c.Flags().Bool("json", false, "print JSON, for programs")
}
