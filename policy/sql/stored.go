package sql

import (
	"maps"
	"slices"
	"sort"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// Stored is what PREPARE or DECLARE CURSOR keeps under a name, seen from the statement that makes it.
type Stored struct {
	Name   string
	Cursor bool
	// Hold and Binary are the cursor's: it outlives its transaction; FETCH in the simple protocol gives binary values.
	Hold, Binary bool
	// Verb is the kept statement's kind, Results what running it returns.
	Verb    string
	Results []Result
	// Params are the prepared statement's own, Types what the client declared for them (0: nothing, or a type that no protected column
	// has) and Count how many the client knows of. A cursor's parameters are those of the text that declares it.
	Params []Param
	Types  []uint32
	Count  int
}

// Forgets says which names a statement takes from the server.
type Forgets struct {
	Statement, Cursor         string
	AllStatements, AllCursors bool
}

// any reports whether it takes any.
func (f Forgets) any() bool { return f != Forgets{} }

// Names says what the names of prepared statements and cursors mean in a session: the statements that made them, each with Stored set. Names
// that are missing stand for what touches nothing sensitive, or for nothing. The zero value knows none.
type Names struct {
	Statements, Cursors map[string]*Statement
	// Gone are names of prepared statements whose arguments may still be meant for protected columns: EXECUTE of them is refused.
	Gone map[string]bool
}

// with is n after st has been carried out.
func (n Names) with(st *Statement) Names {
	if st.Stored == nil && !st.Forgets.any() {
		return n
	}
	f := st.Forgets
	out := Names{Statements: map[string]*Statement{}, Cursors: map[string]*Statement{}, Gone: maps.Clone(n.Gone)}
	for name, kept := range n.Statements {
		switch {
		case !f.AllStatements && name != f.Statement:
			out.Statements[name] = kept
		case kept.Sensitive && out.Gone == nil:
			out.Gone = map[string]bool{name: true}
		case kept.Sensitive:
			out.Gone[name] = true
		}
	}
	for name, kept := range n.Cursors {
		if !f.AllCursors && name != f.Cursor {
			out.Cursors[name] = kept
		}
	}
	switch {
	case st.Stored == nil:
	case st.Stored.Cursor:
		out.Cursors[st.Stored.Name] = st
	default:
		out.Statements[st.Stored.Name] = st
		delete(out.Gone, st.Stored.Name)
	}
	return out
}

// Kept is a statement that was sent by Parse, seen as one that SQL prepared: types are those that the client declared for its parameters.
func Kept(name string, st *Statement, types []uint32) *Statement {
	k := *st
	k.Stored = &Stored{Name: name, Verb: st.Verb, Results: st.Results, Params: st.Params, Types: types, Count: len(types)}
	for _, p := range st.Params {
		if p.Upstream == p.Client {
			k.Stored.Count = max(k.Stored.Count, p.Client)
		}
	}
	k.Results, k.Params, k.Literals, k.Edits, k.Withheld = nil, nil, nil, nil, nil
	return &k
}

// KeptCursor is a statement that was bound to a portal, seen as a cursor.
func KeptCursor(name string, st *Statement) *Statement {
	k := Kept(name, st, nil)
	k.Stored.Cursor = true
	return k
}

// Running is what the message that runs a stored statement does: its results and parameters are the statement's own, and nothing of any
// text is left to be replaced.
func Running(st *Statement) *Statement {
	k := *st
	k.Verb, k.Results, k.Params = st.Stored.Verb, st.Stored.Results, st.Stored.Params
	k.Literals, k.Edits, k.Withheld, k.Stored, k.Forgets = nil, nil, nil, nil, Forgets{}
	return &k
}

// prepare analyses PREPARE: the statement is analysed as if it were sent by itself; its parameters are those of EXECUTE.
func (a *analysis) prepare(n *pg_query.PrepareStmt) {
	a.keep(n.GetQuery(), &Stored{Name: n.GetName()}, 0)
	k := a.st.Stored
	if k == nil {
		return
	}
	k.Params, a.st.Params = a.st.Params, nil
	r := &resolver{analysis: a}
	var list []*castTo
	for _, t := range n.GetArgtypes() {
		c := r.castType(t.GetTypeName())
		if names := nameList(t.GetTypeName().GetNames()); len(names) > 0 && names[len(names)-1] == "unknown" {
			c.oid = OIDUnknown
		}
		list = append(list, c)
		oid := c.oid
		if c.array {
			oid = arrayOID(c.oid)
		}
		if oid == OIDUnknown {
			oid = 0
		}
		k.Types = append(k.Types, oid)
	}
	k.Count = len(list)
	for _, p := range k.Params {
		if p.Upstream == p.Client {
			k.Count = max(k.Count, p.Client)
		}
	}
	if !a.refused() {
		a.typeList(k, n.GetName(), list)
	}
	if a.refused() {
		a.st.Stored, a.st.Makes = nil, n.GetName()
	}
}

// declareCursor analyses DECLARE CURSOR.
func (a *analysis) declareCursor(n *pg_query.DeclareCursorStmt) {
	const binary, hold = 0x0001, 0x0020 // CURSOR_OPT_… of src/include/nodes/parsenodes.h
	k := &Stored{Name: n.GetPortalname(), Cursor: true, Hold: n.GetOptions()&hold != 0, Binary: n.GetOptions()&binary != 0}
	a.keep(n.GetQuery(), k, EffectCursor)
}

// keep analyses the query of PREPARE and DECLARE CURSOR.
func (a *analysis) keep(query *pg_query.Node, k *Stored, effects Effect) {
	verb := a.st.Verb
	k.Verb = verbOf(query)
	a.analyzeQuery(query)
	a.st.Verb = verb
	for i := range a.st.Tables {
		a.st.Tables[i].Effects |= effects
	}
	if !a.refused() && (a.st.Sensitive || a.st.PathDependent) && !asciiName(k.Name) {
		a.refuse(codeStoredName, a.st.At.Start, "%s over a protected or listed table needs a name in ASCII", strings.ToUpper(verb))
	}
	if a.refused() {
		if !k.Cursor {
			a.st.Makes = k.Name
		}
		return
	}
	k.Results, a.st.Results = a.st.Results, nil
	a.st.Stored = k
}

// asciiName reports whether a name is cut at the same place, and the same, in every encoding.
func asciiName(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return false
		}
	}
	return true
}

// typeList makes the types that PREPARE declares for its parameters those that the server will see.
func (a *analysis) typeList(k *Stored, name string, list []*castTo) {
	last, sealed, copies := 0, false, false
	for _, p := range k.Params {
		last = max(last, p.Upstream)
		sealed = sealed || p.Target != nil
		copies = copies || p.Upstream != p.Client
		if p.Target != nil && p.Client <= len(list) && !a.declaredFits(&p, list[p.Client-1]) {
			return
		}
	}
	if !sealed {
		return
	}
	end := a.storedNameEnd(name)
	switch {
	case copies && len(list) == k.Count && len(k.Params) > 0 && last <= len(list):
		a.refuse(codeDeclaredType, a.st.At.Start, "PREPARE declares types of parameters that the statement does not have")
		return
	case end < 0:
		a.refuse(codeInternal, -1, "the place of the parameter types is not known")
		return
	case len(list) > 0:
		end = list[len(list)-1].at.End
	}
	var more []string
	for n := 1; n <= last; n++ {
		typ := "pg_catalog.unknown"
		for _, p := range k.Params {
			switch {
			case p.Upstream != n || p.Target == nil:
			case p.Array:
				typ = "pg_catalog.bytea[]"
			case p.Target.Protection.Document != nil:
				typ = "pg_catalog.jsonb"
			default:
				typ = "pg_catalog.bytea"
			}
		}
		switch {
		case n > len(list):
			more = append(more, typ)
		case typ != "pg_catalog.unknown":
			a.st.Edits = append(a.st.Edits, Edit{At: list[n-1].at, Text: typ})
		}
	}
	switch {
	case len(more) == 0:
	case len(list) > 0:
		a.st.Edits = append(a.st.Edits, Edit{At: Span{end, end}, Text: ", " + strings.Join(more, ", ")})
	default:
		a.st.Edits = append(a.st.Edits, Edit{At: Span{end, end}, Text: " (" + strings.Join(more, ", ") + ")"})
	}
	sort.SliceStable(a.st.Edits, func(i, j int) bool { return a.st.Edits[i].At.Start < a.st.Edits[j].At.Start })
}

// declaredFits refuses a declared type whose values are not those of the protected column that the parameter meets.
func (a *analysis) declaredFits(p *Param, c *castTo) bool {
	t := p.Target
	ok := c.at.Start >= 0 && c.at.End > c.at.Start
	if ok && c.oid == OIDUnknown && !c.array {
		return true
	}
	ok = ok && c.array == p.Array && family(c.oid) == family(t.Protection.Type.OID)
	if ok && p.Cast != 0 {
		cast := p.Cast
		if p.Array {
			cast = elementOID(cast)
		}
		ok = family(cast) == family(c.oid) && width(cast) >= width(c.oid)
	}
	if !ok {
		a.refuse(codeDeclaredType, max(c.at.Start, a.st.At.Start), "the type declared for $%d does not fit protected column %s.%s", p.Client, t.Table, t.Column)
	}
	return ok
}

// storedNameEnd is the end of the name in PREPARE name, -1 if it is not found.
func (a *analysis) storedNameEnd(name string) int {
	at := a.st.At.Start
	for {
		t, ok := nextToken(a.text, at)
		if !ok || t.End > a.st.At.End {
			return -1
		}
		if isWord(a.text, t, "prepare") {
			next, ok := nextToken(a.text, t.End)
			if !ok {
				return -1
			}
			return nameEnd(a.text, next.Start)
		}
		at = t.End
	}
}

// adopt makes the statement do what a stored one does. Everything is where the name stands.
func (a *analysis) adopt(kept *Statement) {
	at := Span{a.st.At.Start, a.st.At.Start}
	for _, t := range kept.Tables {
		t.At = at
		a.st.Tables = append(a.st.Tables, t)
	}
	for _, c := range kept.Columns {
		c.At = at
		a.st.Columns = append(a.st.Columns, c)
	}
	a.st.Sensitive = a.st.Sensitive || kept.Sensitive
	a.st.PathDependent = a.st.PathDependent || kept.PathDependent && !kept.Stored.Cursor
	a.st.ChangesPath = a.st.ChangesPath || kept.ChangesPath && !kept.Stored.Cursor
	a.st.Results = slices.Clone(kept.Stored.Results) // the kept ones are other sessions' too
}

// fetch analyses FETCH and MOVE: the rows are those of the cursor.
func (a *analysis) fetch(n *pg_query.FetchStmt) {
	a.st.Runs = append(a.st.Runs, n.GetPortalname())
	a.st.Understood = true
	kept := a.names.Cursors[n.GetPortalname()]
	if kept == nil || !kept.Sensitive {
		return
	}
	a.adopt(kept)
	if n.GetIsmove() {
		a.st.Results, a.st.Columns = nil, nil
	}
}

// forget analyses what takes names away.
func (a *analysis) forget(node *pg_query.Node) {
	f := &a.st.Forgets
	switch n := node.GetNode().(type) {
	case *pg_query.Node_DeallocateStmt:
		f.Statement = n.DeallocateStmt.GetName()
		f.AllStatements = f.Statement == ""
	case *pg_query.Node_ClosePortalStmt:
		f.Cursor = n.ClosePortalStmt.GetPortalname()
		f.AllCursors = f.Cursor == ""
	case *pg_query.Node_DiscardStmt:
		f.AllStatements = n.DiscardStmt.GetTarget() == pg_query.DiscardMode_DISCARD_ALL
		f.AllCursors = f.AllStatements
	}
}
