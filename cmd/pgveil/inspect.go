package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/crypto"
)

// maxInspect bounds standard input, in bytes of hexadecimal text.
const maxInspect = 64 << 20

func newInspect() *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect [HEX]",
		Short: "Explain a sealed value by its footer",
		Long: `Explains a stored value: whether it is a sealed cell by form, its format version, mode, key and column numbers, and what
it gives away. It needs no key, and proves nothing: only opening does. HEX is as psql shows a bytea, with or without \x; without
an argument it is read from standard input.

Exit code 1 means that the value is no sealed cell.`,
		Example: `  pgveil inspect '\x5f1c…c57e91'
  psql -Atc "select email from customers limit 1" "$DIRECT" | pgveil inspect --json`,
		Args: args(cobra.MaximumNArgs(1)),
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, words []string) error {
		text := ""
		if len(words) == 1 {
			text = words[0]
		} else {
			b, err := io.ReadAll(io.LimitReader(c.InOrStdin(), maxInspect))
			if err != nil {
				return err
			}
			text = string(b)
		}
		text = strings.TrimPrefix(strings.TrimSpace(text), `\x`)
		cell, err := hex.DecodeString(text)
		if err != nil || len(cell) == 0 {
			return usage(c, "expected hexadecimal digits, as psql shows a bytea")
		}
		r := crypto.Inspect(cell)
		if *asJSON {
			if err := printJSON(c.OutOrStdout(), r); err != nil {
				return err
			}
		} else {
			fmt.Fprint(c.OutOrStdout(), r)
		}
		if !r.Sealed {
			return errShown
		}
		return nil
	}
	return c
}
