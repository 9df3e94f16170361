package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/proxy/audit"
)

// maxProof is the size in bytes up to which a proof is read.
const maxProof = 64 << 20

// verifierFlag adds --key and gives a function that reads it.
func verifierFlag(c *cobra.Command) func() (string, error) {
	key := c.Flags().String("key", "", "public key, or a file that holds it (required)")
	return func() (string, error) {
		if *key == "" {
			return "", usage(c, "--key is missing: the public key, as pgveil audit keys prints it")
		}
		if text, err := readBounded(*key, 4<<10); err == nil {
			return strings.TrimSpace(string(text)), nil
		}
		return *key, nil
	}
}

func newAuditProve() *cobra.Command {
	c := &cobra.Command{
		Use:   "prove DIR SEQ… --key PUBLIC",
		Short: "Prove that single lines stand in a record, without showing the others",
		Long: `Prints a proof, as JSON: the lines whose seq are given, for each the hashes that lead from it to the signed root, and the signed
checkpoint. Whoever has the public key checks it with pgveil audit check-proof, and sees no other line.`,
		Example: "  pgveil audit prove /var/lib/pgveil/audit 4711 4712 --key pgveil-audit.pub > proof.json",
		Args:    args(cobra.MinimumNArgs(2)),
	}
	verifier := verifierFlag(c)
	c.RunE = func(c *cobra.Command, words []string) error {
		key, err := verifier()
		if err != nil {
			return err
		}
		var seqs []int64
		for _, w := range words[1:] {
			seq, err := strconv.ParseInt(w, 10, 64)
			if err != nil {
				return usage(c, "%q is not the seq of a line", w)
			}
			seqs = append(seqs, seq)
		}
		proof, err := audit.Prove(words[0], key, seqs...)
		if err == nil {
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s\n", proof)
		}
		return err
	}
	return c
}

func newAuditCheckProof() *cobra.Command {
	c := &cobra.Command{
		Use:     "check-proof FILE --key PUBLIC",
		Short:   "Check a proof with nothing but the public key, and print its lines",
		Long:    `Checks what pgveil audit prove made. The lines go to standard output, what they were proven against to standard error.`,
		Example: "  pgveil audit check-proof proof.json --key pgveil-audit.pub",
		Args:    args(cobra.ExactArgs(1)),
	}
	verifier := verifierFlag(c)
	c.RunE = func(c *cobra.Command, words []string) error {
		key, err := verifier()
		if err != nil {
			return err
		}
		proof, err := readBounded(words[0], maxProof)
		if err != nil {
			return err
		}
		proven, err := audit.CheckProof(proof, key)
		if err != nil {
			return err
		}
		for _, line := range proven.Lines {
			fmt.Fprintln(c.OutOrStdout(), line)
		}
		fmt.Fprintf(c.ErrOrStderr(), "the record %s held these when it had %d lines\n", proven.Checkpoint.Origin, proven.Checkpoint.Size)
		return nil
	}
	return c
}
