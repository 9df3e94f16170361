package policy

import (
	"regexp"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/policy/yamlfile"
)

// MaxFile is the largest policy file that Load accepts, in bytes.
const MaxFile = 1 << 20

// maxRoles bounds the roles of one file; see RoleSet.
const maxRoles = 256

// Load reads a policy file strictly. file is the name that problems carry. The error is a yamlfile.Problems with everything that is
// wrong, each with its line and column.
func Load(file string, data []byte) (*Rules, error) {
	l := &loader{decoder: decoder{file: file}, rules: &Rules{File: file}, ids: map[string]Place{}}
	if len(data) > MaxFile {
		l.report(Place{1, 1}, "the file is larger than %d bytes", MaxFile)
		return nil, l.problems.OrNil()
	}
	if doc := l.document(data); doc != nil {
		l.top(doc)
	}
	if err := l.problems.OrNil(); err != nil {
		return nil, err
	}
	return l.rules, nil
}

// loader fills rules from nodes.
type loader struct {
	decoder
	rules *Rules
	ids   map[string]Place // of rules, which share one name space
}

// The keys of each mapping of the file.
func fileKeys() []string   { return []string{"version", "unlisted", "roles", "forbid"} }
func roleKeys() []string   { return []string{"who", "record", "replicate", "limits", "allow"} }
func whoKeys() []string    { return []string{"users", "databases"} }
func allowKeys() []string  { return []string{"id", "on", "do", "show", "mask", "sealed", "write"} }
func forbidKeys() []string { return []string{"id", "on", "do", "columns", "except_roles", "why"} }

func (l *loader) top(n *yaml.Node) {
	entries, _ := l.mapping(n, "the policy", fileKeys())
	l.required(n, "the policy", entries, "version", "unlisted", "roles")
	if e, ok := entries["version"]; ok && (e.value.Kind != yaml.ScalarNode || e.value.ShortTag() != "!!int" || e.value.Value != "1") {
		l.report(place(e.value), "version must be 1")
	}
	if e, ok := entries["unlisted"]; ok {
		l.rules.UnlistedPass = l.choice(e.value, "unlisted", "pass", "deny") == "pass"
	}
	if e, ok := entries["roles"]; ok {
		l.roles(e.value)
	}
	if e, ok := entries["forbid"]; ok {
		for _, item := range l.items(e.value, "forbid") {
			l.rules.Forbids = append(l.rules.Forbids, l.forbid(item))
		}
	}
	l.exceptions()
}

func (l *loader) roles(n *yaml.Node) {
	entries, order := l.mapping(n, "roles", nil)
	if len(order) > maxRoles {
		l.report(place(n), "a policy has at most %d roles", maxRoles)
		return
	}
	for _, name := range order {
		e := entries[name]
		if !validName(name) {
			l.report(place(e.key), "role name %q: use letters, digits, - and _", name)
		}
		l.rules.Roles = append(l.rules.Roles, l.role(name, e))
	}
}

func (l *loader) role(name string, e entry) Role {
	r := Role{Name: name, At: place(e.key)}
	what := "role " + name
	entries, _ := l.mapping(e.value, what, roleKeys())
	l.required(e.value, what, entries, "who")
	if w, ok := entries["who"]; ok {
		l.who(&r, w.value)
	}
	if w, ok := entries["record"]; ok {
		r.Record = l.choice(w.value, "record", "none", "statements") == "statements"
	}
	if w, ok := entries["replicate"]; ok {
		if w.value.Kind != yaml.ScalarNode || w.value.ShortTag() != "!!bool" {
			l.report(place(w.value), "replicate of %s must be true or false", what)
		}
		r.Replicate = w.value.Value == "true"
	}
	if w, ok := entries["limits"]; ok {
		r.Limits = l.limits(w.value, name)
	}
	if w, ok := entries["allow"]; ok {
		for _, item := range l.items(w.value, "allow of "+what) {
			r.Allow = append(r.Allow, l.allow(item))
		}
	}
	return r
}

func (l *loader) who(r *Role, n *yaml.Node) {
	what := "who of role " + r.Name
	entries, _ := l.mapping(n, what, whoKeys())
	l.required(n, what, entries, "users")
	if e, ok := entries["users"]; ok {
		r.Users = l.texts(e.value, "users of role "+r.Name)
	}
	r.Databases = []string{"*"}
	if e, ok := entries["databases"]; ok {
		r.Databases = l.texts(e.value, "databases of role "+r.Name)
	}
}

func (l *loader) texts(n *yaml.Node, what string) []string {
	var all []string
	for _, item := range l.items(n, what) {
		if s, ok := l.text(item, "an entry of "+what); ok {
			if contains(all, s) {
				l.report(place(item), "%q stands twice in %s", s, what)
			}
			all = append(all, s)
		}
	}
	return all
}

func (l *loader) allow(n *yaml.Node) Allow {
	a := Allow{At: place(n)}
	entries, _ := l.mapping(n, "an allow rule", allowKeys())
	l.required(n, "an allow rule", entries, "id", "on", "do")
	a.ID = l.id(entries)
	what := "rule " + a.ID
	if e, ok := entries["on"]; ok {
		a.On = l.on(e.value, what)
	}
	if e, ok := entries["do"]; ok {
		a.Do = l.do(e.value, what, false)
	}
	if e, ok := entries["show"]; ok {
		a.Show = l.columns(e.value, "show of "+what)
	}
	if e, ok := entries["mask"]; ok {
		a.Mask = l.masks(e.value, what)
	}
	if e, ok := entries["sealed"]; ok {
		a.Sealed = l.columns(e.value, "sealed of "+what)
	}
	if e, ok := entries["write"]; ok {
		a.Write = l.columns(e.value, "write of "+what)
		if (a.Write.All || a.Write.Names != nil) && a.Do != 0 && a.Do&writes == 0 {
			l.report(place(e.key), "%s has write but does none of insert, update, copy_from", what)
		}
	}
	for _, m := range a.Mask {
		if !a.Show.All && a.Show.has(m.Name.Text) {
			l.report(m.Name.At, "column %s of %s is both shown and masked; remove one", m.Name.Text, what)
		}
		if !a.Sealed.All && a.Sealed.has(m.Name.Text) {
			l.report(m.Name.At, "column %s of %s is both sealed and masked; remove one", m.Name.Text, what)
		}
	}
	return a
}

func (l *loader) forbid(n *yaml.Node) Forbid {
	f := Forbid{At: place(n)}
	entries, _ := l.mapping(n, "a forbid rule", forbidKeys())
	l.required(n, "a forbid rule", entries, "id", "on", "do", "why")
	f.ID = l.id(entries)
	what := "rule " + f.ID
	if e, ok := entries["on"]; ok {
		f.On = l.on(e.value, what)
	}
	if e, ok := entries["do"]; ok {
		f.Do = l.do(e.value, what, true)
	}
	if e, ok := entries["columns"]; ok {
		if c := l.columns(e.value, "columns of "+what); !c.All {
			if f.Columns = c.Names; len(c.Names) == 0 && e.value.Kind == yaml.SequenceNode {
				l.report(place(e.value), "columns of %s is empty; leave it out to forbid every use of the table", what)
			}
		}
	}
	if e, ok := entries["except_roles"]; ok {
		f.ExceptRoles = l.names(e.value, "except_roles of "+what)
	}
	if e, ok := entries["why"]; ok {
		f.Why, _ = l.text(e.value, "why of "+what)
	}
	return f
}

// exceptions checks that each role named by a forbid exists: a typing error would take away more than was meant.
func (l *loader) exceptions() {
	var known []string
	for _, r := range l.rules.Roles {
		known = append(known, r.Name)
	}
	for _, f := range l.rules.Forbids {
		for _, n := range f.ExceptRoles {
			if !contains(known, n.Text) {
				l.report(n.At, "there is no role %q%s", n.Text, yamlfile.DidYouMean(n.Text, known))
			}
		}
	}
}

func (l *loader) id(entries map[string]entry) string {
	e, ok := entries["id"]
	if !ok {
		return "?"
	}
	id, ok := l.text(e.value, "id")
	if !ok {
		return "?"
	}
	if !validName(id) {
		l.report(place(e.value), "rule id %q: use letters, digits, - and _", id)
	}
	if first, dup := l.ids[id]; dup {
		l.report(place(e.value), "two rules have the id %q; the other is at line %d", id, first.Line)
	}
	l.ids[id] = place(e.value)
	return id
}

// on reads a table, a list of tables, or "*".
func (l *loader) on(n *yaml.Node, what string) []Target {
	if n.Kind == yaml.ScalarNode {
		t, _ := l.target(n, what)
		return []Target{t}
	}
	var all []Target
	for _, item := range l.items(n, "on of "+what) {
		if t, ok := l.target(item, what); ok {
			all = append(all, t)
		}
	}
	if len(n.Content) == 0 && n.Kind == yaml.SequenceNode {
		l.report(place(n), "on of %s is empty", what)
	}
	return all
}

func (l *loader) target(n *yaml.Node, what string) (Target, bool) {
	s, ok := l.text(n, "on of "+what)
	if !ok {
		return Target{}, false
	}
	if s == everyName {
		return Target{Table: sql.TableName{Schema: everyName, Name: everyName}, At: place(n)}, true
	}
	schema, name, found := strings.Cut(s, ".")
	if !found || !validIdentifier(schema) || strings.Contains(name, ".") || name != everyName && !validIdentifier(name) {
		hint := ""
		if validIdentifier(s) && !found {
			hint = "; did you mean \"public." + s + "\"?"
		}
		l.report(place(n), "on of %s: expected schema.table, schema.* or *, found %q%s", what, s, hint)
		return Target{}, false
	}
	if systemSchema(schema) {
		l.report(place(n), "on of %s: rules can't be about schema %s", what, schema)
		return Target{}, false
	}
	return Target{Table: sql.TableName{Schema: schema, Name: name}, At: place(n)}, true
}

func (l *loader) do(n *yaml.Node, what string, forbid bool) sql.Effect {
	items := []*yaml.Node{n}
	if n.Kind != yaml.ScalarNode {
		items = l.items(n, "do of "+what)
	}
	if n.Kind == yaml.SequenceNode && len(items) == 0 {
		l.report(place(n), "do of %s is empty", what)
	}
	var set sql.Effect
	for _, item := range items {
		word := l.choice(item, "do of "+what, verbNames(forbid)...)
		if word == allVerbs {
			set |= everything()
			if forbid {
				set |= modifiers
			}
		}
		for _, v := range append(verbs(), forbidVerbs()...) {
			if v.name == word {
				set |= v.set
			}
		}
	}
	return set
}

// columns reads "*" or a list of column names.
func (l *loader) columns(n *yaml.Node, what string) Columns {
	if n.Kind == yaml.ScalarNode && n.Value == everyName {
		return Columns{All: true}
	}
	if n.Kind != yaml.SequenceNode {
		l.report(place(n), "%s must be a list of columns or \"*\", found %s", what, yamlfile.Kind(n))
		return Columns{}
	}
	return Columns{Names: l.names(n, what)}
}

// names reads a list of identifiers without repetition.
func (l *loader) names(n *yaml.Node, what string) []Name {
	var all []Name
	for _, item := range l.items(n, what) {
		s, ok := l.text(item, "an entry of "+what)
		switch {
		case !ok:
		case s == everyName:
			l.report(place(item), "\"*\" stands alone: write %s: \"*\"", strings.Fields(what)[0])
		case !validIdentifier(s):
			l.report(place(item), "%q in %s is no name; names are written as PostgreSQL stores them, without quotes", s, what)
		case contains(words(all), s):
			l.report(place(item), "%q stands twice in %s", s, what)
		default:
			all = append(all, Name{s, place(item)})
		}
	}
	return all
}

func (l *loader) masks(n *yaml.Node, what string) []ColumnMask {
	entries, order := l.mapping(n, "mask of "+what, nil)
	var all []ColumnMask
	for _, column := range order {
		e := entries[column]
		if !validIdentifier(column) || column == everyName {
			l.report(place(e.key), "%q in mask of %s is no column name", column, what)
			continue
		}
		// YAML reads an unquoted null as no value; here it is the mask's name.
		word := "null"
		if e.value.Kind != yaml.ScalarNode || e.value.ShortTag() != "!!null" || e.value.Value != "null" {
			var ok bool
			if word, ok = l.text(e.value, "mask of column "+column); !ok {
				continue
			}
		}
		m, err := mask.Parse(word)
		if err != nil {
			l.report(place(e.value), "%s, column %s: %v", what, column, err)
			continue
		}
		all = append(all, ColumnMask{Name{column, place(e.key)}, m})
	}
	return all
}

// nameForm is the form of role names and rule ids: they stand in error messages, records and metrics.
var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)

func validName(s string) bool { return nameForm.MatchString(s) }

// validIdentifier accepts what pg_class and pg_attribute can hold (NAMEDATALEN, src/include/pg_config_manual.h), less what is
// surely a mistake here.
func validIdentifier(s string) bool {
	return s != "" && len(s) <= 63 && !strings.ContainsAny(s, `"`) && !strings.ContainsFunc(s, unicode.IsControl) &&
		strings.TrimSpace(s) == s
}
