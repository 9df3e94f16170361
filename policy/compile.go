package policy

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/pgveil/pgveil/policy/mask"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/policy/yamlfile"
)

// Policy judges statements. It is immutable and safe for concurrent use; a reload makes another one.
type Policy struct {
	rules   *Rules
	version string
	maskKey mask.Key

	grants []grant // of all roles, in the file's order
	// named are the tables that the file names one by one, protected those of the encrypt section.
	named     map[sql.TableName]bool
	protected map[sql.TableName]map[string]sql.Protection
}

// Options are what Compile needs besides the rules.
type Options struct {
	// MaskKey makes the pseudonyms of the hash mask; it may be zero when no rule has that mask.
	MaskKey mask.Key
}

// grant is an Allow, ready to be asked.
type grant struct {
	*Allow
	role  int // index into Rules.Roles
	masks map[string]mask.Mask
	shown map[string]bool
	write map[string]bool

	sealed map[string]bool
}

// Compile checks the rules against the protected columns and makes a Policy of them. The error is a yamlfile.Problems with everything
// that is wrong. Plain tables and columns are known only to the database: see Policy.Problems.
func Compile(r *Rules, spec sql.Spec, o Options) (*Policy, error) {
	if r == nil {
		return nil, errors.New("no policy")
	}
	p := &Policy{
		rules: r, version: r.digest(), maskKey: o.MaskKey,
		named: map[sql.TableName]bool{}, protected: map[sql.TableName]map[string]sql.Protection{},
	}
	for table, columns := range spec.Protected {
		if len(columns) > 0 {
			p.protected[table] = columns
		}
	}
	c := compiler{p: p}
	for i := range r.Roles {
		for k := range r.Roles[i].Allow {
			c.allow(i, &r.Roles[i].Allow[k])
		}
	}
	for i := range r.Forbids {
		c.name(r.Forbids[i].On)
	}
	if err := c.problems.OrNil(); err != nil {
		return nil, err
	}
	return p, nil
}

type compiler struct {
	p        *Policy
	problems yamlfile.Problems
}

func (c *compiler) name(on []Target) {
	for _, t := range on {
		if !t.pattern() {
			c.p.named[t.Table] = true
		}
	}
}

func (c *compiler) allow(role int, a *Allow) {
	c.name(a.On)
	g := grant{Allow: a, role: role, masks: map[string]mask.Mask{}, shown: map[string]bool{}, write: map[string]bool{}, sealed: map[string]bool{}}
	for _, m := range a.Mask {
		g.masks[m.Name.Text] = m.Mask
		c.mask(a, m)
	}
	for _, n := range a.Show.Names {
		g.shown[n.Text] = true
	}
	for _, n := range a.Sealed.Names {
		g.sealed[n.Text] = true
	}
	for _, n := range a.Write.Names {
		g.write[n.Text] = true
	}
	c.p.grants = append(c.p.grants, g)
}

// mask checks one masked column against the logical types of the protected columns that it may be.
func (c *compiler) mask(a *Allow, m ColumnMask) {
	d := decoder{file: c.p.rules.File}
	if _, keyed := m.Mask.(*mask.Hash); keyed && c.p.maskKey.IsZero() {
		d.report(m.Name.At, "rule %s masks column %s by hash, but there is no mask key", a.ID, m.Name.Text)
	}
	for _, table := range sortedTables(c.p.protected) {
		prot, ok := c.p.protected[table][m.Name.Text]
		if !ok || !slices.ContainsFunc(a.On, func(t Target) bool { return t.matches(table) }) {
			continue
		}
		if !fits(m.Mask, prot.Type.OID) {
			d.report(m.Name.At, "rule %s: mask %s needs text, but column %s.%s is %s; use null", a.ID, m.Mask, table, m.Name.Text,
				typeName(prot.Type.OID))
		}
	}
	c.problems = append(c.problems, d.problems...)
}

// fits is true when the mask's result is a value of the type: text for all, NULL for Null.
func fits(m mask.Mask, oid uint32) bool {
	_, null := m.(mask.Null)
	return null || isText(oid)
}

// isText is true for the types that can hold what a mask shows: bpchar would pad it and name cut it.
func isText(oid uint32) bool { return oid == sql.OIDText || oid == sql.OIDVarchar }

func typeName(oid uint32) string {
	switch oid {
	case sql.OIDInt2, sql.OIDInt4, sql.OIDInt8:
		return "an integer"
	case sql.OIDText, sql.OIDVarchar:
		return "text"
	case sql.OIDDate:
		return "a date"
	case sql.OIDTimestamptz:
		return "a timestamp"
	case sql.OIDUUID:
		return "a uuid"
	}
	if name := (sql.Type{OID: oid, Mod: -1}).String(); !strings.HasPrefix(name, "type ") {
		return name
	}
	return "of another type"
}

func sortedTables[V any](m map[sql.TableName]V) []sql.TableName {
	all := make([]sql.TableName, 0, len(m))
	for t := range m {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b sql.TableName) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	return all
}

// Version is a short digest of what the rules say, for records and metrics: 12 hexadecimal digits, the same for two files that
// differ only in order, layout and comments.
func (p *Policy) Version() string { return p.version }

// Tables are the tables that the policy names one by one: statements over them must be analysed. They belong into
// Spec.Listed.
func (p *Policy) Tables() []sql.TableName { return sortedTables(p.named) }
