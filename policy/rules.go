package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
)

// Place is a position in the policy file, counted from 1.
type Place struct{ Line, Column int }

// Rules is a policy file as it was written, checked for form only; see Load and Compile. Order has no meaning in it.
type Rules struct {
	File string
	// UnlistedPass lets tables pass that neither the policy nor the encrypt section names ("unlisted: pass"). The zero
	// value denies them.
	UnlistedPass bool
	Roles        []Role
	Forbids      []Forbid
}

// Role is a name for a set of subjects and what they may do.
type Role struct {
	Name string
	// Users and Databases are patterns; a subject holds the role when both match. "*" in a pattern stands for any text.
	Users     []string
	Databases []string
	// Record puts each statement of a subject that holds the role on the record before it is sent ("record: statements").
	Record bool
	// Replicate lets a subject that holds the role open replication connections, where the configuration permits them ("replicate: true").
	Replicate bool
	// Limits are what sessions of a subject that holds the role may use up ("limits: {…}").
	Limits RoleLimits
	Allow  []Allow
	At     Place
}

// Allow is one permission. It only ever adds.
type Allow struct {
	ID   string
	On   []Target
	Do   sql.Effect
	Show Columns
	// Mask are the columns shown through a mask. A column named here is not shown in clear by this rule, even if Show is all.
	Mask []ColumnMask
	// Sealed are the encrypted columns that are shown as they are stored, never opened, and that COPY FROM writes so.
	Sealed Columns
	Write  Columns
	At     Place
}

// Forbid takes permissions away from every subject that holds none of ExceptRoles.
type Forbid struct {
	ID string
	On []Target
	Do sql.Effect
	// Columns restricts the forbid to statements that use one of them; nil: any use of the table.
	Columns     []Name
	ExceptRoles []Name
	Why         string
	At          Place
}

// Name is a word of the file with its place.
type Name struct {
	Text string
	At   Place
}

// Columns is a list of column names, or all of them.
type Columns struct {
	All   bool
	Names []Name
}

// ColumnMask is a column and the mask it is shown through.
type ColumnMask struct {
	Name Name
	Mask mask.Mask
}

// Target is what a rule is about: one table, each table of a schema (Name "*"), or each table (both "*").
type Target struct {
	Table sql.TableName
	At    Place
}

// everyName is the word for every schema or every table of one. It can't be a relation's name here: names hold letters.
const everyName = "*"

func (t Target) pattern() bool { return t.Table.Name == everyName }

func (t Target) matches(table sql.TableName) bool {
	return (t.Table.Schema == everyName || t.Table.Schema == table.Schema) && (t.Table.Name == everyName || t.Table.Name == table.Name)
}

// String is the target as the file writes it.
func (t Target) String() string {
	if t.Table.Schema == everyName {
		return everyName
	}
	return t.Table.String()
}

func (c Columns) has(name string) bool {
	return c.All || slices.ContainsFunc(c.Names, func(n Name) bool { return n.Text == name })
}

// digest is a short name for what the rules say. Order, layout and comments do not change it.
func (r *Rules) digest() string {
	lines := []string{fmt.Sprintf("unlisted %t", r.UnlistedPass)}
	for _, role := range r.Roles {
		lines = append(lines, fmt.Sprintf("role %q users %q databases %q record %t", role.Name, sorted(role.Users),
			sorted(role.Databases), role.Record))
		if role.Replicate {
			lines = append(lines, fmt.Sprintf("role %q replicates", role.Name))
		}
		if role.Limits != (RoleLimits{}) {
			lines = append(lines, fmt.Sprintf("role %q %s", role.Name, role.Limits.canonical()))
		}
		for _, a := range role.Allow {
			line := fmt.Sprintf("allow %q role %q on %q do %d show %s mask %q write %s", a.ID, role.Name, targets(a.On),
				a.Do, a.Show.canonical(), masks(a.Mask), a.Write.canonical())
			if a.Sealed.All || a.Sealed.Names != nil {
				line += " sealed " + a.Sealed.canonical()
			}
			lines = append(lines, line)
		}
	}
	for _, f := range r.Forbids {
		lines = append(lines, fmt.Sprintf("forbid %q on %q do %d columns %t %q except %q why %q", f.ID, targets(f.On), f.Do,
			f.Columns != nil, words(f.Columns), words(f.ExceptRoles), f.Why))
	}
	sum := sha256.Sum256([]byte(strings.Join(sorted(lines), "\n")))
	return hex.EncodeToString(sum[:6])
}

func (c Columns) canonical() string { return fmt.Sprintf("%t %q", c.All, words(c.Names)) }

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func words(names []Name) []string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = n.Text
	}
	return sorted(all)
}

func targets(ts []Target) []string {
	all := make([]string, len(ts))
	for i, t := range ts {
		all[i] = t.String()
	}
	return sorted(all)
}

func masks(ms []ColumnMask) []string {
	all := make([]string, len(ms))
	for i, m := range ms {
		all[i] = m.Name.Text + ": " + m.Mask.String()
	}
	return sorted(all)
}
