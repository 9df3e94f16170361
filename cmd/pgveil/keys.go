package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/crypto/kms"
	"github.com/pgveil/pgveil/crypto/kms/file"
)

func newKeys() *cobra.Command {
	c := group(&cobra.Command{
		Use:   "keys",
		Short: "Make and list keys",
		Long: `Every protected column has a column key, a Tink keyset sealed by the master key. Columns that share a key name share the key
and can be joined. Back up the master key and the key store, apart from each other and from the database: without both, nothing
that was sealed can ever be opened again.`,
	})
	c.AddCommand(newKeysInit(), newKeysList())
	return c
}

// step is one thing that keys init did or found done.
type step struct {
	What string `json:"what"` // master key, key store, column key
	Name string `json:"name"`
	Done string `json:"done"` // made, kept
}

func newKeysInit() *cobra.Command {
	c := &cobra.Command{
		Use:   "init",
		Short: "Make the keys that the configuration needs and that are missing",
		Long: `Makes the master key if its file is missing, the key store if its folder holds none, and a key for each key name of the
configuration that has none. What is there is kept: it can be run again at any time, and after each new column it must be.`,
		Example: "  pgveil keys init -c pgveil.yaml",
		Args:    args(cobra.NoArgs),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := config.Load(*path)
		if err != nil {
			return err
		}
		steps, err := initKeys(c.Context(), cfg)
		if *asJSON {
			return errors.Join(printJSON(c.OutOrStdout(), steps), err)
		}
		printSteps(c.OutOrStdout(), steps)
		return err
	}
	return c
}

func printSteps(w io.Writer, steps []step) {
	made := false
	for _, s := range steps {
		fmt.Fprintf(w, "%s  %-10s  %s\n", s.Done, s.What, s.Name)
		made = made || s.Done == "made"
	}
	if made {
		fmt.Fprintln(w, "\nBack up the master key and the key store now, apart from each other: without both, sealed values are lost.")
	}
}

func initKeys(ctx context.Context, cfg *config.Config) ([]step, error) {
	ctx, cancel := context.WithTimeout(ctx, kmsTimeout)
	defer cancel()
	var steps []step
	did := func(what, name string, made bool) {
		steps = append(steps, step{what, name, map[bool]string{true: "made", false: "kept"}[made]})
	}
	made, err := initMaster(cfg.Keys)
	if err != nil {
		return steps, err
	}
	did("master key", string(cfg.Keys.KMS), made)
	master, err := openKMS(cfg.Keys.KMS)
	if err != nil {
		return steps, err
	}
	dir := string(cfg.Keys.Store)
	store, err := crypto.OpenStore(dir)
	made = errors.Is(err, crypto.ErrNoStore)
	if made {
		if err = crypto.InitStore(dir); err == nil {
			store, err = crypto.OpenStore(dir)
		}
	}
	if err != nil {
		return steps, err
	}
	did("key store", dir, made)

	have := map[string]crypto.KeyInfo{}
	for _, k := range store.List() {
		if k.Problem != nil {
			return steps, k.Problem
		}
		have[k.Name] = k
	}
	want, normalize := keyModes(cfg), keySteps(cfg)
	for _, name := range sorted(want) {
		k, ok := have[name]
		if ok && k.Mode != want[name] {
			return steps, fmt.Errorf("key %q seals in mode %s, but the configuration needs %s; a key's mode is for ever: give the column another key name",
				name, k.Mode, want[name])
		}
		if ok && k.Normalize != normalize[name] {
			return steps, fmt.Errorf("key %q was made for normalize: [%s], but the configuration needs [%s]; a key's steps are for ever: give the column another key name",
				name, strings.ReplaceAll(k.Normalize, ",", ", "), strings.ReplaceAll(normalize[name], ",", ", "))
		}
		if !ok {
			if err := createKey(ctx, store, master, name, want[name], normalize[name]); err != nil {
				return steps, err
			}
		}
		did("column key", name, !ok)
	}
	// Loading proves that what will be relied on opens.
	_, err = store.Load(ctx, master)
	return steps, err
}

func createKey(ctx context.Context, store *crypto.Store, master kms.KMS, name string, mode crypto.Mode, normalize string) error {
	if mode == crypto.ModeIndexed {
		_, err := store.CreateIndexedKey(ctx, master, name, normalize)
		return err
	}
	_, err := store.CreateKey(ctx, master, name, mode)
	return err
}

// initMaster makes a master key where that is the proxy's to do: in a file. Services make their own.
func initMaster(k config.Keys) (made bool, err error) {
	if !strings.HasPrefix(string(k.KMS), file.Scheme) {
		return false, nil
	}
	path, err := file.Path(string(k.KMS))
	if err != nil {
		return false, err
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	// A store whose master key is gone must not get another one unnoticed.
	if store, err := crypto.OpenStore(string(k.Store)); err == nil && len(store.List()) > 0 {
		return false, fmt.Errorf("%s is missing, but %s holds keys that it sealed; bring the master key back from the backup", path, k.Store)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, err
	}
	return true, file.Create(path)
}

// keyModes is every key name that the configuration needs, with its mode.
func keyModes(cfg *config.Config) map[string]crypto.Mode {
	modes := map[string]crypto.Mode{maskKeyName: crypto.ModeEqual}
	for _, columns := range cfg.Encrypt {
		for _, c := range sealedColumns(columns) {
			modes[c.Key] = modeOf(c)
		}
	}
	return modes
}

// keySteps is by what the values of key names are normalised, where they are.
func keySteps(cfg *config.Config) map[string]string {
	steps := map[string]string{}
	for _, columns := range cfg.Encrypt {
		for _, c := range sealedColumns(columns) {
			steps[c.Key] = normalizeOf(c)
		}
	}
	return steps
}

// keyLine is one key as keys list prints it.
type keyLine struct {
	ID      uint32   `json:"id"`
	Name    string   `json:"name"`
	Mode    string   `json:"mode"`
	Created string   `json:"created"`
	Columns []string `json:"columns"`
	Problem string   `json:"problem,omitempty"`
}

func newKeysList() *cobra.Command {
	c := &cobra.Command{
		Use:   "list",
		Short: "List the keys and the columns that use them",
		Long:  "Lists what the key files say openly. It needs no master key; whether the keys open is what pgveil check tells.",
		Args:  args(cobra.NoArgs),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := config.Load(*path)
		if err != nil {
			return err
		}
		store, err := crypto.OpenStore(string(cfg.Keys.Store))
		if err != nil {
			return err
		}
		lines, broken := keyLines(cfg, store)
		if *asJSON {
			err = printJSON(c.OutOrStdout(), lines)
		} else {
			rows := [][]string{{"NUMBER", "MODE", "CREATED", "NAME", "COLUMNS"}}
			for _, l := range lines {
				rows = append(rows, []string{fmt.Sprint(l.ID), l.Mode, l.Created, l.Name, strings.Join(l.Columns, " ") + l.Problem})
			}
			table(c.OutOrStdout(), rows)
		}
		if broken && err == nil {
			return errShown
		}
		return err
	}
	return c
}

func keyLines(cfg *config.Config, store *crypto.Store) (lines []keyLine, broken bool) {
	uses := map[string][]string{maskKeyName: {"(mask hash)"}}
	for _, t := range sorted(cfg.Encrypt) {
		columns := sealedColumns(cfg.Encrypt[t])
		for _, col := range sorted(columns) {
			key := columns[col].Key
			uses[key] = append(uses[key], t+"."+col)
		}
	}
	for _, k := range store.List() {
		l := keyLine{ID: uint32(k.ID), Name: k.Name, Mode: k.Mode.String(), Created: k.Created.Format("2006-01-02"), Columns: uses[k.Name]}
		if l.Columns == nil {
			l.Columns = []string{}
		}
		if k.Problem != nil {
			broken = true
			l.Name, l.Problem = k.File, k.Problem.Error()
		}
		lines = append(lines, l)
	}
	return lines, broken
}
