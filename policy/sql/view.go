package sql

const (
	// maxViewDepth is how many views may stand on one another.
	maxViewDepth = 16
	// maxExpansions bounds the views expanded in one statement, since a view may name another one several times.
	maxExpansions = 128
)

// viewFrame is the view whose body is being read. Offsets in a body mean nothing in the client's text: at stands for all.
type viewFrame struct {
	outer TableName // the view that the client named
	at    Span
	depth int
}

// expand reads a view's body as a subquery. The columns' origin is the view itself, as in the server's RowDescription.
func (r *resolver) expand(rel *Relation, effects Effect, at Span) []itemColumn {
	r.sensitive = true
	if rel.Unusable != nil {
		why := *rel.Unusable
		why.At = r.pos(at.Start)
		r.noBecause(why)
	}
	listed := -1
	if rel.Listed {
		listed = r.table(rel, effects, at)
	}
	depth := 1
	frame := &viewFrame{outer: rel.TableName(), at: at, depth: depth}
	if r.view != nil {
		frame.outer, frame.depth = r.view.outer, r.view.depth+1
	}
	r.expansions++
	if frame.depth > maxViewDepth || r.expansions > maxExpansions {
		r.no(codeViewDepth, at.Start, "view %s stands on too many other views", rel.TableName())
		return nil
	}
	tree, bad := parse(rel.Definition)
	if bad != nil || len(tree.GetStmts()) != 1 || tree.GetStmts()[0].GetStmt().GetSelectStmt() == nil {
		r.no(codeNoDefinition, at.Start, "the definition of view %s can't be read", rel.TableName())
		return nil
	}
	saved := r.view
	r.view = frame
	out := r.query(&scope{}, tree.GetStmts()[0].GetStmt().GetSelectStmt())
	r.view = saved
	if !out.exact || len(out.cols) != len(rel.Columns) {
		r.no(codeNoDefinition, at.Start, "the columns of view %s can't be known", rel.TableName())
		return nil
	}
	return r.viewColumns(rel, out, listed, at)
}

func (r *resolver) viewColumns(rel *Relation, out output, listed int, at Span) []itemColumn {
	cols := out.columns()
	for i := range cols {
		c := &rel.Columns[i]
		cols[i].name = c.Name
		v := &cols[i].val
		if v.form == formFree || v.form == formArray || v.form == formRow {
			r.settle(*v, 0, 0, codeExpression)
			*v = plainValue(c.Type.OID, at)
		}
		v.oid, v.num = rel.OID, c.Num
		if v.form == formPlain {
			v.typ = c.Type
		}
		if listed >= 0 {
			v.cols = append(append([]int{}, v.cols...), r.columnUse(listed, c, at, false))
		}
	}
	return cols
}
