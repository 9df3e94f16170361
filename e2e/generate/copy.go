package generate

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
)

// copyForm is a form of COPY's data and the options that say so.
type copyForm struct {
	format                   string
	delimiter, quote, escape string
	null                     string
	header                   string
	force                    string
}

// form makes up options that go together.
func (g *gen) form(in bool, columns []string) copyForm {
	o := copyForm{format: pick(g, "text", "text", "csv", "csv", "csv", "binary")}
	switch o.format {
	case "text":
		o.delimiter, o.null = pick(g, "\t", "\t", "|", ";", "~"), pick(g, `\N`, `\N`, "", "none", "NULL", `\n`)
		if !in && o.null == `\n` {
			o.null = ""
		}
	case "csv":
		o.delimiter, o.null, o.quote = pick(g, ",", ",", ";", "|", "\t"), pick(g, "", "", "NULL", `\N`, "none"), pick(g, `"`, `"`, "'", "~")
		o.escape = pick(g, o.quote, o.quote, `\`, "!")
	}
	if o.format != "binary" {
		o.header = pick(g, "", "", "HEADER", "HEADER true")
		if in && g.chance(10) {
			o.header = "HEADER match"
		}
	}
	if o.format == "csv" && len(columns) > 0 && g.chance(30) {
		some := "(" + pick(g, columns...) + ")"
		switch {
		case !in:
			o.force = "FORCE_QUOTE " + pick(g, "*", some)
		default:
			o.force = pick(g, "FORCE_NULL ", "FORCE_NOT_NULL ") + some
		}
	}
	return o
}

// options writes them.
func (g *gen) options(o copyForm) string {
	quoted := func(s string) string {
		return "E'" + strings.NewReplacer(`\`, `\\`, "\t", `\t`, "'", `\'`).Replace(s) + "'"
	}
	var all []string
	if o.format != "text" || g.chance(30) {
		all = append(all, "FORMAT "+o.format)
	}
	standard := map[string]copyForm{"text": {delimiter: "\t", null: `\N`}, "csv": {delimiter: ",", quote: `"`, escape: o.quote}}[o.format]
	add := func(name, value, otherwise string) {
		if value != otherwise || value != "" && g.chance(15) {
			all = append(all, name+" "+quoted(value))
		}
	}
	add("DELIMITER", o.delimiter, standard.delimiter)
	add("NULL", o.null, standard.null)
	add("QUOTE", o.quote, standard.quote)
	add("ESCAPE", o.escape, standard.escape)
	for _, s := range []string{o.header, o.force} {
		if s != "" {
			all = append(all, s)
		}
	}
	if g.chance(3) {
		all = append(all, pick(g, "DELIMITER 'ab'", "NULL E'a\\nb'", "QUOTE 'ab'", "FORMAT xml", "FORCE_QUOTE (id)", "HEADER maybe", "OIDS", "FORCE_NULL (nosuch)", "ENCODING 'UTF8'"))
	}
	if all == nil {
		return ""
	}
	g.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return pick(g, "", "WITH ") + "(" + strings.Join(all, ", ") + ")"
}

// copies makes the statement a COPY.
func (g *gen) copies(s *Statement) {
	var tables []*Table
	for _, t := range g.now.tables {
		if t.kind != "view" {
			tables = append(tables, t)
		}
	}
	tab := pick(g, tables...)
	columns := []*Column{tab.Columns[0]}
	for _, c := range g.written(tab) {
		if c.Name != "parent" {
			columns = append(columns, c)
		}
	}
	g.r.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	if g.chance(60) {
		g.copyRows(s, tab, columns, names)
		return
	}
	s.Way = Copy
	o := g.form(false, names)
	what := tab.Name + " (" + strings.Join(names, ", ") + ")"
	if g.chance(30) {
		what = tab.Name
	}
	if o.format == "binary" || g.chance(30) || tab.parts != nil {
		q := g.sorted()
		if !q.ordered() {
			q = f("SELECT %s FROM %s ORDER BY id", strings.Join(names, ", "), tab.Name)
			q.total = true
		}
		s.tree, s.with, o.force = q, g.options(o), ""
		return
	}
	s.Way, s.tree = CopyOut, seq("COPY", what, "TO STDOUT", g.options(o))
}

// copyRows loads rows.
func (g *gen) copyRows(s *Statement, tab *Table, columns []*Column, names []string) {
	o := g.form(true, names)
	var rows [][]*string
	for range g.r.IntN(5) {
		var row []*string
		for _, c := range columns {
			v := g.constant(c.Type, c.protected())
			switch {
			case c.Name == "id":
				id := fmt.Sprint(1 + g.r.IntN(30))
				row = append(row, &id)
			case v.value.null:
				row = append(row, nil)
			default:
				row = append(row, &v.value.text)
			}
		}
		rows = append(rows, row)
	}
	spoil := g.chance(25)
	if o.format == "binary" {
		data, ok := binaryRows(columns, rows)
		if !ok {
			o = copyForm{format: "csv", delimiter: ",", quote: `"`, escape: `"`}
		} else if s.data = data; spoil {
			s.data = g.spoiledBinary(data)
		}
	}
	if o.format != "binary" {
		s.data = g.textRows(o, names, rows)
		if spoil {
			s.data = g.spoiled(o, s.data)
		}
	}
	s.Way = CopyIn
	s.tree = seq("COPY", tab.Name, "("+strings.Join(names, ", ")+")", "FROM STDIN", g.options(o))
	if g.chance(25) {
		r := columnsOf(tab, tab.Name)
		s.tree.kids = append(s.tree.kids, opt(seq("WHERE", pick(g, f("%s.id > %d", tab.Name, g.r.IntN(20)), g.condition([]rel{r}, 0)))))
	}
}

// textRows writes rows as text or CSV.
func (g *gen) textRows(o copyForm, names []string, rows [][]*string) string {
	end := pick(g, "\n", "\n", "\n", "\r\n")
	var b strings.Builder
	if o.header != "" {
		b.WriteString(strings.Join(names, o.delimiter) + end)
	}
	for _, row := range rows {
		for i, v := range row {
			if i > 0 {
				b.WriteString(o.delimiter)
			}
			switch {
			case v == nil:
				b.WriteString(o.null)
			case o.format == "text":
				b.WriteString(textField(*v, o.delimiter, g.chance(10)))
			default:
				b.WriteString(csvField(*v, o, g.chance(15)))
			}
		}
		b.WriteString(end)
	}
	switch text := b.String(); {
	case g.chance(10):
		return text + `\.` + end
	case g.chance(10):
		return strings.TrimSuffix(text, end)
	default:
		return text
	}
}

func textField(v, delimiter string, octal bool) string {
	var b strings.Builder
	for i := range len(v) {
		switch c := v[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\\' || string(c) == delimiter:
			b.WriteString(`\` + string(c))
		case octal && c < 0x80:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func csvField(v string, o copyForm, quote bool) string {
	if !quote && v != o.null && v != `\.` && !strings.ContainsAny(v, o.delimiter+o.quote+o.escape+"\r\n") {
		return v
	}
	var b strings.Builder
	b.WriteString(o.quote)
	for _, c := range v {
		if string(c) == o.quote || string(c) == o.escape {
			b.WriteString(o.escape)
		}
		b.WriteRune(c)
	}
	return b.String() + o.quote
}

// spoiled is data with one thing wrong, or strange.
func (g *gen) spoiled(o copyForm, data string) string {
	lines := strings.SplitAfter(data, "\n")
	at := g.r.IntN(len(lines))
	switch g.r.IntN(9) {
	case 0:
		lines[at] = strings.TrimRight(lines[at], "\r\n") + o.delimiter + "more\n"
	case 1:
		line, _, _ := strings.Cut(lines[at], o.delimiter)
		lines[at] = strings.TrimRight(line, "\r\n") + "\n"
	case 2:
		lines = slices.Insert(lines, at, "\\.\n")
	case 3:
		lines = slices.Insert(lines, at, "\n")
	case 4:
		lines[at] = "\xff" + lines[at]
	case 5:
		lines[at] = "\"" + lines[at]
	case 6:
		lines[at] = strings.TrimRight(lines[at], "\r\n") + "\r" + pick(g, "", "\n")
	case 7:
		lines[at] += `\`
	case 8:
		lines[at] = pick(g, `\x41`, `\101`, `\q`, `\N`, "x") + lines[at]
	}
	return strings.Join(lines, "")
}

// copySignature begins binary data: no flags, no extension (src/backend/commands/copyfromparse.c).
const copySignature = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// binaryRows writes rows in binary, if all values have a form in it that is known.
func binaryRows(columns []*Column, rows [][]*string) (string, bool) {
	m := pgtype.NewMap()
	b := []byte(copySignature)
	for _, row := range rows {
		b = binary.BigEndian.AppendUint16(b, uint16(len(columns)))
		for i, v := range row {
			if v == nil {
				b = binary.BigEndian.AppendUint32(b, 0xffffffff)
				continue
			}
			base := columns[i].Type.Base
			if base == "char" {
				base = "bpchar"
			}
			typ, ok := m.TypeForName(base)
			if !ok {
				return "", false
			}
			value, err := typ.Codec.DecodeValue(m, typ.OID, pgtype.TextFormatCode, []byte(*v))
			if err != nil {
				return "", false
			}
			field, err := m.Encode(typ.OID, pgtype.BinaryFormatCode, value, nil)
			if err != nil || field == nil {
				return "", false
			}
			b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
			b = append(b, field...)
		}
	}
	return string(binary.BigEndian.AppendUint16(b, 0xffff)), true
}

func (g *gen) spoiledBinary(data string) string {
	b := []byte(data)
	switch g.r.IntN(5) {
	case 0:
		b[g.r.IntN(11)] ^= 0x55
	case 1:
		b = b[:len(b)-2] // no end
	case 2:
		b = b[:len(b)-1]
	case 3:
		b = append(b, "more"...)
	case 4:
		binary.BigEndian.PutUint16(b[19:], 99)
	}
	return string(b)
}

// pieces reads n bytes at a time.
type pieces struct {
	io.Reader
	n int
}

// Read gives some bytes.
func (p pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.n)]) }

// inPieces are data of COPY, cut as their length says.
func inPieces(data string) io.Reader {
	switch r := bytes.NewReader([]byte(data)); len(data) % 3 {
	case 0:
		return pieces{r, 1 + len(data)%7}
	default:
		return r
	}
}
