package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// givenKind is what the first argument of one of the server's own functions says that it reads.
type givenKind uint8

const (
	givenNothing givenKind = iota
	givenQuery
	givenTable
	givenSchema
	givenCursor
	givenDatabase // there is no such argument
)

// givenText says which argument of a function, from 0, names what it reads, and how. A call of another form is none of these functions'
// (pg_proc.dat: ts_stat, ts_rewrite, query_to_xml and its kin).
func givenText(name string, args int) (kind givenKind, arg int) {
	switch name {
	case "ts_stat":
		return givenQuery, 0
	case "ts_rewrite":
		if args == 2 {
			return givenQuery, 1
		}
		return givenNothing, 0
	}
	what, form, _ := strings.Cut(name, "_to_xml")
	if form != "" && form != "schema" && form != "_and_xmlschema" || !strings.Contains(name, "_to_xml") {
		return givenNothing, 0
	}
	switch what {
	case "query":
		return givenQuery, 0
	case "table":
		return givenTable, 0
	case "schema":
		return givenSchema, 0
	case "cursor":
		return givenCursor, 0
	case "database":
		return givenDatabase, 0
	}
	return givenNothing, 0
}

// given judges a call of a function that runs SQL given as text, or reads what is named by text. It is true where what the text names is
// known and not sensitive: such a call is one of any function.
func (a *analysis) given(n *pg_query.FuncCall) bool {
	schema, name := splitName(stringList(n.GetFuncname()))
	if a.cat.names == nil || !isSQLRunner(name) || schema != "" && schema != "pg_catalog" || a.life != atOnce || n.GetFuncVariadic() {
		return false
	}
	if name == "ts_rewrite" && len(n.GetArgs()) == 3 {
		return true // three queries of words; no SQL
	}
	kind, arg := givenText(name, len(n.GetArgs()))
	text, at := "", int(n.GetLocation())
	switch {
	case kind == givenNothing:
		return false
	case kind == givenDatabase:
	case arg >= len(n.GetArgs()):
		return false
	default:
		var ok bool
		if text, at, ok = a.constantText(n.GetArgs()[arg], kind); !ok {
			return false
		}
	}
	var tables []TableUse
	ok := false
	switch kind {
	case givenQuery:
		tables, ok = a.givenQuery(text)
	case givenTable:
		tables, ok = a.givenTable(text)
	case givenSchema:
		tables, ok = a.givenSchemas(func(s string) bool { return s == text }), !strings.HasPrefix(text, "pg_")
	case givenCursor:
		a.runs = append(a.runs, text)
		kept := a.names.Cursors[text]
		ok = kept == nil || !kept.Sensitive
	case givenDatabase:
		tables, ok = a.givenSchemas(func(s string) bool { return s != "information_schema" }), true
	}
	for i := range tables {
		tables[i].At = Span{at, at}
		ok = ok && !a.cat.reaches(&tables[i])
	}
	if !ok {
		if a.badText == nil {
			a.badText = map[int]int{}
		}
		a.badText[int(n.GetLocation())] = at
		return false
	}
	if a.goodText == nil {
		a.goodText = map[int]bool{}
	}
	if !a.goodText[int(n.GetLocation())] {
		a.goodText[int(n.GetLocation())] = true
		a.read = append(a.read, tables...)
	}
	return true
}

// reaches reports whether a table that is read by a text is sensitive, or may be.
func (c *Catalog) reaches(u *TableUse) bool {
	rel := c.byOID[u.OID]
	return c.sensitiveTable(u.Table.Schema, u.Table.Name, rel) || rel == nil && isStatistics(u.Table.Schema, u.Table.Name)
}

// constantText is an argument that is a string constant, perhaps with a cast to the type that the function takes.
func (a *analysis) constantText(arg *pg_query.Node, kind givenKind) (text string, at int, ok bool) {
	if cast := arg.GetTypeCast(); cast != nil {
		t := cast.GetTypeName()
		schema, name := splitName(stringList(t.GetNames()))
		want := map[givenKind]string{givenQuery: "text", givenTable: "regclass", givenSchema: "name", givenCursor: "refcursor"}[kind]
		if name != want || schema != "" && schema != "pg_catalog" || schema == "" && a.cat.hasType(name) || t.GetSetof() || t.GetPctType() ||
			len(t.GetTypmods()) > 0 || len(t.GetArrayBounds()) > 0 {
			return "", 0, false
		}
		arg = cast.GetArg()
	}
	c := arg.GetAConst()
	if c == nil || c.GetIsnull() {
		return "", 0, false
	}
	s, ok := c.GetVal().(*pg_query.A_Const_Sval)
	if !ok || strings.IndexByte(a.text[c.GetLocation():], '\'') < 0 && strings.IndexByte(a.text[c.GetLocation():], '$') < 0 {
		return "", 0, false
	}
	return s.Sval.GetSval(), int(c.GetLocation()), true
}

// hasType reports whether any schema but the server's own has a type of this name.
func (c *Catalog) hasType(name string) bool {
	for t := range c.types {
		if t.Name == name {
			return true
		}
	}
	return c.byBare[name] > 0
}

// givenQuery judges SQL that the server will read in this statement. It must mean the same under each search path, since the statement may change it
// first.
func (a *analysis) givenQuery(text string) (tables []TableUse, ok bool) {
	if a.depth++; a.depth > 3 {
		return nil, false
	}
	defer func() { a.depth-- }()
	for _, st := range analyze(a.cat, a.path, text, Names{}, a.depth) {
		if st.Refusal != nil || !st.Understood || st.Sensitive || st.PathDependent || st.ChangesPath || st.ChangesSchema || st.Verb != "select" ||
			len(st.Withheld)+len(st.Runs)+len(st.Params)+len(st.Literals)+len(st.Edits) > 0 {
			return nil, false
		}
		for _, u := range st.Tables {
			if u.Effects != EffectSelect {
				return nil, false
			}
			tables = append(tables, u)
		}
	}
	return tables, true
}

// givenTable judges a text that is read as regclass: a name that means the same under each search path, not an OID.
func (a *analysis) givenTable(text string) (tables []TableUse, ok bool) {
	parts := nameParts(text)
	if len(parts) == 0 || len(parts) > 2 {
		return nil, false
	}
	schema, name := splitName(parts)
	rel, found := a.cat.Relation(a.path, schema, name)
	if schema == "" && (a.cat.sensitiveName(name) || isStatistics("", name)) || schema == "pg_temp" {
		return nil, false
	}
	u := TableUse{Table: TableName{schema, name}, Effects: EffectSelect}
	if found {
		u.Table, u.OID = rel.TableName(), rel.OID
	}
	return []TableUse{u}, true
}

// nameParts are the parts of a qualified name as stringToQualifiedNameList reads it, for names without odd characters; nil for others.
func nameParts(text string) (parts []string) {
	for {
		var part string
		if strings.HasPrefix(text, `"`) {
			end := strings.IndexByte(text[1:], '"')
			if end < 1 {
				return nil
			}
			part, text = text[1:1+end], text[end+2:]
		} else {
			end := 0
			for end < len(text) && (text[end] == '_' || 'a' <= text[end]|0x20 && text[end]|0x20 <= 'z' || end > 0 && '0' <= text[end] && text[end] <= '9') {
				end++
			}
			part, text = strings.ToLower(text[:end]), text[end:]
		}
		if part == "" || len(part) > 63 {
			return nil
		}
		parts = append(parts, part)
		switch {
		case text == "":
			return parts
		case text[0] != '.':
			return nil
		}
		text = text[1:]
	}
}

// givenSchemas are the tables and views of schemas: schema_get_xml_visible_tables and its kin (src/backend/utils/adt/xml.c).
func (a *analysis) givenSchemas(of func(schema string) bool) (tables []TableUse) {
	for _, r := range a.cat.relations {
		if of(r.Schema) && strings.IndexByte("rmvpf", r.Kind) >= 0 {
			tables = append(tables, TableUse{Table: r.TableName(), OID: r.OID, Effects: EffectSelect})
		}
	}
	return tables
}

// settle puts into the statement what was found besides, once the rest of it is final.
func (a *analysis) settle() {
	if a.refused() {
		return
	}
	a.st.Withheld = a.withheld
	a.st.PathDependent = a.st.PathDependent || a.pathDependent
	a.st.Given = len(a.goodText) > 0
	a.st.Tables = append(a.st.Tables, a.read...)
	for _, name := range a.runs {
		if !slices.Contains(a.st.Runs, name) {
			a.st.Runs = append(a.st.Runs, name)
		}
	}
}
