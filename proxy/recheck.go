package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// secondLook is a condition that the server answers with candidates: rows whose value doesn't match are left out.
type secondLook struct {
	column  int
	pattern value.Pattern
}

// secondLooks prepares a statement's conditions; param gives the client's text of a parameter, nil where it is NULL. A NULL pattern finds
// no candidates.
func secondLooks(all []sql.Recheck, param func(client int) ([]byte, error)) ([]secondLook, error) {
	out := make([]secondLook, 0, len(all))
	for i := range all {
		text := []byte(all[i].Text)
		if all[i].Param > 0 {
			var err error
			if text, err = param(all[i].Param); err != nil {
				return nil, err
			}
			if text == nil {
				continue
			}
		}
		p, err := value.ParsePattern(string(text), folding(&all[i]))
		if err != nil {
			return nil, err
		}
		out = append(out, secondLook{column: all[i].Result, pattern: p})
	}
	return out, nil
}

// folding is how a LIKE or ILIKE compares letters.
func folding(r *sql.Recheck) value.Folding {
	switch {
	case !r.Fold:
		return value.FoldNone
	case r.ASCII:
		return value.FoldASCII
	}
	return value.FoldUnicode
}

// looking is the shape for one execution of st: its rows are looked at again, and what the client did not ask for is left out.
func (sh *rowShape) looking(st *sql.Statement, param func(client int) ([]byte, error)) (*rowShape, error) {
	if st == nil || len(st.Rechecks) == 0 {
		return sh, nil
	}
	c := *sh
	c.hidden = st.Hidden
	var err error
	if c.again, err = secondLooks(st.Rechecks, param); err != nil {
		return nil, err
	}
	for _, l := range st.Rechecks {
		if l.Result >= len(c.columns) || c.columns[l.Result].slot.Do != policy.Open {
			return nil, errors.New("a column that is matched is not opened")
		}
	}
	return &c, nil
}

// boundText gives the text parameters of a Bind, whose formats don't differ.
func (m *bindMessage) boundText(client int) ([]byte, error) {
	if client > len(m.values) {
		return nil, errBind
	}
	return m.values[client-1], nil
}

// noParameters is for texts of the simple protocol, which have none.
func noParameters(int) ([]byte, error) { return nil, errBind }

// tally corrects a SELECT's command tag by the rows that were left out: tag is CommandComplete's body.
func tally(tag []byte, dropped int) ([]byte, error) {
	count, found := bytes.CutPrefix(bytes.TrimSuffix(tag, []byte{0}), []byte("SELECT "))
	n, err := strconv.Atoi(string(count))
	if !found || err != nil || n < dropped {
		return nil, errors.New("a SELECT's rows were counted in another way than they were sent")
	}
	return append(strconv.AppendInt([]byte("SELECT "), int64(n-dropped), 10), 0), nil
}

// tallied passes CommandComplete on, of a statement of which rows were left out.
func (s *session) tallied(dropped int) error {
	body, err := s.up.Body()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	tag, err := tally(body, dropped)
	if err != nil {
		return &fatal{sqlstate: "08P01", message: err.Error()}
	}
	return s.client.SetOut(wire.AppendFrame(s.client.Out(), 'C', tag))
}

// hiddenOf counts the last results of a statement, which its client did not ask for.
func hiddenOf(p planned, index int) int {
	if index < len(p.Statements) && p.Statements[index].Statement != nil {
		return p.Statements[index].Statement.Hidden
	}
	return 0
}

// keep reports whether a row, a DataRow's body, matches all that the server could not decide.
func (sh *rowShape) keep(body []byte, scratch *rowScratch) (bool, error) {
	for i := range sh.again {
		raw, null, err := columnOf(body, sh.again[i].column)
		if err != nil || null {
			return false, err
		}
		c := &sh.columns[sh.again[i].column]
		plain, err := c.open(raw, scratch)
		if err != nil {
			return false, err
		}
		if !sh.again[i].pattern.Match(value.TextOf(plain)) {
			return false, nil
		}
	}
	return true, nil
}

// columnOf is one value of a DataRow's body.
func columnOf(body []byte, column int) (raw []byte, null bool, err error) {
	r := wire.NewReader(body)
	if n := int(r.Int16()); column >= n {
		return nil, false, errors.New("a row without the column that is matched")
	}
	for range column + 1 {
		raw, null = r.Value()
	}
	return raw, null, r.Err()
}
