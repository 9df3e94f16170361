package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/crypto"
)

// leakage is what the stored cells of one column tell whoever reads them, counted without any key.
type leakage struct {
	Column string `json:"column"`
	Search string `json:"search"`
	Rows   int64  `json:"rows"`
	Nulls  int64  `json:"nulls"`
	// Foreign are values that are no cells of the column's mode: plaintext, or sealed for another search.
	Foreign int64 `json:"foreign"`
	// Lengths counts the different lengths of cells, at most 10,000.
	Lengths int `json:"different_lengths"`
	Least   int `json:"least_length"`
	Most    int `json:"most_length"`
	// Equal is about equal values, Normal about those that are equal when normalised, Order about digits; where the search has them.
	Equal  *frequencies `json:"equal,omitempty"`
	Normal *frequencies `json:"normalised,omitempty"`
	Order  *order       `json:"order,omitempty"`
	Advice []string     `json:"advice"`

	mixed bool // digits of several keys
}

func newLeakage() *cobra.Command {
	c := &cobra.Command{
		Use:   "leakage [SCHEMA.TABLE.COLUMN …]",
		Short: "Count what the stored cells give away",
		Long: `Reads the cells of the protected columns, or of those that are named, as somebody who stole the table would, without any key,
and counts what they tell: NULLs, lengths, how many different values there are and how often the most frequent occur, and of columns with
search: range how much of each value its order alone fixes. It prints counts, never a value, and advice for each column.

It reads each column once, sorted by the server, and keeps little in memory. ` + dbHelp + `

Exit code 1 means that a column holds values that are no cells of it.`,
		Example: "  PGPASSWORD=… pgveil leakage -c pgveil.yaml --user app --database crm public.customers.email",
		Args:    args(cobra.ArbitraryArgs),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	var db dbFlags
	db.add(c)
	c.RunE = func(c *cobra.Command, names []string) error {
		cfg, err := config.Load(*path)
		if err != nil {
			return err
		}
		columns, err := chosenColumns(c, cfg, names)
		if err != nil {
			return err
		}
		found, err := measureLeakage(c, cfg, &db, columns)
		if err != nil {
			return err
		}
		if *asJSON {
			err = printJSON(c.OutOrStdout(), found)
		} else {
			printLeakage(c.OutOrStdout(), found)
		}
		for _, l := range found {
			if l.Foreign > 0 && err == nil {
				err = errShown
			}
		}
		return err
	}
	return c
}

// protectedColumn is one column of the configuration.
type protectedColumn struct {
	table, name string // table is schema.table
	config.Column
}

// chosenColumns are those that are named, or all.
func chosenColumns(c *cobra.Command, cfg *config.Config, names []string) ([]protectedColumn, error) {
	var all []protectedColumn
	for _, t := range sorted(cfg.Encrypt) {
		for _, name := range sorted(cfg.Encrypt[t]) {
			if len(cfg.Encrypt[t][name].Paths) > 0 {
				continue // a column of cells is counted, not fields of jsonb
			}
			all = append(all, protectedColumn{t, name, cfg.Encrypt[t][name]})
		}
	}
	if len(names) == 0 {
		return all, nil
	}
	var chosen []protectedColumn
	for _, want := range names {
		i := slices.IndexFunc(all, func(p protectedColumn) bool { return p.table+"."+p.name == want })
		if i < 0 {
			return nil, usage(c, "%s is no protected column; expected schema.table.column of the encrypt section, of a column without paths", want)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

func measureLeakage(c *cobra.Command, cfg *config.Config, db *dbFlags, columns []protectedColumn) ([]*leakage, error) {
	ctx := c.Context()
	// What the key files say openly: which number the column's cells carry.
	store, err := crypto.OpenStore(string(cfg.Keys.Store))
	if err != nil {
		return nil, err
	}
	ids := map[string]crypto.ColumnID{}
	for _, k := range store.List() {
		ids[k.Name] = k.ID
	}
	login, cancel := context.WithTimeout(ctx, cfg.Upstream.ConnectTimeout.Std()+time.Minute)
	defer cancel()
	conn, err := db.connect(login, c, cfg)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	found := []*leakage{}
	for _, p := range columns {
		l, err := measureColumn(ctx, conn, p, ids[p.Key])
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", p.table, p.name, err)
		}
		found = append(found, l)
	}
	return found, nil
}

// measureColumn reads one column in the order of its bytes.
func measureColumn(ctx context.Context, conn *pgx.Conn, p protectedColumn, id crypto.ColumnID) (*leakage, error) {
	schema, rel, _ := strings.Cut(p.table, ".")
	column := pgx.Identifier{p.name}.Sanitize()
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT pg_catalog.octet_length(%[1]s), pg_catalog.substr(%[1]s, 1, %[2]d), "+
		"pg_catalog.substr(%[1]s, GREATEST(pg_catalog.octet_length(%[1]s) - %[3]d, 1)) FROM %[4]s ORDER BY %[1]s",
		column, leakageFront, leakageTail-1, pgx.Identifier{schema, rel}.Sanitize()))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	m := newMeasure(p, id)
	for rows.Next() {
		var length *int
		var cell storedCell
		if err := rows.Scan(&length, &cell.front, &cell.tail); err != nil {
			return nil, errors.New("it isn't stored as bytea")
		}
		if length == nil {
			m.l.Rows++
			m.l.Nulls++
			continue
		}
		cell.length = *length
		m.add(cell)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return m.result(), nil
}

// measure counts one column's cells, which come sorted.
type measure struct {
	id            crypto.ColumnID // of the column's key
	mode          crypto.Mode
	l             *leakage
	equal, normal runs
	tree          digitTree
	lengths       lengths
}

func newMeasure(p protectedColumn, id crypto.ColumnID) *measure {
	return &measure{id: id, mode: modeOf(p.Column), l: &leakage{Column: p.table + "." + p.name, Search: searchOfColumn(p.Column), Advice: []string{}}}
}

func (m *measure) add(cell storedCell) {
	m.l.Rows++
	if f, ok := crypto.FooterOf(cell.tail, cell.length); !ok || f.Mode != m.mode || f.Column != m.id {
		m.l.Foreign++
		return
	}
	m.lengths.add(cell.length)
	switch m.mode {
	case crypto.ModeRandom:
	case crypto.ModeIndexed:
		m.normal.add(cell.front[:crypto.IndexSize])
		m.equal.add(cell.front)
	case crypto.ModeOrdered:
		digits := crypto.DigitsLen(int(min(binary.BigEndian.Uint32(cell.tail), leakageFront)))
		m.equal.add(cell.front)
		m.tree.add(cell.front[:min(digits, len(cell.front))])
	default:
		m.equal.add(cell.front)
	}
}

func (m *measure) result() *leakage {
	l := m.l
	l.Lengths, l.Least, l.Most = len(m.lengths.Counts), m.lengths.Least, m.lengths.Most
	if m.mode != crypto.ModeRandom {
		l.Equal = m.equal.frequencies()
	}
	switch m.mode {
	case crypto.ModeIndexed:
		l.Normal = m.normal.frequencies()
	case crypto.ModeOrdered:
		l.Order = m.tree.order()
		l.mixed = m.tree.bad > 0
	}
	l.advise(m.mode)
	return l
}

// printLeakage writes a paragraph a column.
func printLeakage(w io.Writer, found []*leakage) {
	for i, l := range found {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s (search: %s)\n", l.Column, l.Search)
		line := func(name, format string, words ...any) {
			fmt.Fprintf(w, "  %-11s "+format+"\n", append([]any{name}, words...)...)
		}
		line("rows", "%d, of which %d NULL", l.Rows, l.Nulls)
		if l.Foreign > 0 {
			line("foreign", "%d values are no cells of this column", l.Foreign)
		}
		line("lengths", "%d different, from %d to %d bytes", l.Lengths, l.Least, l.Most)
		for _, f := range []struct {
			name string
			*frequencies
		}{{"equal", l.Equal}, {"normalised", l.Normal}} {
			if f.frequencies != nil {
				line(f.name, "%d different values, %.1f %% of all; the most frequent occur %s times; %.1f bits to guess the most frequent, %.1f on average",
					f.Distinct, 100*f.Share, strings.Trim(strings.ReplaceAll(fmt.Sprint(f.Top), " ", ", "), "[]"), f.MinEntropy, f.Entropy)
			}
		}
		if l.Order != nil {
			line("order", "the digits alone fix %.1f bits of each value; density %.0f %%", l.Order.Fixed, 100*l.Order.Density)
		}
		for _, a := range l.Advice {
			fmt.Fprintf(w, "  - %s\n", a)
		}
	}
}
