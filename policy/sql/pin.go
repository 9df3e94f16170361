package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// pin writes the schema in front of each unqualified name of a relation that is sensitive in another schema. The server looks such a name
// up again when it has waited for a lock: were the relation gone by then, the name would mean the other one, of which this plan knows
// nothing (RangeVarGetRelidExtended, src/backend/catalog/namespace.c). With its schema the name can only fail.
//
// made is the relation of SELECT INTO, whose name says where it is to be.
func (a *analysis) pin(node *pg_query.Node, t *touch, made *pg_query.RangeVar) {
	var ctes map[string]bool
	var other map[int]bool
	for _, ref := range t.tables {
		if !a.ambiguous(ref) {
			continue
		}
		if ctes == nil {
			ctes, other = otherNames(node)
		}
		switch {
		case other[ref.at], made != nil && ref.at == int(made.GetLocation()):
		case ctes[ref.name]:
			a.refuseHint(codeSeveral, ref.at, "Give the WITH query another name, or write the relation's schema.",
				"a WITH query has the name %q, which is that of several relations, of which one is protected or listed", ref.name)
			return
		default:
			a.pinName(ref)
		}
	}
	slices.SortFunc(a.withheld, func(x, y Edit) int { return x.At.Start - y.At.Start })
}

// ambiguous reports whether an unqualified name is that of several relations of which another one may be sensitive.
func (a *analysis) ambiguous(ref tableRef) bool {
	return ref.schema == "" && ref.rel != nil && !ofSession(ref.rel.Schema) && a.cat.names != nil && a.cat.sensitiveName(ref.name) && a.cat.several(ref.name)
}

func (a *analysis) pinName(ref tableRef) {
	if at := a.nameSpan(ref.at); at.End > at.Start {
		a.withheld = append(a.withheld, Edit{At: Span{at.Start, at.Start}, Text: quoteName(ref.rel.Schema) + "."})
		return
	}
	a.refuse(codeSeveral, ref.at, "the name %q is that of several relations, of which one is protected or listed", ref.name)
}

// otherNames are the names of WITH queries, and the places of the names in FOR UPDATE OF and its like, which are those of FROM's items.
func otherNames(node *pg_query.Node) (ctes map[string]bool, locked map[int]bool) {
	ctes, locked = map[string]bool{}, map[int]bool{}
	descend(node.ProtoReflect(), func(m protoreflect.Message) bool {
		switch n := m.Interface().(type) {
		case *pg_query.CommonTableExpr:
			ctes[n.GetCtename()] = true
		case *pg_query.LockingClause:
			for _, l := range n.GetLockedRels() {
				locked[int(l.GetRangeVar().GetLocation())] = true
			}
			return false
		}
		return true
	})
	return ctes, locked
}
