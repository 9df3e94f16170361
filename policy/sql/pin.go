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
	var in *introspection
	other := map[int]bool{}
	if made != nil {
		other[int(made.GetLocation())] = true
	}
	for _, ref := range t.tables {
		if !a.ambiguous(ref) {
			continue
		}
		if in == nil {
			in = newIntrospection(a)
			in.walk(node.ProtoReflect(), false)
			lockedNames(node.ProtoReflect(), other)
		}
		if other[ref.at] {
			continue
		}
		if in.ctes[ref.name] {
			a.refuseHint(codeSeveral, ref.at, "Give the WITH query another name, or write the relation's schema.",
				"a WITH query has the name %q, which is that of several relations, of which one is protected or listed", ref.name)
			return
		}
		a.pinName(ref)
	}
	slices.SortFunc(a.withheld, func(x, y Edit) int { return x.At.Start - y.At.Start })
}

// ambiguous reports whether an unqualified name is that of several relations of which another one may be sensitive.
func (a *analysis) ambiguous(ref tableRef) bool {
	return ref.schema == "" && ref.rel != nil && !ofSession(ref.rel.Schema) && a.cat.names != nil && a.cat.sensitiveName(ref.name) && a.cat.byBare[ref.name] > 1
}

func (a *analysis) pinName(ref tableRef) {
	if at := a.nameSpan(ref.at); at.End > at.Start {
		a.withheld = append(a.withheld, Edit{At: Span{at.Start, at.Start}, Text: quoteName(ref.rel.Schema) + "."})
		return
	}
	a.refuse(codeSeveral, ref.at, "the name %q is that of several relations, of which one is protected or listed", ref.name)
}

// lockedNames adds the places of the names in FOR UPDATE OF and its like, which are those of FROM's items.
func lockedNames(m protoreflect.Message, at map[int]bool) {
	if l, ok := m.Interface().(*pg_query.LockingClause); ok {
		for _, n := range l.GetLockedRels() {
			at[int(n.GetRangeVar().GetLocation())] = true
		}
		return
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Kind() != protoreflect.MessageKind:
		case f.IsList():
			for i := range v.List().Len() {
				lockedNames(v.List().Get(i).Message(), at)
			}
		default:
			lockedNames(v.Message(), at)
		}
		return true
	})
}
