package proxy

import (
	"slices"
	"strings"
	"unsafe"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
)

// maxMissing bounds how many names a session, or a database, remembers: the latest.
const maxMissing = 128

// formerNames are names by which something sensitive was reached, the latest last (docs/adr/0034-missing-names.md).
type formerNames []string

// with adds names, of which none is there twice.
func (f formerNames) with(names []string) formerNames {
	for _, name := range names {
		if len(name) > 0 && !slices.Contains(f, name) {
			f = append(f[:len(f):len(f)], name)
		}
	}
	return f[max(0, len(f)-maxMissing):]
}

// missing is what a session knows of names that may be gone. It is the inbound loop's.
type missing struct {
	names formerNames
	cat   *sql.Catalog // the latest that was compared
	find  *sql.Missing // those of names that cat does not have; nil: none
	made  bool         // find is that of names and cat
	again bool         // the catalog is being read again for a name's sake
}

func (m *missing) add(names []string) {
	if more := m.names.with(names); len(more) != len(m.names) || !slices.Equal(more, m.names) {
		m.names, m.made = more, false
	}
}

// gives remembers what a statement that is about to be sent gives names to: that may be taken back before a catalog is read.
func (s *session) gives(p *policy.Plan) {
	for i := range p.Statements {
		if st := p.Statements[i].Statement; st != nil {
			s.missing.add(st.Gives())
		}
	}
}

// follow notes which names are gone by the catalog that is used from now on.
func (s *session) follow(cat *sql.Catalog) {
	m := &s.missing
	if m.cat == cat {
		return
	}
	if m.cat != nil {
		m.add(m.cat.GoneBy(cat))
	}
	m.cat, m.made = cat, false
	m.add(s.server.catalogs.former(s.source))
}

// lookForMissing refuses a text which holds constants, or parameters, beside the name of a relation by which protected columns were reached
// once, and that is not there: the server would log the statement with its error. again says that the catalog is out of date instead.
func (s *session) lookForMissing(cat *sql.Catalog, text []byte) (again bool, err error) {
	s.follow(cat)
	m := &s.missing
	if len(m.names) == 0 || m.again {
		return false, nil
	}
	if !m.made {
		m.find, m.made = cat.Missing(m.names), true
	}
	if !m.find.In(unsafe.String(unsafe.SliceData(text), len(text))) {
		return false, nil
	}
	name := m.find.First(cat, s.path, string(text), s.escapes(text))
	if name == nil {
		return false, nil
	}
	if s.transaction() == 'E' && !s.ended {
		return false, refusalAborted
	}
	switch there, err := s.there(identifier(name)); {
	case err != nil:
		return false, err
	case !there:
		return false, at(name.Refusal(), string(text))
	}
	return true, nil
}

// planAnew is plan by a catalog that is read again, since something has made a relation that the proxy did not see.
func (s *session) planAnew(text []byte) (planned, error) {
	s.ddlOpen, s.missing.again = true, true
	defer func() { s.missing.again = false }()
	return s.plan(text)
}

// readingOrWriting are the effects for which a relation must be there.
const readingOrWriting = sql.EffectSelect | sql.EffectInsert | sql.EffectUpdate | sql.EffectDelete

// lookForUnknown refuses an allowed text that names a relation which is not there beside a protected or listed one. again says that the catalog is
// out of date instead.
func (s *session) lookForUnknown(p *policy.Plan, text []byte) (again bool, err error) {
	for i := range p.Statements {
		st := p.Statements[i].Statement
		if s.missing.again || st == nil || st.ChangesSchema && len(p.Statements) > 1 {
			return false, nil // what it makes is there for those behind it
		}
		if !st.Sensitive {
			continue
		}
		for _, t := range st.Tables {
			if t.OID != 0 || t.Via != nil || t.Effects&readingOrWriting == 0 || t.Effects&sql.EffectCreate != 0 || t.Table.Schema == "pg_catalog" || t.Table.Schema == "information_schema" {
				continue
			}
			name := string(text[t.At.Start:t.At.End])
			if name == "" || strings.Contains(name, "&") {
				continue
			}
			if s.transaction() == 'E' && !s.ended {
				return false, refusalAborted
			}
			there, err := s.there(name)
			if err != nil || there {
				return there, err
			}
			missing := sql.MissingName{Name: t.Table.Name, At: t.At.Start}
			return false, at(missing.Refusal(), string(text))
		}
	}
	return false, nil
}

// there asks the server for a relation. name is written as in SQL.
func (s *session) there(name string) (bool, error) {
	rows, err := s.ask("SELECT pg_catalog.to_regclass(E'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name) + "') IS NOT NULL")
	if err != nil {
		return false, s.asked(err)
	}
	return len(rows) == 1 && len(rows[0]) == 1 && string(rows[0][0]) == "t", nil
}

// identifier is a name as SQL writes it.
func identifier(n *sql.MissingName) string {
	quoted := `"` + strings.ReplaceAll(n.Name, `"`, `""`) + `"`
	if n.Schema != "" {
		quoted = `"` + strings.ReplaceAll(n.Schema, `"`, `""`) + `".` + quoted
	}
	return quoted
}

// former is what catalogs of a database had under names that the latest one does not have.
func (c *catalogs) former(database string) formerNames {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of(database).former
}

// replaced notes the names that a catalog had and the one in its place hasn't; c.mu is held.
func (s *shared) replaced(old, by *sql.Catalog) {
	if old != nil {
		s.former = s.former.with(old.GoneBy(by))
	}
}
