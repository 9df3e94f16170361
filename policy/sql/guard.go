package sql

import (
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
)

// guardForm is how the server writes the CHECK of guardConstraint (pg_get_constraintdef).
var guardForm = regexp.MustCompile(`^CHECK \(\(substr\((.+), \(octet_length\((.+)\) - ([0-9]+)\)\) = '\\x([0-9a-f]+)'::bytea\)\)`)

// guardSuffix is what values end in by a CHECK that is a guard, empty for any other constraint.
func guardSuffix(definition string) string {
	if !strings.HasPrefix(definition, "CHECK ((substr(") {
		return ""
	}
	m := guardForm.FindStringSubmatch(definition)
	if m == nil || m[1] != m[2] {
		return ""
	}
	suffix, err := hex.DecodeString(m[4])
	if err != nil {
		return ""
	}
	return string(suffix)
}

// guards reports whether a constraint is the guard of a protected column of the relation.
func (k *snapConstraint) guards(r *Relation) bool {
	if r == nil || k.Kind != "c" || len(k.Columns) != 1 {
		return false
	}
	col := r.byNum(k.Columns[0])
	return col != nil && col.Protection != nil && col.Protection.Guard != "" && guardSuffix(k.Definition) == col.Protection.Guard
}

// guardNamed reports whether a constraint of that name is a guard of one of the relation's columns.
func (c *Catalog) guardNamed(r *Relation, name string) bool {
	return c.logical != nil && slices.ContainsFunc(c.logical.guards, func(g logicalGuard) bool { return g.relation == r && g.name == name })
}
