package sql

import (
	"slices"
	"strings"
)

// function is a function, procedure or aggregate that some user or extension made.
type function struct {
	oid          uint32
	schema, name string
	language     string
	source       string
	calls        []uint32
	extension    bool
	field        bool // takes a row alone, so that o.name calls it
	trigger      bool // can't be called by name, but by a trigger that somebody makes
	sensitive    bool
	vouched      bool // see Spec.TrustOpaque
	unseen       bool // its body has not been read
}

// sqlRunners are functions that run SQL given as text, or read tables, pages or changes whoever made them: built-in ones and those of well-known
// extensions. A trailing * stands for any ending.
var sqlRunners = []string{
	"query_to_xml*", "table_to_xml*", "schema_to_xml*", "database_to_xml*", "cursor_to_xml*", "ts_stat", "ts_rewrite",
	"dblink*", "crosstab*", "connectby", "xpath_table", "get_raw_page", "heap_page_item*", "pg_background_launch",
	"bt_page_items*", "brin_page_items", "gist_page_items*", "pg_logical_slot_get_*", "pg_logical_slot_peek_*", "pg_get_wal_record*", "pg_get_wal_block_info",
	"schedule_in_database", "plv8_execute", "exec_sql",
}

func isSQLRunner(name string) bool {
	for _, r := range sqlRunners {
		if prefix, any := strings.CutSuffix(r, "*"); any && strings.HasPrefix(name, prefix) || r == name {
			return true
		}
	}
	return false
}

func (c *Catalog) readFunctions(s *snapshot) []*function {
	c.functions, c.operators, c.triggers = map[string][]string{}, map[string][]string{}, map[string][]string{}
	var all []*function
	for i := range s.Functions {
		f := &s.Functions[i]
		all = append(all, &function{
			oid: f.OID, schema: f.Schema, name: f.Name, language: f.Language, source: f.Source, calls: f.Calls, extension: f.Extension, field: f.Field, trigger: f.Trigger,
			vouched: c.spec.TrustOpaque, unseen: f.Parsed && f.Source == "",
		})
	}
	return all
}

// opaque reports whether the body may run SQL that its text does not show.
func (f *function) opaque() bool {
	if f.unseen {
		return true
	}
	if f.vouched {
		return false
	}
	switch f.language {
	case "sql", "plpgsql":
		return bodyHides(f.source)
	case "internal":
		return runnerSource(f.source) || isSQLRunner(f.name)
	case "c":
		return !f.extension || isSQLRunner(f.name) || isSQLRunner(f.source)
	}
	return true
}

// bodyHides reports whether a body may name a table in a form that a search for the name does not find: in SQL that it puts together, in
// an escaped identifier, in the constant that is another body, or read a cursor of the client's.
func bodyHides(body string) bool {
	lower := strings.ToLower(body)
	has := func(s string) bool { return strings.Contains(lower, s) }
	return has("execute") || has(`u&"`) || startsBlock(lower) || fetchesUnseen(body) ||
		has("create") && has("language") && (has("function") || has("procedure"))
}

// startsBlock reports whether DO may stand in a text with what can follow it: a constant, LANGUAGE or a comment.
func startsBlock(text string) bool {
	for at := 0; at+2 < len(text); at++ {
		if lower(text[at]) != 'd' || lower(text[at+1]) != 'o' || at > 0 && class(text, at-1, isIdentCont) {
			continue
		}
		rest := strings.TrimLeft(text[at+2:], " \t\n\r\f\v")
		if rest == "" || strings.IndexByte("$'/-", rest[0]) >= 0 {
			return true
		}
		if len(rest) == len(text)-at-2 {
			continue // another word
		}
		for _, next := range []string{"language", "e'", "n'", "u&'"} {
			if len(rest) >= len(next) && strings.EqualFold(rest[:len(next)], next) {
				return true
			}
		}
	}
	return false
}

func (f *function) callsSensitive(byOID map[uint32]*function) bool {
	return slices.ContainsFunc(f.calls, func(oid uint32) bool {
		g := byOID[oid]
		return g != nil && g.sensitive
	})
}

// sensitiveFunction reports whether a call by this name may reach a function that must not be called: when in doubt which function of that
// name is meant, yes.
func (c *Catalog) sensitiveFunction(path []string, schema, name string) bool {
	if len(c.spec.Protected) == 0 && len(c.spec.Listed) == 0 {
		return false
	}
	if isSQLRunner(name) && (schema == "" || !c.trusted[schema+"."+name]) {
		return true
	}
	for _, s := range c.functions[name] {
		if s == schema || schema == "" && slices.Contains(path, s) || schema == "pg_temp" {
			return true
		}
	}
	return false
}

// sensitiveTrigger is sensitiveFunction for the function of a trigger.
func (c *Catalog) sensitiveTrigger(path []string, schema, name string) bool {
	if c.names == nil {
		return false
	}
	for _, s := range c.triggers[name] {
		if s == schema || schema == "" && slices.Contains(path, s) || schema == "pg_temp" {
			return true
		}
	}
	return false
}

// comparison reports operators that SQL applies without their names standing in the text: in BETWEEN, IN, CASE, LIKE, USING.
func comparison(operator string) bool {
	switch operator {
	case "=", "<>", "<", "<=", ">", ">=", "~~", "!~~", "~~*", "!~~*", "~", "||", "+", "-":
		return true
	}
	return false
}

// sensitiveOperator reports whether an operator may reach a function that must not be called. An empty name asks for operators that are
// applied without being named.
func (c *Catalog) sensitiveOperator(path []string, schema, name string) bool {
	for operator, schemas := range c.operators {
		if operator != name && !(comparison(operator) && schema == "") {
			continue
		}
		for _, s := range schemas {
			if s == schema || schema == "" && slices.Contains(path, s) {
				return true
			}
		}
	}
	return false
}

// checkFunction refuses, and returns false for, a call of a function whose body runs SQL that analysis can't see or that names a
// protected or listed table.
func (a *analysis) checkFunction(nameParts []string, at int) bool {
	schema, name := splitName(nameParts)
	if a.goodText[at] || !a.cat.sensitiveFunction(a.path, schema, name) {
		return true
	}
	if text, ok := a.badText[at]; ok {
		a.refuse(codeGivenText, text, "the text that function %s is given may reach a protected or listed table", name)
		return false
	}
	if kind, _ := givenText(name, 2); kind != givenNothing {
		a.refuseHint(codeOpaqueCall, at, "Give it the SQL, or the name, as a constant, in a query that is not prepared in SQL. Or name it in trusted_functions if its results may pass as they are.",
			"function %s runs SQL that the proxy can't see, or its body names a protected or listed table", name)
		return false
	}
	a.refuse(codeOpaqueCall, at, "function %s runs SQL that the proxy can't see, or its body names a protected or listed table", name)
	return false
}

// splitName takes the last two parts of a qualified name; a database name in front does not matter.
func splitName(parts []string) (schema, name string) {
	if n := len(parts); n > 0 {
		name = parts[n-1]
		if n > 1 {
			schema = parts[n-2]
		}
	}
	return schema, name
}
