package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/proxy/audit"
)

func newAudit() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "audit",
		Short: "Make the record's key, verify the record",
		Long: `The record is JSON lines; each is a leaf of a Merkle tree whose root is signed. With the public key alone anybody can tell
whether a line was changed, removed, added or moved.`,
	})
	c.AddCommand(newAuditKeys(), newAuditVerify(), newAuditProve(), newAuditCheckProof(), newAuditAcceptBreak())
	return c
}

// auditConfig loads a configuration that has an audit section.
func auditConfig(path string) (*config.Config, error) {
	cfg, err := config.Load(path)
	if err == nil && cfg.Audit.IsZero() {
		err = fmt.Errorf("%s has no audit section", path)
	}
	return cfg, err
}

func newAuditKeys() *cobra.Command {
	c := &cobra.Command{
		Use:   "keys",
		Short: "Make the signing key if it is missing, and print the public key",
		Long: `Makes the key that signs checkpoints, in the file that audit.key names, if it is missing, and prints the public key. Give the
public key to whoever shall verify the record, by a way that an intruder on this machine could not change.

--name stands in every checkpoint and cannot be changed later; it is best the name of this proxy.`,
		Example: "  pgveil audit keys -c pgveil.yaml --name crm-proxy-1.example.com/audit",
		Args:    args(cobra.NoArgs),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	name := c.Flags().String("name", "", "name of a new key (default: this machine's name and /pgveil)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := auditConfig(*path)
		if err != nil {
			return err
		}
		file := string(cfg.Audit.Key)
		key, err := audit.LoadKey(file)
		made := errors.Is(err, os.ErrNotExist)
		if made {
			if *name == "" {
				host, err := os.Hostname()
				if err != nil {
					return err
				}
				*name = host + "/pgveil"
			}
			key, err = audit.GenerateKey(file, *name)
		} else if err == nil && *name != "" && *name != key.Name() {
			return fmt.Errorf("%s is there already, with the name %s", file, key.Name())
		}
		if err != nil {
			return err
		}
		if *asJSON {
			return printJSON(c.OutOrStdout(), struct {
				Name     string `json:"name"`
				Verifier string `json:"verifier"`
				Made     bool   `json:"made"`
			}{key.Name(), key.Verifier(), made})
		}
		if made {
			fmt.Fprintf(c.ErrOrStderr(), "made %s; public key:\n", file)
		}
		fmt.Fprintln(c.OutOrStdout(), key.Verifier())
		return nil
	}
	return c
}

func newAuditVerify() *cobra.Command {
	c := &cobra.Command{
		Use:   "verify DIR --key PUBLIC",
		Short: "Verify a record with nothing but the public key",
		Long: `Recomputes the Merkle tree of the record in DIR from its lines and compares it with every signed checkpoint. --key is the
public key as pgveil audit keys prints it, or a file that holds it. --remembered names a checkpoint that was kept elsewhere, and may be
repeated: only those show that the holder of the signing key did not write the record anew.

Exit codes: 0 all is well, 1 the record was altered, 2 it is incomplete.`,
		Example: `  pgveil audit verify /var/lib/pgveil/audit --key pgveil-audit.pub --remembered checkpoint.yesterday`,
		Args:    args(cobra.ExactArgs(1)),
	}
	asJSON := jsonFlag(c)
	verifier := verifierFlag(c)
	kept := c.Flags().StringArray("remembered", nil, "checkpoint file that was kept elsewhere")
	c.RunE = func(c *cobra.Command, words []string) error {
		key, err := verifier()
		if err != nil {
			return err
		}
		var remembered [][]byte
		for _, file := range *kept {
			text, err := readBounded(file, 64<<10)
			if err != nil {
				return err
			}
			remembered = append(remembered, text)
		}
		r, err := audit.Verify(words[0], key, remembered...)
		if err != nil {
			return err
		}
		if *asJSON {
			err = printJSON(c.OutOrStdout(), r)
		} else {
			_, err = fmt.Fprint(c.OutOrStdout(), r)
		}
		if err == nil && r.ExitCode() != audit.ExitOK {
			return exitCode(r.ExitCode())
		}
		return err
	}
	return c
}

// exitCode ends a command with a code of its own, after everything was printed.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func newAuditAcceptBreak() *cobra.Command {
	c := &cobra.Command{
		Use:   "accept-break --operator NAME --reason TEXT",
		Short: "Put a broken record aside and begin a new one that says so",
		Long: `A proxy whose record is not what it wrote does not start. When the cause is known, this puts the broken record aside, unchanged,
and begins a new one whose first line names who accepted the break, why, and the last checkpoint of the old one. The proxy must be stopped.`,
		Example: `  pgveil audit accept-break -c pgveil.yaml --operator "J. Doe" --reason "disk failed on 3 May, restored from backup"`,
		Args:    args(cobra.NoArgs),
	}
	path := configFlag(c)
	operator := c.Flags().String("operator", "", "who accepts it (required)")
	reason := c.Flags().String("reason", "", "why (required)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if *operator == "" || *reason == "" {
			return usage(c, "--operator and --reason are required: they stand in the new record")
		}
		cfg, err := auditConfig(*path)
		if err != nil {
			return err
		}
		key, err := audit.LoadKey(string(cfg.Audit.Key))
		if err != nil {
			return err
		}
		log, err := audit.Open(string(cfg.Audit.Dir), audit.Options{Key: key, Software: software(),
			AcceptBreak: &audit.Break{Operator: *operator, Reason: *reason}})
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancel(c.Context())
		cancel() // Run writes what Open noted and returns.
		return errors.Join(log.Run(ctx), log.Close())
	}
	return c
}

// software names this program in records.
func software() string { return "pgveil " + version }
