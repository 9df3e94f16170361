package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/policy/yamlfile"
)

const (
	// minServer is the oldest major version of PostgreSQL that sql.CatalogQuery works with.
	minServer = "14"
	// maxSkew is how far clocks may differ before the record's times mislead.
	maxSkew = 5 * time.Second
)

// finding is one result of a check.
type finding struct {
	Fatal   bool   `json:"fatal"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	About   string `json:"about,omitempty"` // table, table.column, or the part that was checked
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (f finding) String() string {
	s := f.Message
	switch {
	case f.Line > 0:
		s = fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, s)
	case f.About != "":
		s = f.About + ": " + s
	}
	if !f.Fatal {
		s = "warning: " + s
	}
	if f.Hint != "" {
		s += "\n  hint: " + f.Hint
	}
	return s
}

func newCheck() *cobra.Command {
	c := &cobra.Command{
		Use:   "check",
		Short: "Compare configuration, keys, policy and database",
		Long: `Loads and builds everything that serve would, without listening; then connects to the upstream server, reads its catalog and
compares: tables that are missing, columns that are not stored as bytea, indexes that a search mode contradicts, rules about
columns that do not exist. It changes nothing. In the end it says of each protected column what its stored bytes give away.

` + dbHelp + `

Exit code 1 means that something is wrong; warnings alone leave it at 0.`,
		Example: `  PGPASSWORD=… pgveil check -c pgveil.yaml --user app --database crm
  pgveil check -c pgveil.yaml --offline`,
		Args: args(cobra.NoArgs),
	}
	path, asJSON := configFlag(c), jsonFlag(c)
	var db dbFlags
	db.add(c)
	c.Flags().BoolVar(&db.offline, "offline", false, "do not connect to the upstream server")
	c.RunE = func(c *cobra.Command, _ []string) error {
		found, away := runCheck(c, *path, &db)
		if *asJSON {
			if err := printJSON(c.OutOrStdout(), struct {
				OK       bool         `json:"ok"`
				Findings []finding    `json:"findings"`
				Columns  []disclosure `json:"columns"`
			}{!anyFatal(found), found, away}); err != nil {
				return err
			}
		} else {
			printFindings(c.OutOrStdout(), found)
			printRoutes(c.OutOrStdout(), *path)
			printDisclosures(c.OutOrStdout(), away)
		}
		if anyFatal(found) {
			return errShown
		}
		return nil
	}
	return c
}

// runCheck also says what the columns give away, as far as there is a configuration to say it of.
func runCheck(c *cobra.Command, path string, db *dbFlags) ([]finding, []disclosure) {
	cfg, err := config.Load(path)
	if err != nil {
		return findings(err), []disclosure{}
	}
	return checkConfig(c, cfg, db), disclosures(cfg)
}

func checkConfig(c *cobra.Command, cfg *config.Config, db *dbFlags) []finding {
	found := []finding{}
	p, err := build(c.Context(), cfg)
	found = append(found, findings(err)...)
	if p.world == nil || db.offline {
		return found
	}
	view, err := db.view(c, cfg, p.world.Spec)
	if err != nil {
		return append(found, findings(err)...)
	}
	found = append(found, view.findings()...)
	for _, x := range view.catalog.Problems() {
		about := x.Table.String()
		if x.Column != "" {
			about += "." + x.Column
		}
		found = append(found, finding{Fatal: x.Fatal, About: about, Message: x.Message, Hint: x.Hint})
	}
	for _, x := range p.world.Policy.Problems(view.catalog) {
		found = append(found, finding{Fatal: true, Message: x})
	}
	return found
}

// dbView is what a command sees of the database.
type dbView struct {
	catalog *sql.Catalog
	path    []string // the effective search path of the login
	version string   // of the server
	skew    time.Duration
}

// view reads the catalog as the proxy would.
func (f *dbFlags) view(c *cobra.Command, cfg *config.Config, spec sql.Spec) (*dbView, error) {
	ctx, cancel := context.WithTimeout(c.Context(), cfg.Upstream.ConnectTimeout.Std()+time.Minute)
	defer cancel()
	conn, err := f.connect(ctx, c, cfg)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	v := &dbView{version: conn.PgConn().ParameterStatus("server_version")}
	var snapshot, pathText, role string
	var clock float64
	if err := conn.QueryRow(ctx, "SELECT extract(epoch FROM pg_catalog.clock_timestamp())::float8").Scan(&clock); err != nil {
		return nil, fmt.Errorf("reading the server's clock: %w", err)
	}
	v.skew = time.Until(time.UnixMicro(int64(clock * 1e6)))
	if err := conn.QueryRow(ctx, sql.CatalogQuery).Scan(&snapshot); err != nil {
		return nil, fmt.Errorf("reading the catalog: %w", err)
	}
	query, err := sql.Definitions([]byte(snapshot), spec)
	if err != nil {
		return nil, err
	}
	var definitions string
	if err := conn.QueryRow(ctx, query).Scan(&definitions); err != nil {
		return nil, fmt.Errorf("reading the catalog's definitions: %w", err)
	}
	if err := conn.QueryRow(ctx, sql.PathQuery).Scan(&pathText, &role); err != nil {
		return nil, fmt.Errorf("reading the search path: %w", err)
	}
	if v.path, err = sql.ParsePath([]byte(pathText)); err != nil {
		return nil, err
	}
	v.catalog, err = sql.NewCatalog(sql.Join([]byte(snapshot), []byte(definitions)), spec)
	return v, err
}

// findings are about the server, whatever the configuration.
func (v *dbView) findings() []finding {
	var found []finding
	if major, _, _ := strings.Cut(v.version, "."); len(major) < 2 || major < minServer {
		found = append(found, finding{Fatal: true, About: "upstream", Message: "PostgreSQL " + v.version + "; the oldest that is supported is " + minServer})
	}
	if v.skew.Abs() > maxSkew {
		found = append(found, finding{About: "upstream", Message: fmt.Sprintf("its clock and this machine's differ by %s", v.skew.Abs().Round(time.Second))})
	}
	return found
}

// findings takes an error apart into its problems.
func findings(err error) []finding {
	if err == nil {
		return nil
	}
	var all []finding
	for _, e := range flatten(err) {
		var problems yamlfile.Problems
		var h *hinted
		switch {
		case errors.As(e, &problems):
			for _, p := range problems {
				all = append(all, finding{Fatal: true, File: p.File, Line: p.Line, Column: p.Column, Message: p.Message})
			}
		case errors.As(e, &h):
			all = append(all, finding{Fatal: true, Message: e.Error(), Hint: h.hint})
		default:
			all = append(all, finding{Fatal: true, Message: e.Error()})
		}
	}
	return all
}

func anyFatal(found []finding) bool {
	for _, f := range found {
		if f.Fatal {
			return true
		}
	}
	return false
}

func printFindings(w io.Writer, found []finding) {
	for _, f := range found {
		fmt.Fprintln(w, f)
	}
	if len(found) == 0 {
		fmt.Fprintln(w, "everything fits together")
	}
}
