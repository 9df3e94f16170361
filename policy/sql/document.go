package sql

import (
	"slices"
	"strings"
)

// Document says which fields of a jsonb column are protected: the column is stored as jsonb, and at each path stands a cell as a string,
// "\\x…". Make one with NewDocument.
type Document struct {
	// Paths are in the order of their steps; none begins with the whole of another.
	Paths []DocumentPath
	steps [][]string
}

// DocumentPath is one protected field: the keys that lead to it from the document's root, and how its value is sealed. A path without steps
// is the root itself, as of doc -> 'key'.
type DocumentPath struct {
	Steps      []string
	Protection Protection
}

// String joins the steps with dots, as configuration writes them.
func (p DocumentPath) String() string { return strings.Join(p.Steps, ".") }

// NewDocument is the document with the given paths, in any order.
func NewDocument(paths []DocumentPath) *Document {
	d := &Document{Paths: slices.Clone(paths)}
	slices.SortFunc(d.Paths, func(a, b DocumentPath) int { return slices.Compare(a.Steps, b.Steps) })
	for _, p := range d.Paths {
		d.steps = append(d.steps, p.Steps)
	}
	return d
}

// Steps are the steps of each of Paths.
func (d *Document) Steps() [][]string { return d.steps }

// Below is what is protected within the value of a key, nil if nothing is.
func (d *Document) Below(key string) *Document {
	var below []DocumentPath
	for _, p := range d.Paths {
		if len(p.Steps) > 0 && p.Steps[0] == key {
			below = append(below, DocumentPath{p.Steps[1:], p.Protection})
		}
	}
	if len(below) == 0 {
		return nil
	}
	return NewDocument(below)
}

// Root is how the document's root itself is sealed, nil if it isn't.
func (d *Document) Root() *Protection {
	if len(d.Paths) == 1 && len(d.Paths[0].Steps) == 0 {
		return &d.Paths[0].Protection
	}
	return nil
}

// searchable reports whether any of the paths can be searched for.
func (d *Document) searchable() bool {
	return slices.ContainsFunc(d.Paths, func(p DocumentPath) bool { return p.Protection.Search.Equal() })
}

// sameDocument reports whether what is stored under one can be stored under the other: the same paths, sealed alike.
func sameDocument(a, b *Document) bool {
	if a == nil || b == nil {
		return a == b
	}
	return slices.EqualFunc(a.Paths, b.Paths, func(p, q DocumentPath) bool {
		return slices.Equal(p.Steps, q.Steps) && sameDomain(&p.Protection, &q.Protection)
	})
}

// Uses reports whether cells of the key may lie in the column.
func (p *Protection) Uses(key string) bool {
	if p.Document == nil {
		return p.Key == key
	}
	return slices.ContainsFunc(p.Document.Paths, func(d DocumentPath) bool { return d.Protection.Key == key })
}

// The text around a document's JSON where it stands for a literal.
const (
	documentBefore = "pg_catalog.convert_from("
	documentAfter  = ", 'UTF8')::pg_catalog.jsonb"
)

// asNamelessDocument is asDocument with an operator around the call, by which CASE would be named after ELSE.
func (l *Literal) asNamelessDocument() {
	if l.asDocument(); l.Target.Protection.Document != nil {
		l.Before, l.After = "("+documentBefore, ", 'UTF8') OPERATOR(pg_catalog.||) '')::pg_catalog.jsonb"
	}
}

// asDocument has the bytes that a literal of a document is replaced by read as jsonb.
func (l *Literal) asDocument() {
	if l.Target.Protection.Document != nil {
		l.Before, l.After = documentBefore, documentAfter
	}
}
