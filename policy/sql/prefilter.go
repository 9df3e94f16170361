package sql

import "strings"

// MayTouch reports false only if the text provably can't touch a protected or listed table, so that it may be forwarded without being
// read at all.
//
// It searches the bytes of the text, letters of either case alike, for the name of everything from which such a table is reached: the
// tables themselves, whether they exist or not, views, materialized views, parents and children over them, functions and
// operators whose bodies name one of these or run SQL that can't be seen, built-in functions that run SQL given as text, and the statistics
// views. Why that is enough:
//
//   - A statement reaches a relation or function through a name that stands in its text. The forms in which a name does not stand there
//     as it is are: U&"…" identifiers (any U&" in the text answers true); a doubled quote inside "…" (the longest part
//     without a quote is searched for); letters beyond ASCII, which stand in the client's encoding and which single-byte
//     encodings fold (the longest part in ASCII is searched for; without one the answer is always true); truncation
//     to 63 bytes (long names are searched for as parts of words; the stored name is a prefix of what is written).
//   - Other names count only as whole words: a letter, digit, _, $ or byte beyond ASCII after them, or a letter or _ before them,
//     makes another identifier of them, in each version's scanner and each encoding.
//   - Every client encoding of PostgreSQL writes an ASCII character of a name as that byte, so an ASCII name stands in the text byte by
//     byte in every encoding, and with standard_conforming_strings either way.
//   - SQL that a text carries inside a constant, in DO and in bodies of functions, can hide a name by escapes, EXECUTE or another
//     language: the words DO, FUNCTION or PROCEDURE together with EXECUTE, LANGUAGE, a backslash or U&' answer true, and so does DO
//     together with a quote, since a constant may be continued after a line's end; so does any of them with such a constant.
//   - Cascades reach tables that are not named, and a schema's new name gives all of its tables one: TRUNCATE, DROP or RENAME together with
//     CASCADE or SCHEMA answer true.
//   - Prepared statements and cursors over such tables are refused when they are made in SQL. Those that are made by Parse and Bind can be run
//     by name: the words EXECUTE, FETCH and MOVE answer true (see Statement.Runs).
//
// A text for which it is false may still change the search path (SET, a function): see Statement.PathDependent.
//
// It assumes that the catalog is that of the session's database and is as new as the last change of the schema, and that what the
// server does by itself (triggers, rules of plain tables, column defaults, casts and operators written in C) is the administrator's will, but for calls of
// its own functions that run SQL given as text (see runs).
// Problems reports triggers that reach a protected table.
func (c *Catalog) MayTouch(text string) bool {
	return c.names != nil && touching(c.names.match(text), text)
}

// Concern is MayTouch, and whether the text may read in the system catalogs of what types columns are. Where both are false there is
// nothing in it to look at.
func (c *Catalog) Concern(text string) (touch, read bool) {
	if c.names == nil {
		return false, false
	}
	hit := c.names.match(text)
	return touching(hit, text), hit&hitCatalog != 0
}

// Names reports whether a text holds a name by which something sensitive is reached, in whichever form. It is true of every text where every
// table is listed.
func (c *Catalog) Names(text string) bool {
	return c.spec.AllListed || c.names != nil && c.names.match(text)&(hitName|hitUnicode) != 0
}

func touching(hit uint32, text string) bool {
	if hit&(hitName|hitUnicode) != 0 {
		return true
	}
	if hit&hitBlock != 0 && (hit&hitHidden != 0 || strings.Contains(text, "'") && (startsBlock(text) || continued(text))) {
		return true
	}
	return hit&(hitDrop) != 0 && hit&hitCascade != 0
}

// sensitiveNames lists what MayTouch searches for; nil when nothing is protected or listed.
func (c *Catalog) sensitiveNames() []string {
	if len(c.spec.Protected) == 0 && len(c.spec.Listed) == 0 {
		return nil
	}
	var names []string
	for name := range c.sensitiveTableNames() {
		names = append(names, name)
	}
	for name := range c.functions {
		names = append(names, name)
	}
	for name := range c.operators {
		if comparison(name) {
			name = "" // applied without being named: every text may touch
		}
		names = append(names, name)
	}
	for _, r := range c.relations {
		for _, x := range r.indexes {
			if r.Sensitive {
				names = append(names, x.name)
			}
		}
	}
	names = append(names, "pg_toast*")
	names = append(names, statisticsRelations...)
	return append(names, sqlRunners...)
}

// sensitiveTableNames are the unqualified names of sensitive relations, and of configured tables that need not exist yet.
func (c *Catalog) sensitiveTableNames() map[string]bool {
	names := map[string]bool{}
	for t := range c.spec.Protected {
		names[t.Name] = true
	}
	for _, t := range c.spec.Listed {
		names[t.Name] = true
	}
	for _, r := range c.relations {
		if r.Sensitive {
			names[r.Name] = true
		}
	}
	return names
}
