//go:build !nodemo

package main

import (
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/cmd/pgveil/demo"
)

// demoCommands is the demo, which brings its own server and data. Images for production are built with -tags nodemo.
func demoCommands() []*cobra.Command { return []*cobra.Command{newDemo()} }

func newDemo() *cobra.Command {
	c := &cobra.Command{
		Use:   "demo",
		Short: "Start a throw-away PostgreSQL and a proxy, fill them, show what each user sees",
		Long: `Needs PostgreSQL's server programs on this machine, and nothing set up. Starts a server in a temporary folder and a proxy in
front of it, loads a small CRM through the proxy, and shows one SELECT as the database, an account manager, support and an analyst see
it, a search by e-mail, the record that this leaves and its verification. Then it prints connection strings to try by hand and stays
until Ctrl-C, which ends and removes everything.

Any surprise is an error and exit code 1. Colours are left out where the output is no terminal, or NO_COLOR is set.`,
		Example: "  pgveil demo\n  pgveil demo --once --rows 200",
		Args:    args(cobra.NoArgs),
	}
	var o demo.Options
	c.Flags().BoolVar(&o.Once, "once", false, "end after everything was shown")
	c.Flags().IntVar(&o.Rows, "rows", 5000, "number of customers")
	c.Flags().Uint64Var(&o.Seed, "seed", 1, "seed of the made-up data")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if o.Rows < demo.MinRows {
			return usage(c, "--rows: at least %d", demo.MinRows)
		}
		ctx, stop := signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
		defer stop()
		var err error
		if o.Binary, err = os.Executable(); err != nil {
			return err
		}
		o.Out = c.OutOrStdout()
		return demo.Run(ctx, o)
	}
	return c
}
