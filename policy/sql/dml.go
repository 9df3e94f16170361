package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// resolver analyses one SELECT, INSERT, UPDATE or DELETE.
type resolver struct {
	*analysis
	// soft is the first refusal of analysis itself. It counts only if the statement turns out to touch something sensitive.
	soft      *Refusal
	sensitive bool
	// named is parallel to Statement.Columns: the client's own text names the column.
	named  []bool
	column map[columnKey]int
	leaves []*leaf
	leafAt map[int]*leaf
	view   *viewFrame
	// plainReads counts references to plain columns.
	plainReads int
	// expansions counts views expanded in this statement.
	expansions int
	spliced    map[Edit]bool
	senses     map[Span]sense // how citext values are compared, by place
	respelled  map[int32]int  // calls that are sent under another name, by place, and where they end
	// sealedTexts are the constants that are sealed, when they are asked for.
	sealedTexts map[string]*Target
	// deferred collects uses instead of recording them, while the select list of a view's body is read.
	deferred *[]pendingUse
	// outermost is the statement's own SELECT, again where LIKE is being analysed in it, hidden what is selected besides.
	outermost *pg_query.SelectStmt
	again     matchPlace
	hidden    []itemColumn
	// sources are the tables that are read through temporary ones.
	sources map[sourceUse]int
	// extremes are the calls of min and max that were written for cells.
	extremes []extremeCall
}

// pendingUse is a use within a view's column, which counts only if something reads that column.
type pendingUse struct {
	column int
	use    Use
}

// use records uses of one ColumnUse.
func (r *resolver) use(column int, use Use) {
	if r.deferred != nil {
		*r.deferred = append(*r.deferred, pendingUse{column, use})
		return
	}
	r.st.Columns[column].Use |= use
}

type columnKey struct {
	table int
	num   int16
}

// analyzeDML fills a.st from a SELECT, VALUES, INSERT, UPDATE, DELETE or MERGE and sets Understood unless it refuses.
//
// EffectSelect stands on each table whose rows the statement reads to produce rows or values, that is tables in FROM and
// USING and the target of a RETURNING. The target of a plain UPDATE or DELETE has it not: what its WHERE looks at is in Columns.
func analyzeDML(a *analysis, node *pg_query.Node) {
	r := &resolver{analysis: a, column: map[columnKey]int{}, leafAt: map[int]*leaf{}}
	if a.shown {
		r.outermost = node.GetSelectStmt()
	}
	root := &scope{}
	out, rows := r.statement(root, node)
	if rows {
		r.show(out)
	}
	a.st.Sensitive = a.st.Sensitive || r.sensitive
	if !r.sensitive {
		// Nothing that is ours is touched: whatever else it is, the server decides.
		if !out.exact {
			a.st.Results = nil
		}
		r.soft = nil
	}
	if r.soft == nil {
		r.closeColumns()
		r.closeParams()
	}
	if r.soft != nil && !a.refused() {
		a.st.Refusal = r.soft
	}
	if a.st.Understood = !a.refused(); a.st.Understood && r.sensitive {
		r.indexedExtremes(node)
	}
}

// statement analyses one query or data-modifying statement; rows is false when it returns none.
func (r *resolver) statement(parent *scope, node *pg_query.Node) (out output, rows bool) {
	switch n := node.GetNode().(type) {
	case *pg_query.Node_SelectStmt:
		r.verb("select")
		return r.query(parent, n.SelectStmt), n.SelectStmt.GetIntoClause() == nil
	case *pg_query.Node_InsertStmt:
		r.verb("insert")
		return r.insert(parent, n.InsertStmt)
	case *pg_query.Node_UpdateStmt:
		r.verb("update")
		return r.update(parent, n.UpdateStmt)
	case *pg_query.Node_DeleteStmt:
		r.verb("delete")
		return r.delete(parent, n.DeleteStmt)
	case *pg_query.Node_MergeStmt:
		r.verb("merge")
		return r.merge(parent, n.MergeStmt)
	}
	r.no(codeConstruct, -1, "this kind of statement can't be used with protected or listed tables")
	r.generic(parent, node.ProtoReflect(), UseExpression)
	return output{}, false
}

func (r *resolver) verb(v string) {
	if r.st.Verb == "" {
		r.st.Verb = v
	}
}

// no records the first reason why the statement can't be sent if it is sensitive.
func (r *resolver) no(code string, at int, format string, args ...any) {
	if r.soft != nil {
		return
	}
	a := analysis{st: &Statement{}}
	r.soft = a.refuse(code, r.pos(at), format, args...)
}

// noBecause is no with a ready refusal.
func (r *resolver) noBecause(why Refusal) {
	if r.soft == nil {
		r.soft = &why
	}
}

// pos maps an offset of the tree at hand to the client's text: inside a view's body everything is where the view is named.
func (r *resolver) pos(at int) int {
	if r.view != nil {
		return r.view.at.Start
	}
	return at
}

// show settles the columns of the whole statement's result.
func (r *resolver) show(out output) {
	if !out.exact {
		r.no(codeUnknownColumns, -1, "the columns of the result can't be known")
	}
	r.st.Hidden = len(r.hidden)
	results := make([]Result, 0, len(out.cols)+len(r.hidden))
	for _, c := range append(out.cols[:len(out.cols):len(out.cols)], r.hidden...) {
		v := r.cells(c.val, UseOutput)
		if v.form != formSealed && v.form != formCells && v.form != formJSON && v.form != formDocument {
			r.settle(v, UseOutput, OIDText, codeExpression)
		}
		r.mark(v, UseOutput)
		res := Result{Name: c.name, Origin: Origin{Table: v.src, OID: v.oid, Num: v.num, Column: v.column}}
		if v.form == formSealed {
			res.Protection, res.Bare = v.prot, v.bare
		}
		r.held(&res, v)
		results = append(results, res)
	}
	r.st.Results = results
}

// closeColumns gives a use to the columns that the client names and nothing consumes, and forgets those that only * or a view
// brought in.
func (r *resolver) closeColumns() {
	kept, moved := r.st.Columns[:0], make([]int, len(r.st.Columns))
	for i, c := range r.st.Columns {
		if c.Use == 0 {
			if i >= len(r.named) || !r.named[i] {
				continue
			}
			c.Use = UseExpression
		}
		moved[i] = len(kept)
		kept = append(kept, c)
	}
	r.st.Columns = kept
	for i := range r.st.Results {
		for k, c := range r.st.Results[i].Holds {
			r.st.Results[i].Holds[k] = moved[c]
		}
	}
}

// table records one occurrence of a relation.
func (r *resolver) table(rel *Relation, effects Effect, at Span) int {
	use := TableUse{Table: rel.TableName(), OID: rel.OID, Effects: effects, At: at}
	if r.view != nil {
		via := r.view.outer
		use.Via, use.At = &via, r.view.at
	}
	if rel.Sensitive || rel.Listed || rel.Protected {
		r.sensitive = true
	}
	if rel.Unusable != nil {
		r.sensitive = true
		why := *rel.Unusable
		why.At = use.At.Start
		r.noBecause(why)
	}
	r.st.Tables = append(r.st.Tables, use)
	return len(r.st.Tables) - 1
}

// columnUse is the index of the ColumnUse of one column of one occurrence.
func (r *resolver) columnUse(table int, c *Column, at Span, named bool) int {
	key := columnKey{table, c.Num}
	i, ok := r.column[key]
	if !ok {
		i = len(r.st.Columns)
		r.column[key] = i
		if r.view != nil {
			at = r.view.at
		}
		for len(r.named) < i {
			r.named = append(r.named, false)
		}
		r.st.Columns = append(r.st.Columns, ColumnUse{Table: table, Name: c.Name, Num: c.Num, At: at})
		r.named = append(r.named, false)
	}
	if named && r.view == nil && !r.named[i] {
		r.named[i] = true
		r.st.Columns[i].At = at
	}
	return i
}
