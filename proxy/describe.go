package proxy

import (
	"fmt"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/wire"
)

// firstUserOID is FirstNormalObjectId (src/include/access/transam.h): relations below it come with PostgreSQL.
const firstUserOID = 16384

// field is one column of a RowDescription.
type field struct {
	name   []byte
	table  uint32
	num    int16
	typ    uint32
	len    int16
	mod    int32
	format int16
}

func decodeFields(body []byte) ([]field, error) {
	r := wire.NewReader(body)
	n := int(uint16(r.Int16()))
	if 19*n > len(r.Rest()) {
		return nil, wire.ErrShort
	}
	fields := make([]field, n)
	for i := range fields {
		fields[i] = field{name: r.CString(), table: r.Uint32(), num: r.Int16(), typ: r.Uint32(), len: r.Int16(),
			mod: r.Int32(), format: r.Int16()}
	}
	return fields, r.Err()
}

// rowDescription is the second witness: what the server says a result is must agree with what analysis found. Then the client is
// shown logical types.
func (s *session) rowDescription(a answer) error {
	if a.run == nil && a.portal == nil {
		return s.forwardDescription(a)
	}
	p := s.planOf(a)
	if p.plain(a.index()) {
		return s.plainDescription(a, p)
	}
	body, err := s.up.Body()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	fields, err := decodeFields(body)
	if err != nil {
		return fmt.Errorf("RowDescription from the server: %w", err)
	}
	slots := slotsOf(a, p)
	if err := witness(slots, fields, p.catalog); err != nil {
		return s.ownError(a, err)
	}
	if a.kind == kindQuery {
		formats := formatsOf(fields)
		if a.run.shape, err = s.server.newRowShape(p, slots, formats, formats); err != nil {
			return s.ownError(a, err)
		}
		if a.run.shape, err = a.run.shape.looking(p.Statements[a.index()].Statement, noParameters); err != nil {
			return s.ownError(a, err)
		}
	}
	if st := statementOf(a); st != nil {
		st.witnessed.Store(p.Plan)
	}
	s.described(a)
	if a.own {
		return nil
	}
	shown := len(fields) - hiddenOf(p, a.index())
	return s.client.SetOut(appendDescription(s.client.Out(), fields[:shown], slots, a))
}

// formatsOf are the formats that the server says it sends, in Bind's short form: FETCH of a binary cursor gives binary values.
func formatsOf(fields []field) []int16 {
	var formats []int16
	for i, f := range fields {
		if f.format != 0 && formats == nil {
			formats = make([]int16, len(fields))
		}
		if formats != nil {
			formats[i] = f.format
		}
	}
	return formats
}

// planOf is the plan that the description belongs to.
func (s *session) planOf(a answer) planned {
	if a.portal != nil {
		return a.portal.plan
	}
	return a.run.plan
}

func statementOf(a answer) *statement {
	if a.portal != nil {
		return a.portal.stmt
	}
	return a.stmt
}

func slotsOf(a answer, p planned) []policy.Slot {
	if i := a.index(); i < len(p.Statements) {
		return p.Statements[i].Results
	}
	return nil
}

// index is the place in its text of the statement that is being answered.
func (a answer) index() int {
	if a.kind == kindQuery {
		return a.run.index
	}
	return 0
}

// described settles a Describe; a simple Query goes on.
func (s *session) described(a answer) {
	if a.kind == kindDescribePortal || a.kind == kindDescribeStatement {
		s.ledger.settle()
	}
}

// witness compares the plan with the server's description.
func witness(slots []policy.Slot, fields []field, cat *sql.Catalog) error {
	if len(slots) != len(fields) {
		return fmt.Errorf("the server describes %d columns, %d were expected", len(fields), len(slots))
	}
	for i, f := range fields {
		slot := slots[i]
		if slot.Do == policy.Refuse {
			return fmt.Errorf("column %d of the result has no verdict", i+1)
		}
		if (slot.Protection != nil || slot.Shape != sql.ShapeCell) && !storedType(slot, f.typ) {
			return fmt.Errorf("column %d of the result should be sealed and is not of type bytea or one that holds cells", i+1)
		}
		if slot.OID != 0 && f.table != 0 && (slot.OID != f.table || slot.Num != f.num) {
			return fmt.Errorf("column %d of the result comes from another place than expected", i+1)
		}
		if slot.Protection == nil && slot.OID == 0 && f.num >= 0 && sensitive(cat, f) { // below 0: ctid and its kin, which hold no value
			return fmt.Errorf("column %d of the result comes from a protected column", i+1)
		}
	}
	return nil
}

// sensitive reports whether a field's origin is a protected or listed table's column, by the catalog.
func sensitive(cat *sql.Catalog, f field) bool {
	if f.table < firstUserOID {
		return false
	}
	r, ok := cat.RelationByOID(f.table)
	return ok && (r.Listed || r.Protected)
}

// plainDescription checks a result of a statement that was proven to touch nothing sensitive.
func (s *session) plainDescription(a answer, p planned) error {
	if p.catalog != nil {
		frame, err := s.up.Frame()
		if err != nil {
			return fmt.Errorf("upstream read: %w", err)
		}
		if err := plainWitness(frame[5:], p.catalog); err != nil {
			return s.ownError(a, err)
		}
		return s.showDescription(a, frame)
	}
	return s.forwardDescription(a)
}

// plainWitness looks at the origins only, without allocating.
func plainWitness(body []byte, cat *sql.Catalog) error {
	r := wire.NewReader(body)
	for i := range int(uint16(r.Int16())) {
		r.CString()
		f := field{table: r.Uint32(), num: r.Int16()}
		r.Bytes(12)
		if sensitive(cat, f) {
			return fmt.Errorf("column %d of the result comes from a protected table, which the statement did not seem to touch", i+1)
		}
	}
	return r.Err()
}

// forwardDescription is for what has no plan: a statement of SQL's own PREPARE, or a cursor. Its origins are checked against the
// catalog all the same.
func (s *session) forwardDescription(a answer) error {
	frame, err := s.up.Frame()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	if cat := s.latest.Load(); cat != nil {
		if err := plainWitness(frame[5:], cat); err != nil {
			return s.ownError(a, err)
		}
	}
	return s.showDescription(a, frame)
}

// showDescription forwards a description that may pass as it is, if the client asked for it.
func (s *session) showDescription(a answer, frame []byte) error {
	s.described(a)
	if a.own {
		return nil
	}
	return s.client.Write(frame)
}

// appendDescription appends the RowDescription that the client is shown.
func appendDescription(dst []byte, fields []field, slots []policy.Slot, a answer) []byte {
	dst, at := wire.Begin(dst, 'T')
	dst = wire.AppendInt16(dst, int16(len(fields)))
	for i, f := range fields {
		if p := slots[i].Protection; p != nil {
			typ := columnType(p)
			array := slots[i].Shape == sql.ShapeArray
			f.typ, f.mod, f.len = p.Type.OID, p.ResultMod(array, slots[i].Bare), typ.Len()
			if array {
				f.typ, f.len = p.Array(), -1
			}
			if a.kind != kindQuery {
				f.format = 0
			}
			if a.kind == kindDescribePortal && a.portal.shape != nil {
				f.format = a.portal.shape.columns[i].client
			}
		}
		dst = append(append(dst, f.name...), 0)
		dst = wire.AppendInt32(dst, int32(f.table))
		dst = wire.AppendInt16(dst, f.num)
		dst = wire.AppendInt32(dst, int32(f.typ))
		dst = wire.AppendInt16(dst, f.len)
		dst = wire.AppendInt32(dst, f.mod)
		dst = wire.AppendInt16(dst, f.format)
	}
	return wire.End(dst, at)
}
