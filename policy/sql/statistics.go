package sql

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// statisticsRelations are views and tables of pg_catalog that show values of other tables' columns.
var statisticsRelations = []string{"pg_stats", "pg_statistic", "pg_statistic_ext_data", "pg_stats_ext", "pg_stats_ext_exprs"}

func isStatistics(schema, name string) bool {
	return (schema == "" || schema == "pg_catalog") && slices.Contains(statisticsRelations, name)
}

// lifetime says how long the server keeps the text of a query: what is left out of statistics, and what SQL in a constant means, is
// known for now.
type lifetime uint8

const (
	lasting  lifetime = iota // for anybody: views, rules, bodies
	prepared                 // for EXECUTE, before which it is looked whether it would be the same text now: PREPARE
	declared                 // its rows are fixed, but read later: DECLARE CURSOR
	atOnce                   // it is carried out at once
)

func lifetimeOf(node *pg_query.Node) lifetime {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_ExplainStmt:
		return lifetimeOf(n.ExplainStmt.GetQuery())
	case *pg_query.Node_DeclareCursorStmt:
		if isDML(n.DeclareCursorStmt.GetQuery()) {
			return declared
		}
	case *pg_query.Node_PrepareStmt:
		if isDML(n.PrepareStmt.GetQuery()) {
			return prepared
		}
	case *pg_query.Node_CopyStmt:
		if isDML(n.CopyStmt.GetQuery()) {
			return atOnce
		}
	case *pg_query.Node_CreateTableAsStmt:
		if n.CreateTableAsStmt.GetObjtype() == pg_query.ObjectType_OBJECT_TABLE && isDML(n.CreateTableAsStmt.GetQuery()) {
			return atOnce
		}
	default:
		if isDML(node) {
			return atOnce
		}
	}
	return lasting
}

// withhold makes the edits by which the statistics that a query reads leave out those of sensitive tables: the name is replaced by a
// subquery. Unlike Splices these hold for every subject, and where one can't be made the query is refused.
//
// OFFSET 0 keeps the planner from moving the client's conditions into the subquery, where they could look at rows, through a function that
// tells of them or an error, before these are left out (subquery_is_pushdown_safe, src/backend/optimizer/path/allpaths.c).
func (a *analysis) withhold(node *pg_query.Node, t *touch) {
	if len(t.statistics) == 0 {
		return
	}
	in := newIntrospection(a)
	in.walk(node.ProtoReflect(), false)
	stripped := map[TableName]bool{}
	for _, ref := range t.statistics {
		name := TableName{"pg_catalog", ref.name}
		edit, why := in.without(ref, name)
		if why != "" {
			a.refuseHint(codeStatistics, ref.at, why, "%s shows values of other tables' columns", ref.name)
			return
		}
		if ref.schema == "" && a.cat.byBare[ref.name] > 0 {
			a.pathDependent = true
		}
		a.withheld, stripped[name] = append(a.withheld, edit), true
		if a.held == nil {
			a.held = map[int]bool{}
		}
		a.held[ref.at] = true
	}
	a.withheld = append(a.withheld, in.strip(stripped)...)
	slices.SortFunc(a.withheld, func(x, y Edit) int { return x.At.Start - y.At.Start })
}

// without is the edit for one occurrence of a relation of statistics, or a hint that says why there is none.
func (in *introspection) without(ref tableRef, name TableName) (e Edit, why string) {
	a := in.a
	at := slices.IndexFunc(in.items, func(r *pg_query.RangeVar) bool { return int(r.GetLocation()) == ref.at })
	columns := a.cat.system[name]
	switch {
	case a.life == lasting:
		return e, "Read statistics by a query of its own, not in a view, rule or function."
	case at < 0:
		return e, "Read statistics in FROM of a query."
	case ref.schema == "" && in.ctes[ref.name]:
		return e, "Give the WITH query another name, or write pg_catalog." + ref.name + "."
	case len(columns) == 0:
		return e, refusalDoc(codeStatistics).Fix
	case in.locking:
		return e, "Read statistics without FOR UPDATE and the like."
	}
	r := in.items[at]
	e.At = a.nameSpan(ref.at)
	before, table := in.before(e.At)
	if next, ok := nextToken(a.text, e.At.End); !before || ok && a.text[next.Start:next.End] == "*" {
		return e, "Name the relation of statistics without *."
	}
	var more []string
	if !strings.HasPrefix(ref.name, "pg_stats") {
		for c := range in.system {
			more = append(more, c)
		}
		slices.Sort(more)
	}
	alias := r.GetAlias().GetAliasname()
	if alias == "" {
		alias = r.GetRelname()
	}
	if len(more) > 0 && (in.star || in.bare[alias]) {
		return e, "Name the columns that are to be read; with a star the system columns can't be read."
	}
	e.Text = statisticsText(a.cat, name, columns, more)
	if table.End > table.Start {
		e.At.Start, e.Text = table.Start, "SELECT * FROM "+e.Text
	}
	if r.GetAlias() == nil {
		e.Text += " " + quoteName(r.GetRelname())
	}
	return e, ""
}

// before finds the token in front of a name, which table is if it is the word TABLE. It is false if the name can't be found.
func (in *introspection) before(name Span) (found bool, table Span) {
	last := Span{}
	for at := in.a.st.At.Start; at <= name.Start; {
		t, ok := nextToken(in.a.text, at)
		if !ok {
			return false, table
		}
		if t.Start == name.Start {
			if strings.EqualFold(in.a.text[last.Start:last.End], "table") {
				table = last
			}
			return true, table
		}
		last, at = Span{t.Start, t.End}, t.End
	}
	return false, table
}

// statisticsText is the subquery that stands for a relation of statistics: its rows about relations that are not sensitive.
func statisticsText(c *Catalog, name TableName, columns, more []string) string {
	of := "c.oid OPERATOR(pg_catalog.=) r.starelid"
	join := ""
	switch name.Name {
	case "pg_statistic":
	case "pg_statistic_ext_data":
		join = " JOIN pg_catalog.pg_statistic_ext e ON e.stxrelid OPERATOR(pg_catalog.=) c.oid"
		of = "e.oid OPERATOR(pg_catalog.=) r.stxoid"
	default:
		join = " JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
		of = "n.nspname OPERATOR(pg_catalog.=) r.schemaname AND c.relname OPERATOR(pg_catalog.=) r.tablename"
	}
	// The statistics of pg_statistic_ext_data hold those of expressions; other sessions' temporary tables are not known.
	return "(SELECT " + selectList(columns, more, unchanged) + " FROM " + name.String() + " r WHERE EXISTS (SELECT FROM pg_catalog.pg_class c" + join +
		" LEFT JOIN pg_catalog.pg_index i ON i.indexrelid OPERATOR(pg_catalog.=) c.oid WHERE " + of +
		" AND (" + c.hiddenIn("c.oid") + " OR " + c.hiddenIn("i.indrelid") + " OR c.oid OPERATOR(pg_catalog.=) 'pg_catalog.pg_statistic_ext_data'::pg_catalog.regclass::pg_catalog.oid" +
		" OR pg_catalog.pg_is_other_temp_schema(c.relnamespace)) IS NOT TRUE) OFFSET 0)"
}

// hiddenIn is the condition that an OID is that of a sensitive table.
func (c *Catalog) hiddenIn(oid string) string {
	if c.spec.AllListed {
		return fmt.Sprintf("%s OPERATOR(pg_catalog.>=) %d::pg_catalog.oid", oid, firstNormalOID)
	}
	return oid + " OPERATOR(pg_catalog.=) ANY ('{" + c.hiddenOIDs + "}'::pg_catalog.oid[])"
}

// firstNormalOID is FirstNormalObjectId (src/include/access/transam.h): what initdb makes has a smaller one.
const firstNormalOID = 16384

// readStatistics notes which relations have no statistics to be shown.
func (c *Catalog) readStatistics(s *snapshot) {
	c.system = map[TableName][]string{}
	for _, r := range s.System {
		c.system[TableName{r.Schema, r.Name}] = r.Columns
	}
	var oids []uint32
	for _, r := range c.relations {
		if r.Sensitive {
			oids = append(oids, r.OID)
		}
	}
	slices.Sort(oids)
	list := make([]string, len(oids))
	for i, oid := range oids {
		list[i] = strconv.FormatUint(uint64(oid), 10)
	}
	c.hiddenOIDs = strings.Join(list, ",")
}

// holdsStatistics reports whether a name is that of a relation of statistics which must leave something out.
func (a *analysis) holdsStatistics(ref *tableRef) bool {
	return a.cat.names != nil && ref.rel == nil && isStatistics(ref.schema, ref.name)
}

// refuseStatistics refuses what is done to a relation of statistics by other ways than a query. Maintaining it shows nothing.
func (a *analysis) refuseStatistics() {
	if a.cat.names == nil {
		return
	}
	for _, u := range a.st.Tables {
		if u.OID == 0 && isStatistics(u.Table.Schema, u.Table.Name) && !a.held[u.At.Start] && u.Effects&^(EffectMaintain|EffectLock) != 0 {
			a.refuse(codeStatistics, u.At.Start, "%s shows values of other tables' columns", u.Table.Name)
		}
	}
}
