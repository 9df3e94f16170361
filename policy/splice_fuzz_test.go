package policy

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/pgveil/pgveil/policy/sql"
)

// spliced are the columns of the tables that spliced statements are about: name, type, and for a protected one its search mode.
const spliced = `people: id int4, name text, email text equality, ssn text none, age int4 equality, born date range, balance numeric none, active bool none, seen timestamptz range, token uuid equality, photo bytea none, extra jsonb none, code varchar range, big int8 range, small int2 equality, note text, nick text normalized
logins: id int4, person int4, email text equality, secret text none
things: id int4, label text, price numeric, people_count int4`

func splicedCatalog(t testing.TB) (*sql.Catalog, *Policy) {
	t.Helper()
	types := map[string]uint32{"int4": sql.OIDInt4, "text": sql.OIDText, "date": sql.OIDDate, "numeric": sql.OIDNumeric, "bool": sql.OIDBool,
		"timestamptz": sql.OIDTimestamptz, "uuid": sql.OIDUUID, "bytea": sql.OIDBytea, "jsonb": sql.OIDJSONB, "varchar": sql.OIDVarchar, "int8": sql.OIDInt8, "int2": sql.OIDInt2}
	searches := map[string]sql.Search{"none": sql.SearchNone, "equality": sql.SearchEquality, "range": sql.SearchRange, "normalized": sql.SearchEquality}
	spec := sql.Spec{Protected: map[sql.TableName]map[string]sql.Protection{}}
	var relations []map[string]any
	for i, line := range strings.Split(spliced, "\n") {
		name, rest, _ := strings.Cut(line, ": ")
		table := sql.TableName{Schema: "public", Name: name}
		var columns [][]any
		for n, c := range strings.Split(rest, ", ") {
			f := strings.Fields(c)
			stored := types[f[1]]
			if len(f) == 3 {
				if spec.Protected[table] == nil {
					spec.Protected[table] = map[string]sql.Protection{}
				}
				p := sql.Protection{Key: "key:" + f[0], ID: uint32(n + 1), Search: searches[f[2]], Type: sql.Type{OID: stored, Mod: -1}}
				if f[2] == "normalized" {
					p.Normalize = "lower"
				}
				spec.Protected[table][f[0]] = p
				stored = sql.OIDBytea
			}
			columns = append(columns, []any{n + 1, f[0], stored, -1, false, false, "", ""})
		}
		relations = append(relations, map[string]any{"oid": 20000 + i, "schema": "public", "name": name, "kind": "r", "columns": columns})
	}
	snapshot, err := json.Marshal(map[string]any{"database": "crm", "encoding": "UTF8", "path": testPath(), "relations": relations, "depends": [][]any{}})
	if err != nil {
		t.Fatal(err)
	}
	rules, err := Load("spliced", []byte("version: 1\nunlisted: pass\nroles:\n  app:\n    who: {users: [app]}\n    allow:\n      - {id: all, on: \"*\", do: [all], show: \"*\", write: \"*\"}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(rules, spec, Options{})
	if err != nil {
		t.Fatal(err)
	}
	cat, err := sql.NewCatalog(snapshot, p.Extend(spec))
	if err != nil {
		t.Fatal(err)
	}
	return cat, p
}

// part is a stretch of a rewritten text: what stands for original[at.Start:at.End].
type part struct {
	start, end int
	at         sql.Span
	edit       bool
}

// splice is Rewrite with a record of what went where.
func splice(p *Plan, text string) (string, []part) {
	var out []byte
	var parts []part
	end := 0
	keep := func(to int) {
		parts = append(parts, part{len(out), len(out) + to - end, sql.Span{Start: end, End: to}, false})
		out, end = append(out, text[end:to]...), to
	}
	for piece := range p.pieces() {
		keep(piece.at.Start)
		start := len(out)
		if piece.literal == nil {
			out = append(out, piece.text...)
		} else {
			if spaceBefore(text, piece.at) {
				out = append(out, ' ')
			}
			out = append(out, piece.literal.Before...)
			out, _ = sealX(out, *piece.literal)
			out = append(out, piece.literal.After...)
			if spaceAfter(text, piece.at) {
				out = append(out, ' ')
			}
		}
		parts = append(parts, part{start, len(out), piece.at, true})
		end = piece.at.End
	}
	keep(len(text))
	return string(out), parts
}

// planned compares two trees: they may differ only where the text was spliced, and there only within one expression or type.
type planned struct {
	text  string
	parts []part
}

// extent is the first and the last place that nodes below m say they stand at, and whether there is one.
func extent(m protoreflect.Message) (lo, hi int, ok bool) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		one := func(l, h int) {
			if !ok {
				lo, hi, ok = l, h, true
			}
			lo, hi = min(lo, l), max(hi, h)
		}
		switch {
		case f.Message() != nil && f.IsList():
			for i := range v.List().Len() {
				if l, h, has := extent(v.List().Get(i).Message()); has {
					one(l, h)
				}
			}
		case f.Message() != nil:
			if l, h, has := extent(v.Message()); has {
				one(l, h)
			}
		case isPlace(f) && v.Int() >= 0:
			one(int(v.Int()), int(v.Int()))
		}
		return true
	})
	return lo, hi, ok
}

func isPlace(f protoreflect.FieldDescriptor) bool {
	return f.Name() == "location" || f.Name() == "stmt_location" || f.Name() == "stmt_len" || f.Name() == "name_location"
}

// may are the nodes that an edit may change: values and types, no logic and no clause.
func may(n *pg_query.Node) bool {
	switch n.GetNode().(type) {
	case *pg_query.Node_AConst, *pg_query.Node_ParamRef, *pg_query.Node_TypeCast, *pg_query.Node_AExpr, *pg_query.Node_FuncCall, *pg_query.Node_TypeName,
		*pg_query.Node_AArrayExpr, *pg_query.Node_ColumnRef, *pg_query.Node_ColumnDef, *pg_query.Node_Constraint, *pg_query.Node_IndexElem,
		*pg_query.Node_CollateClause, *pg_query.Node_MinMaxExpr, *pg_query.Node_AlterTableCmd, *pg_query.Node_DefElem:
		return true
	}
	return false
}

// spliceable reports whether b may stand for a: a is of a kind that may change, an edit lies in it, and nothing in b comes from elsewhere.
func (c *planned) spliceable(a, b *pg_query.Node) bool {
	lo, hi, ok := extent(a.ProtoReflect())
	if !ok || !may(a) {
		return false
	}
	end, edited := hi, false
	for end < len(c.text) && (wordByte(c.text[end]) || strings.IndexByte(".\"", c.text[end]) >= 0) {
		end++
	}
	for end < len(c.text) && strings.IndexByte(" \n\t)]", c.text[end]) >= 0 {
		end++ // the brackets that close what is open there
	}
	for _, p := range c.parts {
		if p.edit && p.at.Start >= lo && p.at.Start <= hi {
			edited = true
			end = max(end, p.at.End)
		}
	}
	bl, bh, ok := extent(b.ProtoReflect())
	return edited && ok && c.origin(bl) >= lo && c.origin(bh) <= end
}

// origin is where what stands at a place of the rewritten text was.
func (c *planned) origin(at int) int {
	for _, p := range c.parts {
		if at >= p.start && at < p.end {
			if p.edit {
				return p.at.Start
			}
			return p.at.Start + at - p.start
		}
	}
	return len(c.text)
}

func (c *planned) node(a, b *pg_query.Node) bool {
	if x, y := a.GetBoolExpr(), b.GetBoolExpr(); x != nil && y != nil && x.GetBoolop() == y.GetBoolop() && len(x.GetArgs()) < len(y.GetArgs()) {
		return c.flattened(x, y)
	}
	return c.message(a.ProtoReflect(), b.ProtoReflect()) || c.spliceable(a, b) || c.extended(a, b)
}

// extended are the statements and items to which an edit adds something beside an expression: the name of a result, the types of PREPARE, the
// copies of EXECUTE's parameters, the columns of COPY, the operator class of an index.
func (c *planned) extended(a, b *pg_query.Node) bool {
	switch x := a.GetNode().(type) {
	case *pg_query.Node_SelectStmt:
		return c.oneRow(x.SelectStmt, b.GetSelectStmt())
	case *pg_query.Node_ResTarget:
		y := b.GetResTarget()
		return y != nil && x.ResTarget.GetName() == "" && y.GetName() != "" && (x.ResTarget.GetVal().GetTypeCast() != nil || !c.message(x.ResTarget.GetVal().ProtoReflect(), y.GetVal().ProtoReflect())) &&
			len(x.ResTarget.GetIndirection())+len(y.GetIndirection()) == 0 && c.node(x.ResTarget.GetVal(), y.GetVal())
	case *pg_query.Node_PrepareStmt:
		y := b.GetPrepareStmt()
		return y != nil && x.PrepareStmt.GetName() == y.GetName() && c.node(x.PrepareStmt.GetQuery(), y.GetQuery())
	case *pg_query.Node_ExecuteStmt:
		y := b.GetExecuteStmt()
		if y == nil || x.ExecuteStmt.GetName() != y.GetName() || len(y.GetParams()) < len(x.ExecuteStmt.GetParams()) {
			return false
		}
		for i, p := range y.GetParams() {
			if i < len(x.ExecuteStmt.GetParams()) && !c.node(x.ExecuteStmt.GetParams()[i], p) || p.GetAConst() == nil && p.GetTypeCast().GetArg().GetAConst() == nil {
				return false
			}
		}
		return true
	case *pg_query.Node_CopyStmt:
		y := b.GetCopyStmt()
		if y == nil || len(x.CopyStmt.GetAttlist()) > 0 {
			return false
		}
		without := proto.Clone(y).(*pg_query.CopyStmt)
		without.Attlist = nil
		return c.message(x.CopyStmt.ProtoReflect(), without.ProtoReflect())
	case *pg_query.Node_IndexElem:
		y := b.GetIndexElem()
		return y != nil && x.IndexElem.GetName() != "" && x.IndexElem.GetName() == y.GetName() && y.GetExpr() == nil && len(y.GetOpclass()) == 0 &&
			x.IndexElem.GetOrdering() == y.GetOrdering() && x.IndexElem.GetNullsOrdering() == y.GetNullsOrdering()
	}
	return false
}

// flattened compares a AND b with what AND between the two halves of a range makes of it: the parser flattens chains.
func (c *planned) flattened(x, y *pg_query.BoolExpr) bool {
	j := 0
	for _, arg := range x.GetArgs() {
		switch {
		case j < len(y.GetArgs()) && c.node(arg, y.GetArgs()[j]):
			j++
		case j+1 < len(y.GetArgs()) && arg.GetAExpr() != nil && c.spliceable(arg, y.GetArgs()[j]) && c.spliceable(arg, y.GetArgs()[j+1]):
			j += 2
		default:
			return false
		}
	}
	return j == len(y.GetArgs())
}

func (c *planned) message(a, b protoreflect.Message) bool {
	if x, ok := a.Interface().(*pg_query.Node); ok && a.Descriptor() == b.Descriptor() {
		if y := b.Interface().(*pg_query.Node); fmt.Sprintf("%T", x.GetNode()) != fmt.Sprintf("%T", y.GetNode()) {
			return false
		}
	}
	if a.Descriptor() != b.Descriptor() {
		return false
	}
	same := true
	each := func(f protoreflect.FieldDescriptor) {
		v, w := a.Get(f), b.Get(f)
		switch {
		case isPlace(f):
		case f.IsList() && f.Message() != nil:
			same = same && v.List().Len() == w.List().Len()
			for i := 0; same && i < v.List().Len(); i++ {
				same = c.child(v.List().Get(i).Message(), w.List().Get(i).Message())
			}
		case f.Message() != nil:
			same = same && a.Has(f) == b.Has(f) && (!a.Has(f) || c.child(v.Message(), w.Message()))
		default:
			same = same && v.Equal(w)
		}
	}
	fields := a.Descriptor().Fields()
	for i := 0; same && i < fields.Len(); i++ {
		each(fields.Get(i))
	}
	return same
}

func (c *planned) child(a, b protoreflect.Message) bool {
	x, ok := a.Interface().(*pg_query.Node)
	y, also := b.Interface().(*pg_query.Node)
	if ok && also {
		return c.node(x, y)
	}
	if typ, ok := a.Interface().(*pg_query.TypeName); ok && a.Descriptor() == b.Descriptor() {
		return c.message(a, b) || c.spliceable(&pg_query.Node{Node: &pg_query.Node_TypeName{TypeName: typ}},
			&pg_query.Node{Node: &pg_query.Node_TypeName{TypeName: b.Interface().(*pg_query.TypeName)}})
	}
	return c.message(a, b)
}

// checkSplice plans a text, and parses what would be sent: it must read as planned. It reports whether something was spliced.
func checkSplice(t testing.TB, cat *sql.Catalog, p *Policy, text string) bool {
	t.Helper()
	began := time.Now()
	plan := p.Plan(p.RolesOf(Subject{User: "app", Database: "crm"}), cat, testPath(), text)
	if took := time.Since(began); took > 20*time.Second {
		t.Fatalf("planning took %v: %q", took, text)
	}
	if !plan.Allowed || len(plan.Literals)+len(plan.Edits) == 0 {
		return false
	}
	sent, parts := splice(plan, text)
	if out, err := plan.Rewrite(nil, text, sealX); err != nil || string(out) != sent {
		t.Fatalf("%q\nis rewritten to %q\nnot             %q: %v", text, out, sent, err)
	}
	a, err := pg_query.Parse(text)
	if err != nil {
		t.Fatalf("%q is planned and is no SQL: %v", text, err)
	}
	b, err := pg_query.Parse(sent)
	if err != nil {
		t.Fatalf("%q\nis sent as %q: %v", text, sent, err)
	}
	c := &planned{text, parts}
	if len(a.GetStmts()) != len(b.GetStmts()) {
		t.Fatalf("%q\nis sent as %q: %d statements", text, sent, len(b.GetStmts()))
	}
	for i := range a.GetStmts() {
		if !c.node(a.GetStmts()[i].GetStmt(), b.GetStmts()[i].GetStmt()) {
			t.Fatalf("%q\nis sent as %q,\nwhich reads otherwise than planned", text, sent)
		}
	}
	return true
}

// spliceTexts are the statements of the differential corpus and of the golden files.
func spliceTexts(t testing.TB) []string {
	t.Helper()
	b, err := os.ReadFile("../e2e/testdata/shapes.sql")
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, line := range strings.Split(string(b), "\n") {
		text, _, _ := strings.Cut(line, " ## ")
		if text != "" && !strings.HasPrefix(text, "#") {
			texts = append(texts, text)
		}
	}
	goldens, _ := filepath.Glob("sql/testdata/*.txt")
	for _, name := range goldens {
		g, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range strings.Split(string(g), "\n\n") {
			text, _, ok := strings.Cut(strings.TrimSpace(block), "\n=>")
			if ok && !strings.HasPrefix(text, "#") {
				texts = append(texts, text)
			}
		}
	}
	if len(texts) < 1000 {
		t.Fatalf("only %d texts", len(texts))
	}
	return texts
}

// mutate replaces words of a text by pieces of another.
func mutate(r *rand.Rand, text, other string) string {
	words, more := strings.Fields(text), strings.Fields(other)
	if len(more) == 0 {
		return text
	}
	for range 1 + r.IntN(3) {
		i := r.IntN(len(words) + 1)
		from := r.IntN(len(more))
		some := more[from:min(len(more), from+1+r.IntN(6))]
		switch r.IntN(6) {
		case 0: // insert
			words = append(words[:i:i], append(append([]string(nil), some...), words[i:]...)...)
		case 1: // replace
			if i < len(words) {
				words[i] = some[0]
			}
		case 2: // drop
			if i < len(words) {
				words = append(words[:i:i], words[i+1:]...)
			}
		case 3, 5: // put an operator in front or behind
			op := []string{"not", "-", "and true", "or false", "is null", "is not true", "= true", "::text", "|| 'x'", "collate \"C\"", "between", "in (", ")", "("}[r.IntN(14)]
			words = append(words[:i:i], append([]string{op}, words[i:]...)...)
		case 4: // make it touch its neighbour
			if i+1 < len(words) {
				words = append(words[:i:i], append([]string{words[i] + words[i+1]}, words[i+2:]...)...)
			}
		}
	}
	return strings.Join(words, " ")
}

func TestSplicedReadsAsPlanned(t *testing.T) {
	cat, p := splicedCatalog(t)
	texts := spliceTexts(t)
	n := 0
	for _, text := range texts {
		if checkSplice(t, cat, p, text) {
			n++
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	mutated := 0
	for range 25000 {
		if checkSplice(t, cat, p, mutate(r, texts[r.IntN(len(texts))], texts[r.IntN(len(texts))])) {
			mutated++
		}
	}
	t.Logf("%d of %d texts and %d mutations of them are spliced", n, len(texts), mutated)
	if n < 300 || mutated < 300 {
		t.Error("those are too few")
	}
}

func FuzzSplice(f *testing.F) {
	cat, p := splicedCatalog(f)
	texts := spliceTexts(f)
	for i, text := range texts {
		f.Add(text, uint64(i))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if len(text) > 10000 {
			return
		}
		checkSplice(t, cat, p, text)
		r := rand.New(rand.NewPCG(seed, 1))
		for range 8 {
			checkSplice(t, cat, p, mutate(r, text, texts[r.IntN(len(texts))]))
		}
	})
}

// A tree that differs elsewhere than at the edits is seen.
func TestOtherReadingIsSeen(t *testing.T) {
	for _, c := range []struct {
		text, from, to string
		want           bool
	}{
		{"select 1 where a = 'x'", "'x'", `'\x00'::bytea`, true},
		{"select 1 where not a like 'x'", "like 'x'", `>= '\x00'::bytea and a < '\x01'::bytea`, false},
		{"select 1 where not a like 'x'", "a like 'x'", `(a >= '\x00'::bytea and a < '\x01'::bytea)`, true},
		{"select 1 where b or a like 'x'", "a like 'x'", `a >= '\x00'::bytea and a < '\x01'::bytea`, true},
		{"select 1 where b and a like 'x'", "a like 'x'", `(a >= '\x00'::bytea and a < '\x01'::bytea)`, true},
		{"select 1 where a like 'x' is true", "a like 'x'", `a >= '\x00'::bytea and a < '\x01'::bytea`, false},
		{"select 1 where a = 'x' and b", "'x'", `'\x00'::bytea or true`, false},
		{"select a = 'x' from t", "'x'", `'\x00'::bytea, b`, false},
		{"select a from t where a = 'x'", "'x'", `'\x00'::bytea group by a`, false},
		{"update t set a = 'x'", "'x'", `'\x00'::bytea, b = '\x01'`, false},
	} {
		start := strings.Index(c.text, c.from)
		at := sql.Span{Start: start, End: start + len(c.from)}
		plan := &Plan{Allowed: true, Edits: []sql.Edit{{At: at, Text: c.to}}}
		sent, parts := splice(plan, c.text)
		a, err := pg_query.Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		b, err := pg_query.Parse(sent)
		if err != nil {
			t.Fatal(err)
		}
		x := &planned{c.text, parts}
		if got := x.node(a.GetStmts()[0].GetStmt(), b.GetStmts()[0].GetStmt()); got != c.want {
			t.Errorf("%s as %s: %v", c.text, sent, got)
		}
	}
}
