package generate

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// Side runs steps and says what a client sees of them.
type Side interface {
	Run(s Step) Outcome
}

// Outcome is what a client sees of one step.
type Outcome struct {
	Head    string   // the form of the results
	Rows    []string // sorted, unless the order is certain
	Tags    string   // command tags
	State   string   // SQLSTATE of an error
	Detail  string   // what else an error says that an application may use
	Code    string   // PVnnn of a refusal
	Message string   // of a refusal
	Status  byte     // of the transaction
	Lost    bool     // the connection is gone
}

// valued reports an error of a value that does not fit its column: it has the SQLSTATE of the server's own.
func (o *Outcome) valued() bool { return (o.Code == "PV001" || o.formed()) && o.State != "0A000" }

// formed reports an error of a COPY's options or of the form of its data, which is always the server's own.
func (o *Outcome) formed() bool { return o.Code == "PV250" || o.Code == "PV255" }

// Refusal is a code as it stands in messages.
var refusal = regexp.MustCompile(`\[(PV[0-9]{3})\]`)

// Server is a side that is a connection.
type Server struct{ Conn *pgconn.PgConn }

// Run sends the step and reads its answer.
func (s *Server) Run(st Step) Outcome {
	ctx := context.Background()
	c := s.Conn
	var results []*pgconn.Result
	var err error
	var o Outcome
	switch st.Way {
	case Text, Literals:
		results = []*pgconn.Result{c.ExecParams(ctx, st.Text, st.Params, nil, nil, nil).Read()}
	case Binary:
		results = []*pgconn.Result{c.ExecParams(ctx, st.Text, st.Params, nil, nil, []int16{1}).Read()}
	case Named:
		var d *pgconn.StatementDescription
		if d, err = c.Prepare(ctx, "named", st.Text, nil); err == nil {
			o.Head = fmt.Sprintf("%v ", normal(d.ParamOIDs)) + head(d.Fields)
			params, formats := asDescribed(st, d.ParamOIDs)
			results = []*pgconn.Result{c.ExecPrepared(ctx, "named", params, formats, []int16{int16(len(st.Text) % 2)}).Read()}
		}
		if !c.IsClosed() {
			err = errors.Join(err, c.Deallocate(ctx, "named"))
		}
	case Copy:
		var b bytes.Buffer
		var tag pgconn.CommandTag
		tag, err = c.CopyTo(ctx, &b, st.Text)
		o.Rows, o.Tags = strings.Split(b.String(), "\n"), tag.String()
	case CopyIn:
		var tag pgconn.CommandTag
		tag, err = c.CopyFrom(ctx, inPieces(st.Data), st.Text)
		o.Tags = tag.String()
	default:
		results, err = c.Exec(ctx, st.Text).ReadAll()
	}
	for _, r := range results {
		o.add(r)
		if r.Err != nil {
			err = r.Err
		}
	}
	if !st.Ordered {
		sort.Strings(o.Rows)
	}
	if st.Form {
		o.Rows, o.Tags = nil, ""
	}
	o.Head = strings.Join(strings.Fields(o.Head), " ")
	o.failed(err)
	o.Lost = c.IsClosed()
	if !o.Lost {
		o.Status = c.TxStatus()
	}
	return o
}

// asDescribed are the parameters in the binary form of the types that were described, in some statements, as drivers send them; what has none
// stays text.
func asDescribed(st Step, oids []uint32) (params [][]byte, formats []int16) {
	if len(st.Text)%3 == 0 || len(oids) != len(st.Params) {
		return st.Params, nil
	}
	m := pgtype.NewMap()
	for i, text := range st.Params {
		params, formats = append(params, text), append(formats, pgtype.TextFormatCode)
		t, ok := m.TypeForOID(oids[i])
		if !ok || text == nil {
			continue
		}
		v, err := t.Codec.DecodeValue(m, oids[i], pgtype.TextFormatCode, text)
		if err != nil || v == nil {
			continue
		}
		if b, err := m.Encode(oids[i], pgtype.BinaryFormatCode, v, nil); err == nil && b != nil {
			params[i], formats[i] = b, pgtype.BinaryFormatCode
		}
	}
	return params, formats
}

func head(fields []pgconn.FieldDescription) string {
	var b strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&b, "%s:%d:%d:%d ", f.Name, min(f.DataTypeOID, ownOIDs), f.DataTypeSize, f.TypeModifier)
	}
	return b.String()
}

// ownOIDs is the first OID of what a database itself defines (FirstNormalObjectId of PostgreSQL's transam.h).
const ownOIDs = 16384

// normal are parameter types. Those that the database defines count as one. The server infers varchar in lists, int4 and inet where text, int2 and cidr take the same values.
func normal(oids []uint32) []uint32 {
	all := append([]uint32(nil), oids...)
	for i, oid := range all {
		switch oid {
		case 1043:
			all[i] = 25
		case 21:
			all[i] = 23
		case 650:
			all[i] = 869
		default:
			all[i] = min(oid, ownOIDs)
		}
	}
	return all
}

func (o *Outcome) add(r *pgconn.Result) {
	o.Head += head(r.FieldDescriptions)
	for _, f := range r.FieldDescriptions {
		o.Head += fmt.Sprint(f.Format)
	}
	for _, row := range r.Rows {
		var line strings.Builder
		for i, v := range row {
			if f := r.FieldDescriptions[i]; f.Format == 1 && f.DataTypeOID >= ownOIDs {
				v = withoutOID(v)
			}
			if v == nil {
				line.WriteString(" NULL")
			} else {
				fmt.Fprintf(&line, " %q", v)
			}
		}
		o.Rows = append(o.Rows, line.String())
	}
	o.Tags += r.CommandTag.String() + ";"
}

// withoutOID is an array in binary form without the OID of its elements' type, which the database itself defines (array_send,
// src/backend/utils/adt/arrayfuncs.c); anything else as it is.
func withoutOID(v []byte) []byte {
	if len(v) < 12 || binary.BigEndian.Uint32(v) > 6 || binary.BigEndian.Uint32(v[4:]) > 1 || binary.BigEndian.Uint32(v[8:]) < ownOIDs {
		return v
	}
	v = bytes.Clone(v)
	binary.BigEndian.PutUint32(v[8:], ownOIDs)
	return v
}

func (o *Outcome) failed(err error) {
	var pe *pgconn.PgError
	switch {
	case err == nil:
		return
	case errors.As(err, &pe):
		o.State = pe.Code
		if m := refusal.FindStringSubmatch(pe.Message); m != nil {
			o.Code, o.Message = m[1], pe.Message
		}
		// An error of a constraint names it, and applications go by that.
		o.Detail = pe.ConstraintName + " " + pe.TableName + " " + pe.ColumnName + " " + pe.Severity
	default:
		o.State = "client: " + err.Error()
	}
	// What came before an error depends on the plan.
	o.Rows, o.Tags, o.Head = nil, "", ""
}

// scaled is want with the scale of numerics and the length of char(n) from got where want has none. A cell of numeric(p,s) that can be compared holds no trailing zeros,
// one of char(n) no blanks, so scale and length stay known through NULLs, where the server forgets them.
func scaled(want, got string) string {
	w, g := strings.Fields(want), strings.Fields(got)
	for i := range w {
		for _, typ := range []string{":1700:-1:", ":1042:-1:"} {
			if head, ok := strings.CutSuffix(w[i], typ+"-1"); ok && i < len(g) && strings.HasPrefix(g[i], head+typ) {
				w[i] = g[i]
			}
		}
	}
	return strings.Join(w, " ")
}

// difference is how got differs from want, empty if it doesn't.
func difference(got, want Outcome) (kind, what string) {
	switch {
	case got.State != want.State:
		return "error", fmt.Sprintf("got  error %q %s\nwant error %q %s", got.State, got.Detail, want.State, want.Detail)
	case got.Detail != want.Detail:
		return "error detail", fmt.Sprintf("got  %s\nwant %s", got.Detail, want.Detail)
	case got.Head != want.Head && got.Head != scaled(want.Head, got.Head):
		return "form", fmt.Sprintf("got  %s\nwant %s", got.Head, want.Head)
	case got.Tags != want.Tags:
		return "tag", fmt.Sprintf("got  %s\nwant %s", got.Tags, want.Tags)
	case got.Status != want.Status:
		return "transaction", fmt.Sprintf("got  %c\nwant %c", got.Status, want.Status)
	case got.Lost != want.Lost:
		return "connection", fmt.Sprintf("got  lost %v\nwant lost %v", got.Lost, want.Lost)
	}
	if len(got.Rows) != len(want.Rows) {
		return "rows", fmt.Sprintf("got  %d rows\nwant %d", len(got.Rows), len(want.Rows))
	}
	for i := range got.Rows {
		if got.Rows[i] != want.Rows[i] {
			return "rows", fmt.Sprintf("got  %s\nwant %s", got.Rows[i], want.Rows[i])
		}
	}
	return "", ""
}
