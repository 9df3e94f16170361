package sql

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// snapshot is the JSON that CatalogQuery makes; definitions may stand in it already.
type snapshot struct {
	Database    string           `json:"database"`
	Encoding    string           `json:"encoding"`
	Ctype       string           `json:"ctype"`
	Path        []string         `json:"path"`
	Relations   []snapRelation   `json:"relations"`
	System      []snapSystem     `json:"system"`
	Inherits    [][2]uint32      `json:"inherits"` // child, parent
	Depends     []snapDepend     `json:"depends"`
	Rules       []uint32         `json:"rules"`
	Statistics  []uint32         `json:"statistics"` // views that read the planner's statistics
	Runners     []snapRunner     `json:"runners"`
	Running     [][2]uint32      `json:"running"` // a relation, and a runner that is called in what the server does with it
	Triggers    []snapTrigger    `json:"triggers"`
	Constraints []snapConstraint `json:"constraints"`
	Indexes     []snapIndex      `json:"indexes"`
	Functions   []snapFunction   `json:"functions"`
	Operators   []snapOperator   `json:"operators"`
	Types       []snapType       `json:"types"`

	defined *definitions // nil: Definitions has not been asked yet, or all is in here
}

// snapType is a type that the database defines: an enum, a domain, or one whose name alone counts.
type snapType struct {
	OID     uint32      `json:"oid"`
	Array   uint32      `json:"array"`
	Schema  string      `json:"schema"`
	Name    string      `json:"name"`
	Kind    string      `json:"kind"`
	Labels  []string    `json:"labels"`
	Base    uint32      `json:"base"`
	Mod     int32       `json:"mod"`
	NotNull bool        `json:"notnull"`
	Default bool        `json:"default"`
	Checks  []snapCheck `json:"checks"`
}

type snapCheck struct {
	Name       string `json:"name"`
	Definition string `json:"definition"`
}

type snapRelation struct {
	OID        uint32       `json:"oid"`
	Schema     string       `json:"schema"`
	Name       string       `json:"name"`
	Kind       string       `json:"kind"`
	Partition  bool         `json:"partition"`
	RLS        bool         `json:"rls"`
	Key        []int16      `json:"key"` // of a partitioned table
	Columns    []snapColumn `json:"columns"`
	Definition string       `json:"definition"`
}

type snapColumn struct {
	Num                 int16
	Name                string
	Type                uint32
	Mod                 int32
	NotNull, Default    bool
	Generated, Identity string
}

// UnmarshalJSON reads the array form, which keeps the snapshot of a large catalog small. Columns are most of a snapshot, and their names
// rarely need escapes: those are read without reflection.
func (c *snapColumn) UnmarshalJSON(b []byte) error {
	if c.read(b) {
		return nil
	}
	return tuple(b, &c.Num, &c.Name, &c.Type, &c.Mod, &c.NotNull, &c.Default, &c.Generated, &c.Identity)
}

// read reads a column in which no string holds an escape, false for anything else.
func (c *snapColumn) read(b []byte) bool {
	if len(b) < 2 || b[0] != '[' || b[len(b)-1] != ']' || bytes.IndexByte(b, '\\') >= 0 {
		return false
	}
	rest := b[1 : len(b)-1]
	next := func() []byte {
		rest = bytes.TrimLeft(rest, " ,\n")
		end := bytes.IndexByte(rest, ',')
		if len(rest) > 0 && rest[0] == '"' {
			if end = bytes.IndexByte(rest[1:], '"'); end >= 0 {
				end += 2
			}
		}
		if end < 0 {
			end = len(rest)
		}
		field := rest[:end]
		rest = rest[end:]
		return bytes.TrimRight(field, " \n")
	}
	ok := true
	number := func(bits int) int64 {
		n, err := strconv.ParseInt(string(next()), 10, bits)
		ok = ok && err == nil
		return n
	}
	text := func() string {
		f := next()
		if len(f) < 2 || f[0] != '"' || f[len(f)-1] != '"' {
			ok = false
			return ""
		}
		return string(f[1 : len(f)-1])
	}
	truth := func() bool {
		f := string(next())
		ok = ok && (f == "true" || f == "false")
		return f == "true"
	}
	n := snapColumn{Num: int16(number(16)), Name: text(), Type: uint32(number(33)), Mod: int32(number(32)), NotNull: truth(), Default: truth()}
	n.Generated, n.Identity = text(), text()
	if !ok || len(bytes.TrimSpace(rest)) > 0 {
		return false
	}
	*c = n
	return true
}

// snapDepend says that a rule of View reads the relation ("r") or function ("f") On.
type snapDepend struct {
	View uint32
	Kind string
	On   uint32
}

func (d *snapDepend) UnmarshalJSON(b []byte) error { return tuple(b, &d.View, &d.Kind, &d.On) }

// snapSystem is a relation of the server's own with its columns in order.
type snapSystem struct {
	Schema, Name string
	Columns      []string
}

func (r *snapSystem) UnmarshalJSON(b []byte) error { return tuple(b, &r.Schema, &r.Name, &r.Columns) }

type snapTrigger struct {
	Relation uint32
	Name     string
	Function uint32
}

func (t *snapTrigger) UnmarshalJSON(b []byte) error {
	return tuple(b, &t.Relation, &t.Name, &t.Function)
}

// snapRunner is a function of the server's own that runs SQL given as text.
type snapRunner struct {
	OID  uint32
	Name string
}

func (r *snapRunner) UnmarshalJSON(b []byte) error { return tuple(b, &r.OID, &r.Name) }

type snapOperator struct {
	Schema   string
	Name     string
	Function uint32
}

func (o *snapOperator) UnmarshalJSON(b []byte) error {
	return tuple(b, &o.Schema, &o.Name, &o.Function)
}

type snapConstraint struct {
	OID        uint32  `json:"oid"`
	Relation   uint32  `json:"relation"`
	Kind       string  `json:"kind"` // c check, f foreign key, x exclusion
	Name       string  `json:"name"`
	Columns    []int16 `json:"columns"`
	Target     uint32  `json:"target"`
	Others     []int16 `json:"others"`
	Guardlike  bool    `json:"guardlike"` // a CHECK that may be a guard
	Definition string  `json:"definition"`
}

type snapIndex struct {
	Relation uint32  `json:"relation"`
	OID      uint32  `json:"oid"`
	Schema   string  `json:"schema"`
	Name     string  `json:"name"`
	Unique   bool    `json:"unique"`
	Primary  bool    `json:"primary"`
	Columns  []int16 `json:"columns"` // 0 for an expression
	Keys     int     `json:"keys"`
	Partial  bool    `json:"partial"`
	Method   string  `json:"method"`
}

type snapFunction struct {
	OID       uint32   `json:"oid"`
	Schema    string   `json:"schema"`
	Name      string   `json:"name"`
	Kind      string   `json:"kind"`
	Language  string   `json:"language"`
	Trigger   bool     `json:"trigger"`
	Source    string   `json:"source"`
	Parsed    bool     `json:"parsed"` // the server keeps the body parsed; Source is empty until it is asked for
	Calls     []uint32 `json:"calls"`
	Extension bool     `json:"extension"`
	Field     bool     `json:"field"`
}

func tuple(b []byte, fields ...any) error {
	n := len(fields)
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	if len(fields) != n {
		return fmt.Errorf("catalog: %d fields where %d belong", len(fields), n)
	}
	return nil
}

// readSnapshot accepts the answers of CatalogQuery and Definitions as Join makes one of them, and plain JSON.
func readSnapshot(text []byte) (*snapshot, error) {
	var s snapshot
	first, rest, split := text, []byte(nil), false
	if text = bytes.TrimSpace(text); len(text) > 0 && text[0] != '{' {
		first, rest, split = bytes.Cut(text, joint)
	}
	if err := readAnswer(first, &s); err != nil {
		return nil, err
	}
	if s.Database == "" || len(s.Path) == 0 {
		return nil, errors.New("catalog: no database or search path in the server's answer")
	}
	if split {
		s.defined = &definitions{}
		if err := readAnswer(rest, s.defined); err != nil {
			return nil, err
		}
		s.fill()
	}
	return &s, nil
}

// readAnswer reads an answer as the server sends it, base64 with line breaks, or plain JSON.
func readAnswer(text []byte, into any) error {
	text = bytes.TrimSpace(text)
	if len(text) > 0 && text[0] != '{' {
		plain := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
		n, err := base64.StdEncoding.Decode(plain, text)
		if err != nil {
			return errors.New("catalog: the server's answer is not base64")
		}
		text = plain[:n]
	}
	if !utf8.Valid(text) {
		return errors.New("catalog: names are not valid UTF-8")
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("catalog: %w", err)
	}
	return nil
}

// ParsePath reads the first column of PathQuery's answer.
func ParsePath(text []byte) ([]string, error) {
	var path []string
	if err := json.Unmarshal(text, &path); err != nil {
		return nil, fmt.Errorf("search path: %w", err)
	}
	return path, nil
}
