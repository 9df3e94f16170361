package sql

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// twin is a real server with three databases of one schema: sealed, whose protected columns are bytea; plain, without protection; and
// witness, whose protected columns are of an enumeration with the one label S. There the server's own type check says whether anything but
// a sealed value meets a protected column: any other constant is no label, any other expression has no operator.
type twin struct {
	sealed, plain, witness *pgconn.PgConn
}

func startTwin(t *testing.T, catalog *Catalog) *twin {
	t.Helper()
	s := startServer(t)
	w := &twin{}
	admin := dial(t, s, "postgres")
	run(t, admin, "CREATE DATABASE test; ")
	run(t, admin, "CREATE DATABASE plain")
	run(t, admin, "CREATE DATABASE witness")
	w.sealed, w.plain, w.witness = dial(t, s, "test"), dial(t, s, "plain"), dial(t, s, "witness")
	run(t, w.witness, "CREATE TYPE cell AS ENUM ('S'); CREATE FUNCTION length(cell) RETURNS int LANGUAGE sql AS 'SELECT 1';"+
		"CREATE FUNCTION encode(cell, text) RETURNS text LANGUAGE sql AS 'SELECT null::text'; CREATE FUNCTION decode(text, text) RETURNS cell LANGUAGE sql AS 'SELECT null::cell';"+
		"CREATE FUNCTION substr(cell, int, int) RETURNS cell LANGUAGE sql AS 'SELECT $1'")
	for _, r := range catalog.relations {
		run(t, w.sealed, createText(r, false))
		run(t, w.plain, createText(r, true))
		run(t, w.witness, witnessText(createText(r, false)))
	}
	return w
}

func startServer(t *testing.T) *postgres.Server {
	t.Helper()
	s, err := postgres.Start(postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	return s
}

func dial(t *testing.T, s *postgres.Server, database string) *pgconn.PgConn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := pgconn.Connect(ctx, s.DSN(postgres.Superuser, postgres.Password, database, "sslmode=disable"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func run(t *testing.T, c *pgconn.PgConn, text string) [][][]byte {
	t.Helper()
	results, err := c.Exec(context.Background(), text).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(results) == 0 {
		return nil
	}
	return results[0].Rows
}

// createText is the statement that makes a relation of a test catalog.
func createText(r *Relation, logical bool) string {
	if r.Definition != "" {
		d := r.Definition
		if logical {
			d = strings.ReplaceAll(d, "::bytea", "::text")
		}
		return fmt.Sprintf("CREATE VIEW %s AS %s", r.TableName(), d)
	}
	var cols []string
	for _, c := range r.Columns {
		typ := c.Type
		if c.Protection != nil && logical {
			typ = c.Protection.Type
		}
		cols = append(cols, c.Name+" "+testTypeText(typ))
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)", r.TableName(), strings.Join(cols, ", "))
}

// witnessText is what is sent to the witness instead.
func witnessText(text string) string {
	text = strings.NewReplacer(`'\x0102'::bytea`, "'S'::cell", "raw bytea", "raw bytea", "bytea", "cell",
		"pg_catalog.encode(", "public.encode(", "pg_catalog.decode(", "public.decode(", "pg_catalog.substr(", "public.substr(").Replace(text)
	return strings.ReplaceAll(strings.ReplaceAll(text, "'SEALED'", "'S'"), "'{SEALED}'", "'{S}'")
}

// askWitness has the server check the rewritten statement. Sealed results are exactly those of the witness's type.
func (w *twin) askWitness(st *Statement, text string) error {
	sent := witnessText(sentText(st, text))
	oids := make([]uint32, len(st.Params))
	cell := w.cellOIDs()
	for i, p := range st.Params {
		if p.Target != nil {
			oids[i] = cell[0]
			if p.Array {
				oids[i] = cell[1]
			}
		}
	}
	sd, err := w.witness.Prepare(context.Background(), "", sent, oids)
	if err != nil {
		return fmt.Errorf("witness, sent %s: %w", sent, err)
	}
	for i, f := range sd.Fields {
		if r := st.Results[i]; r.Shape == ShapeArray && f.DataTypeOID == cell[1] {
			continue
		}
		if sealed := st.Results[i].Protection != nil; sealed != (f.DataTypeOID == cell[0]) {
			return fmt.Errorf("column %d is sealed: %v, the witness says %v", i, sealed, !sealed)
		}
	}
	return nil
}

func (w *twin) cellOIDs() (oids [2]uint32) {
	r, err := w.witness.Exec(context.Background(), "SELECT oid, typarray FROM pg_type WHERE typname = 'cell'").ReadAll()
	if err == nil {
		fmt.Sscan(string(r[0].Rows[0][0])+" "+string(r[0].Rows[0][1]), &oids[0], &oids[1])
	}
	return oids
}

func testTypeText(t Type) string {
	s := typeText(t.OID)
	switch {
	case t.OID == OIDVarchar && t.Mod >= 0:
		s += fmt.Sprintf("(%d)", t.Mod-4)
	case t.OID == OIDNumeric && t.Mod >= 0:
		s += fmt.Sprintf("(%d,%d)", (t.Mod-4)>>16, (t.Mod-4)&0xffff)
	}
	return s
}

// readCatalog reads the sealed database as the proxy does.
func (w *twin) readCatalog(t *testing.T, spec Spec) *Catalog {
	t.Helper()
	rows := run(t, w.sealed, CatalogQuery)
	query, err := Definitions(rows[0][0], spec)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCatalog(Join(rows[0][0], run(t, w.sealed, query)[0][0]), spec)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestDMLAgainstServer prepares every accepted statement of the golden files on a real server, rewritten as the proxy rewrites it: the
// server must take it, and its RowDescription must name the columns and origins that analysis named. This is the second witness's
// expectation. What PostgreSQL 15 does, and Result.Origin therefore says: a column of a table keeps its origin through subqueries, CTEs
// (also those of INSERT … RETURNING), joins, USING (the side that was not cast), GROUP BY, DISTINCT and RETURNING; a column of a view has the
// view's OID and attribute number, also when it is an expression inside; set operations, scalar subqueries, FULL JOIN USING, recursive CTEs
// and expressions have none.
func TestDMLAgainstServer(t *testing.T) {
	files, _ := filepath.Glob("testdata/dml_*.txt")
	if len(files) == 0 {
		t.Fatal("no golden files")
	}
	type world struct {
		*twin
		cat *Catalog
	}
	worlds := map[string]world{} // by catalog
	accepted := 0
	for _, file := range files {
		text, cases := readGolden(t, file)
		w, ok := worlds[text]
		if !ok {
			model := testCatalog(t, text)
			w.twin = startTwin(t, model)
			w.cat = w.readCatalog(t, model.spec)
			worlds[text] = w
		}
		cat := w.cat
		for _, k := range cases {
			all := Analyze(cat, dmlPath, k.sql)
			if k.sql == "" || len(all) != 1 || all[0].Refusal != nil || !all[0].Sensitive {
				continue
			}
			w.check(t, k.sql, all[0])
			accepted++
		}
	}
	if accepted < 200 {
		t.Errorf("only %d statements were accepted", accepted)
	}
}

func (w *twin) check(t *testing.T, text string, st *Statement) {
	t.Helper()
	ctx := context.Background()
	sent := strings.ReplaceAll(strings.ReplaceAll(sentText(st, text), "'SEALED'", `'\x01'`), "'{SEALED}'", `'{"\\x01"}'`)
	oids := make([]uint32, len(st.Params))
	for i, p := range st.Params {
		if p.Target != nil {
			oids[i] = OIDBytea
			if p.Array {
				oids[i] = arrayOID(OIDBytea)
			}
		}
	}
	plain, plainErr := w.plain.Prepare(ctx, "", text, nil)
	sd, err := w.sealed.Prepare(ctx, "", sent, oids)
	switch {
	case plainErr != nil:
		t.Logf("skipped %s: %v", text, plainErr)
		return // nothing that PostgreSQL would take
	case err != nil:
		t.Errorf("%s\n sent %s\n %v", text, sent, err)
		return
	}
	if len(sd.Fields) != len(st.Results) || len(plain.Fields) != len(st.Results)-st.Hidden {
		t.Errorf("%s: %d result columns, the server says %d, without protection %d", text, len(st.Results), len(sd.Fields), len(plain.Fields))
		return
	}
	for i, f := range sd.Fields[:len(plain.Fields)] {
		r := st.Results[i]
		if f.TableOID != r.Origin.OID || f.TableAttributeNumber != uint16(r.Origin.Num) {
			t.Errorf("%s: column %d has origin %d.%d, the server says %d.%d", text, i, r.Origin.OID, r.Origin.Num, f.TableOID, f.TableAttributeNumber)
		}
		if f.Name != r.Name || plain.Fields[i].Name != r.Name {
			t.Errorf("%s: column %d is named %q, the server says %q, without protection %q", text, i, r.Name, f.Name, plain.Fields[i].Name)
		}
		if r.Protection != nil {
			mod := r.Protection.Type.Mod
			if r.Bare {
				mod = -1
			}
			if plain.Fields[i].TypeModifier != mod {
				t.Errorf("%s: column %d has modifier %d, without protection %d", text, i, mod, plain.Fields[i].TypeModifier)
			}
			if want := r.logical(); f.DataTypeOID != r.stored() || plain.Fields[i].DataTypeOID != want {
				t.Errorf("%s: column %d is sealed %d, the server says %d, without protection %d",
					text, i, want, f.DataTypeOID, plain.Fields[i].DataTypeOID)
			}
		} else if f.DataTypeOID != plain.Fields[i].DataTypeOID {
			t.Errorf("%s: column %d has type %d, without protection %d", text, i, f.DataTypeOID, plain.Fields[i].DataTypeOID)
		}
	}
	if err := w.askWitness(st, text); err != nil {
		t.Errorf("%s: %v", text, err)
	}
	for i, p := range st.Params {
		if p.Target == nil && plain.ParamOIDs[p.Client-1] != sd.ParamOIDs[i] {
			t.Errorf("%s: $%d has type %d, without protection %d", text, p.Client, sd.ParamOIDs[i], plain.ParamOIDs[p.Client-1])
		}
	}
}

// logical and stored are the types of a result without protection and with it.
func (r *Result) logical() uint32 {
	if r.Shape == ShapeArray {
		return arrayOID(r.Protection.Type.OID)
	}
	return r.Protection.Type.OID
}

func (r *Result) stored() uint32 {
	if r.Shape == ShapeArray {
		return arrayOID(OIDBytea)
	}
	return OIDBytea
}
