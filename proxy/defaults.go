package proxy

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
	"github.com/pgveil/pgveil/proxy/wire"
)

// shownDefaults is what stands in texts of the system catalogs for the cells that defaults of protected columns are: the default itself, or NULL
// for who may not see the column. Only the defaults' own cells are looked for.
type shownDefaults struct {
	world   *World
	catalog *sql.Catalog
	set     *value.Settings
	all     []shownDefault
}

type shownDefault struct {
	begins []byte   // what each form begins with, up to as many digits as tell cells apart
	forms  [][]byte // the longest first: as an expression, or the constant alone
	text   []byte
}

// minDigits is how much of a cell that a text was cut in tells which one it is.
const minDigits = 24

// defaultTexts are the defaults for the plan of a text that reads the system catalogs, nil when there are none.
func (s *session) defaultTexts(p planned) *shownDefaults {
	if s.defaults != nil && s.defaults.world == p.world && s.defaults.catalog == p.catalog && s.defaults.set == s.settings.Load() {
		return s.defaults
	}
	d := &shownDefaults{world: p.world, catalog: p.catalog, set: s.settings.Load()}
	s.defaults = d
	if p.catalog == nil || p.world.Policy.ReadsSealed(s.roles) {
		return d
	}
	for _, c := range p.catalog.DefaultCells() {
		text := c.NullText()
		if table, column := c.ConfiguredName(); p.world.Policy.ShowsDefault(s.roles, table, column) {
			if shown, err := openDefault(p.world, &c, d.set); err != nil {
				s.log.Warn("a default can't be opened", zap.String("table", table.String()), zap.String("column", column), zap.Error(err))
			} else {
				text = shown
			}
		}
		d.add(c.Cell, c.Form, text)
	}
	return d
}

// openDefault is the text of a default's expression.
func openDefault(w *World, c *sql.DefaultCell, set *value.Settings) (string, error) {
	key, ok := w.Keyring.Key(c.Protection.Key)
	if !ok {
		return "", fmt.Errorf("there is no key %q", c.Protection.Key)
	}
	plain, err := key.Open(nil, c.Cell)
	if err != nil {
		return "", err
	}
	defer clear(plain)
	bare := *c.Protection
	if bare.Type.OID == sql.OIDNumeric {
		bare.Type.Mod = -1 // the expression has the number as it was written
	}
	typ := columnType(&bare)
	text, err := typ.Encode(nil, value.FormatText, plain, set)
	if bare.Type.OID == sql.OIDBpchar {
		text = bytes.TrimRight(text, " ") // a cell doesn't keep those that were written, and the column's are not in the expression
	}
	return c.DefaultText(string(text)), err
}

// add looks for a cell under either bytea_output, with and without the form behind it.
func (d *shownDefaults) add(cell []byte, form *sql.DefaultForm, text string) {
	hexed := func(b []byte) string { return `'\x` + hex.EncodeToString(b) + `'` }
	escape := func(b []byte) string { return `'` + escapedBytes(b) + `'` }
	const call = "COALESCE("
	for _, output := range []func([]byte) string{hexed, escape} {
		constant := output(cell)
		if form != nil {
			d.addText(text, call+constant[:min(len(constant), minDigits)], call+constant+"::bytea, "+output(form.Stored())+"::bytea)")
		}
		d.addText(text, constant[:min(len(constant)-1, minDigits)], constant+"::bytea", constant)
	}
}

// addText looks for forms that begin with begins, in plain text and within JSON or an array, where backslashes and quotes are escaped.
func (d *shownDefaults) addText(text, begins string, forms ...string) {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	plain := shownDefault{begins: []byte(begins), text: []byte(text)}
	escaped := shownDefault{begins: []byte(escape.Replace(begins)), text: []byte(escape.Replace(text))}
	for _, form := range forms {
		plain.forms = append(plain.forms, []byte(form))
		escaped.forms = append(escaped.forms, []byte(escape.Replace(form)))
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' }) {
		escaped.text = []byte("NULL") // a control character would not be JSON
	}
	d.all = append(d.all, plain)
	if strings.Contains(begins, `\`) {
		d.all = append(d.all, escaped)
	}
}

// escapedBytes is a bytea's text under bytea_output = escape, as it stands within a constant.
func escapedBytes(b []byte) string {
	var out strings.Builder
	for _, c := range b {
		switch {
		case c == '\\':
			out.WriteString(`\\`)
		case c == '\'':
			out.WriteString(`''`)
		case c < 0x20 || c > 0x7e:
			out.Write([]byte{'\\', '0' + c>>6, '0' + c>>3&7, '0' + c&7})
		default:
			out.WriteByte(c)
		}
	}
	return out.String()
}

// replace gives raw with the defaults in it as they are shown. What was cut within a cell is taken to its end.
func (d *shownDefaults) replace(raw []byte) []byte {
	if d == nil || len(d.all) == 0 || bytes.IndexByte(raw, '\'') < 0 {
		return raw
	}
	if raw[0] == 0 { // no text: what has parts, in binary form
		return d.replaceElements(raw)
	}
	for i := range d.all {
		s := &d.all[i]
		from := 0
		for {
			at := bytes.Index(raw[from:], s.begins)
			if at < 0 {
				break
			}
			at += from
			n := s.match(raw[at:])
			if n == 0 {
				from = at + 1
				continue
			}
			raw = append(append(append([]byte(nil), raw[:at]...), s.text...), raw[at+n:]...)
			from = at + len(s.text)
		}
	}
	return raw
}

// replaceElements is replace in an array of one dimension in binary form (array_send, src/backend/utils/adt/arrayfuncs.c). Anything else stays
// as it is.
func (d *shownDefaults) replaceElements(raw []byte) []byte {
	const head = 20
	if len(raw) < head || binary.BigEndian.Uint32(raw) != 1 {
		return raw
	}
	out := append([]byte(nil), raw[:head]...)
	rest := raw[head:]
	for range binary.BigEndian.Uint32(raw[12:]) {
		if len(rest) < 4 {
			return raw
		}
		n := int32(binary.BigEndian.Uint32(rest))
		if n < 0 {
			out, rest = append(out, rest[:4]...), rest[4:]
			continue
		}
		if int(n) > len(rest)-4 {
			return raw
		}
		e := rest[4 : 4+n]
		if len(e) > 0 && e[0] != 0 {
			e = d.replace(e)
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(e))), e...)
		rest = rest[4+n:]
	}
	if len(rest) > 0 {
		return raw
	}
	return out
}

// match is how many bytes of text are the cell, 0 for none.
func (s *shownDefault) match(text []byte) int {
	for _, form := range s.forms {
		if bytes.HasPrefix(text, form) {
			return len(form)
		}
	}
	if bytes.HasPrefix(s.forms[0], text) { // cut
		return len(text)
	}
	return 0
}

// appendRow is a DataRow with the defaults in it as they are shown.
func (d *shownDefaults) appendRow(dst, body []byte) ([]byte, error) {
	r := wire.NewReader(body)
	n := r.Int16()
	dst, at := wire.Begin(dst, 'D')
	dst = wire.AppendInt16(dst, n)
	for range n {
		raw, null := r.Value()
		if r.Err() != nil {
			return dst, r.Err()
		}
		if null {
			dst = wire.AppendInt32(dst, -1)
			continue
		}
		raw = d.replace(raw)
		dst = append(wire.AppendInt32(dst, int32(len(raw))), raw...)
	}
	return wire.End(dst, at), nil
}

// tellsDefaults reports whether rows of a text may hold texts of the system catalogs.
func tellsDefaults(p planned) bool {
	for i := range p.Statements {
		if st := p.Statements[i].Statement; st != nil && (st.Introspects || len(st.Runs) > 0) {
			return true
		}
	}
	return false
}

// withDefaults is p with what is shown of defaults.
func (s *session) withDefaults(p planned) planned {
	if p.Plan != nil && tellsDefaults(p) {
		if p.defaults = s.defaultTexts(p); len(p.defaults.all) == 0 {
			p.defaults = nil
		}
	}
	return p
}

// rowOfCatalog shows one row of a text that reads the system catalogs.
func (s *session) rowOfCatalog(a answer) error {
	frame, err := s.up.Body()
	if err != nil {
		return err
	}
	out := s.client.Out()
	keep := len(out)
	if out, err = a.run.plan.defaults.appendRow(out, frame); err != nil {
		if e := s.client.SetOut(out[:keep]); e != nil {
			return e
		}
		return s.ownError(a, err)
	}
	return s.client.SetOut(out)
}
