package proxy

import "github.com/pgveil/pgveil/policy/sql"

// stringsSetting says, when it is off, that a backslash escapes within '…' (docs/adr/0020-old-strings.md). The server reports it, and it is asked
// for before each text in which that makes a difference is judged: readState.
const stringsSetting = "standard_conforming_strings"

// escapes reports whether the server reads a text sent now with standard_conforming_strings off, and that makes a difference.
func (s *session) escapes(text []byte) bool { return s.oldStrings.Load() && sql.Escapes(text) }

// planAgain plans the text of a prepared statement for another execution. The server keeps it as it has read it once.
func (s *session) planAgain(st *statement) (planned, error) {
	p, err := s.plan([]byte(st.text))
	if err != nil {
		return p, err
	}
	if unread := len(p.Statements) == 1 && p.Statements[0].Statement == nil; !unread && p.escaping != st.escaping {
		return p, refusalReplan
	}
	return p, nil
}
