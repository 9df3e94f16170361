package config

import (
	"regexp"
	"strings"
	"unicode"
)

// columnOf is a column, or a path of one by the name column/path.
func (c *Config) columnOf(table, name string) Column {
	if col, ok := c.Encrypt[table][name]; ok {
		return col
	}
	column, _, _ := strings.Cut(name, "/")
	return c.Encrypt[table][column].PathColumns(column)[name]
}

// arrayIndex is a key that #> takes for the index of an element where the value is an array.
var arrayIndex = regexp.MustCompile(`^-?[0-9]+$`)

// checkPaths checks a jsonb column of which only some fields are protected. first has the first column of each key.
func (c *Config) checkPaths(d *decoder, table, name string, first map[string]string) {
	at := []string{"encrypt", table, name}
	col := c.Encrypt[table][name]
	if col.Type.name != "jsonb" {
		d.problem(append(at, "paths"), "paths are for jsonb, not %s", col.Type)
	}
	for _, other := range []string{"search", "normalize", "key", "guard", "collation"} {
		if d.has(append(at, other)...) && (other != "guard" || col.Guard) {
			d.problem(append(at, other), "a column with paths has no %s of its own", other)
		}
	}
	if len(col.Paths) == 0 && !d.wrong(append(at, "paths")...) {
		d.problem(append(at, "paths"), "paths names no path")
	}
	col.Guard, col.Search = false, ""
	c.Encrypt[table][name] = col
	for _, path := range mapKeys(col.Paths) {
		c.checkPath(d, append(at, "paths", path), table, name, path, first)
	}
}

func (c *Config) checkPath(d *decoder, at []string, table, name, path string, first map[string]string) {
	col := c.Encrypt[table][name]
	p := col.Paths[path]
	for step := range strings.SplitSeq(path, ".") {
		switch {
		case step == "":
			d.problem(at, "expected keys joined by dots, found %q", path)
		case arrayIndex.MatchString(step):
			d.problem(at, "key %s of a path would be the index of an array's element, and elements can't be protected", step)
		case strings.ContainsFunc(step, unicode.IsControl) || strings.Contains(step, "/"):
			d.problem(at, "the keys of a path have no control characters and no /")
		}
	}
	for _, other := range mapKeys(col.Paths) {
		if strings.HasPrefix(other, path+".") {
			d.problem(at, "path %s holds path %s; protect one of them", path, other)
		}
	}
	if p.Search != SearchNone && p.Search != SearchEquality && !d.wrong(append(at, "search")...) {
		d.problem(append(at, "search"), "a path has search none or equality, not %s", p.Search)
	}
	own := table + "." + name + "/" + path
	if p.Key == "" {
		p.Key = own
		col.Paths[path] = p
	} else if p.Key != own && strings.ContainsFunc(p.Key, func(r rune) bool { return !unicode.IsPrint(r) || r == '/' || r == '\\' }) {
		d.problem(append(at, "key"), "a key's name has printable characters without / and \\")
	}
	here := name + "/" + path
	other, shared := first[p.Key]
	if !shared {
		first[p.Key] = table + sep + here
		return
	}
	t, n, _ := strings.Cut(other, sep)
	if with := c.columnOf(t, n); with.Type.Class() != "text" || with.Search != p.Search || len(with.Normalize) > 0 {
		d.problem(append(at, "key"), "shares key %s with %s.%s, so it must have the same kind of type and the same search (there: %s, %s)",
			p.Key, t, n, with.Type, with.Search)
	}
}
