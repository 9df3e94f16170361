package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/pgveil/pgveil/config"
)

// disclosure is what the stored bytes of one column give away to whoever reads the table, a backup or a replica.
type disclosure struct {
	Column    string `json:"column"`
	Search    string `json:"search"`
	GivesAway string `json:"gives_away"`
}

// rangeWarning stands wherever search: range is explained.
const rangeWarning = "the exact order, equality, shared leading digits and gaps; for dense columns assume the plaintext is known"

// givesAway says it in plain words.
func givesAway(c config.Column) string {
	const length = "NULL or not, and the length"
	switch {
	case c.Search == config.SearchRange:
		return length + "; " + rangeWarning
	case c.Search == config.SearchEquality && c.Type.String() == "citext":
		return length + "; which values are equal, exactly and without regard to case, and how often each occurs, in all columns of its key"
	case c.Search == config.SearchEquality && len(c.Normalize) > 0:
		return length + "; which values are equal, exactly and when normalised, and how often each occurs, in all columns of its key"
	case c.Search == config.SearchEquality:
		return length + "; which values are equal and how often each occurs, in all columns of its key"
	case c.Search == config.SearchMatch:
		return length + "; which values are equal and how often each occurs, and roughly which runs of three characters values have in common"
	case c.Search == config.SearchNone:
		return length
	}
	return "not known of search: " + string(c.Search)
}

// searchOfColumn is the search as the configuration has it, with its steps.
func searchOfColumn(c config.Column) string {
	if len(c.Normalize) == 0 {
		return string(c.Search)
	}
	return fmt.Sprintf("%s, %s", c.Search, strings.ReplaceAll(normalizeOf(c), ",", " "))
}

// disclosures lists all protected columns.
func disclosures(cfg *config.Config) []disclosure {
	all := []disclosure{}
	for _, t := range sorted(cfg.Encrypt) {
		for _, name := range sorted(cfg.Encrypt[t]) {
			if len(cfg.Encrypt[t][name].Paths) > 0 {
				all = append(all, disclosure{t + "." + name, "paths", "everything but the values at its protected paths"})
			}
		}
		columns := sealedColumns(cfg.Encrypt[t])
		for _, name := range sorted(columns) {
			c := columns[name]
			all = append(all, disclosure{t + "." + name, searchOfColumn(c), givesAway(c)})
		}
	}
	return all
}

func printDisclosures(w io.Writer, all []disclosure) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "\nWhoever reads the table, a backup or a replica learns:")
	rows := [][]string{}
	for _, d := range all {
		rows = append(rows, []string{"  " + d.Column, d.Search, d.GivesAway})
	}
	table(w, rows)
}
