package proxy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
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

// secondLooks prepares a statement's conditions; bound gives a parameter, nil where it is NULL. A NULL pattern finds
// no candidates.
func secondLooks(all []sql.Recheck, bound func(client int) ([]byte, int16, error)) ([]secondLook, error) {
	out := make([]secondLook, 0, len(all))
	for i := range all {
		text := []byte(all[i].Text)
		if all[i].Param > 0 {
			raw, _, err := bound(all[i].Param) // the formats of texts don't differ
			if err != nil {
				return nil, err
			}
			if raw == nil {
				continue
			}
			text = slices.Concat([]byte(all[i].Before), raw, []byte(all[i].After))
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

// looking is the shape for one execution of st: its rows are looked at again, and what the client did not ask for is left out. bound gives a
// parameter's bytes and format.
func (sh *rowShape) looking(st *sql.Statement, bound func(client int) ([]byte, int16, error)) (*rowShape, error) {
	if st == nil || len(st.Rechecks) == 0 {
		return sh, nil
	}
	for _, l := range st.Rechecks {
		if l.Result >= len(sh.columns) || sh.columns[l.Result].slot.Do != policy.Open {
			return nil, errors.New("a column that is matched is not opened")
		}
	}
	c := *sh
	c.hidden = st.Hidden
	var err error
	if c.again, err = secondLooks(st.Rechecks, bound); err != nil {
		return nil, err
	}
	if c.window.limit, err = rowCount(st.Limit, bound, "2201W", "LIMIT must not be negative"); err != nil {
		return nil, err
	}
	if c.window.offset, err = rowCount(st.Offset, bound, "2201X", "OFFSET must not be negative"); err != nil {
		return nil, err
	}
	c.window.offset = max(c.window.offset, 0)
	return &c, nil
}

// window is which of the rows that were kept are shown.
type window struct {
	offset, limit int64 // limit: -1 for all
	kept          int64 // rows that matched so far, of all executions of the portal
}

// rowCount is a number of rows, -1 for none. Its parameter is of a whole type, by the text that is sent.
func rowCount(n sql.Count, bound func(int) ([]byte, int16, error), sqlstate, negative string) (int64, error) {
	if !n.Set {
		return -1, nil
	}
	rows := n.Rows
	if n.Param > 0 {
		raw, format, err := bound(n.Param)
		if err != nil || raw == nil {
			return -1, err
		}
		switch {
		case format == 0:
			rows, err = strconv.ParseInt(string(bytes.TrimSpace(raw)), 10, 64)
		case len(raw) == 2:
			rows = int64(int16(binary.BigEndian.Uint16(raw)))
		case len(raw) == 4:
			rows = int64(int32(binary.BigEndian.Uint32(raw)))
		case len(raw) == 8:
			rows = int64(binary.BigEndian.Uint64(raw))
		default:
			err = errBind
		}
		if err != nil {
			return -1, errBind
		}
	}
	if rows < 0 {
		return -1, &sql.Refusal{Code: refusalGrams.Code, SQLSTATE: sqlstate, Message: negative, At: -1}
	}
	return rows, nil
}

// bound gives a parameter of a Bind.
func (m *bindMessage) bound(client int) ([]byte, int16, error) {
	if client > len(m.values) {
		return nil, 0, errBind
	}
	return m.values[client-1], formatOf(m.formats, client-1), nil
}

// noParameters is for texts of the simple protocol, which have none.
func noParameters(int) ([]byte, int16, error) { return nil, 0, errBind }

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

// keep reports whether a row, a DataRow's body, is shown: it matches all that the server could not decide, and is neither before OFFSET nor
// behind LIMIT.
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
	w := &sh.window
	w.kept++
	return w.kept > w.offset && (w.limit < 0 || w.kept-w.offset <= w.limit), nil
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
