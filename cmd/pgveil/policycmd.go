package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/policy"
)

func newPolicy() *cobra.Command {
	c := group(&cobra.Command{Use: "policy", Short: "Check policy files"})
	c.AddCommand(newPolicyCheck())
	return c
}

func newPolicyCheck() *cobra.Command {
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a policy file by itself",
		Long: `Reads a policy file and reports everything that is wrong with its form, without a configuration or a database: for an editor
or a repository's checks. pgveil check also compares it with the protected columns and with the database.`,
		Example: "  pgveil policy check policy.yaml",
		Args:    args(cobra.ExactArgs(1)),
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, words []string) error {
		text, err := readBounded(words[0], policy.MaxFile)
		if err == nil {
			_, err = policy.Load(words[0], text)
		}
		if *asJSON {
			found := append([]finding{}, findings(err)...)
			if err := printJSON(c.OutOrStdout(), struct {
				OK       bool      `json:"ok"`
				Findings []finding `json:"findings"`
			}{err == nil, found}); err != nil {
				return err
			}
			if err != nil {
				return errShown
			}
			return nil
		}
		if err == nil {
			fmt.Fprintf(c.OutOrStdout(), "%s: the form is right\n", words[0])
		}
		return err
	}
	return c
}
