// Package generate makes random schemas, data and statements, runs them on two sides that should behave alike, compares what a client
// sees, and makes what differs small. Everything is a function of a seed.
package generate

import (
	"fmt"
	"strings"
)

// node is a piece of a statement that knows how it may be made smaller.
type node struct {
	text  string  // of a leaf
	value *value  // of a leaf that is a constant: a literal or a parameter
	kids  []*node // of the others
	sep   string  // between kids
	least int     // kids beyond that many may go, 0: none may
	opt   bool    // may go as a whole
	class string  // a node below of the same class may stand in its place
	plain string  // this text may stand in its place
	total bool    // puts the rows in one order only
}

// value is a constant. As a parameter it is $n, otherwise one of the forms of a literal.
type value struct {
	typ     *Type
	text    string
	null    bool
	literal string // how it is written
	cast    bool   // a parameter is written with a cast
	fixed   bool   // never a parameter
	array   bool   // text is an array of the type
	before  string // what stands before and behind it where it is a parameter
	after   string
}

func t(text string) *node { return &node{text: text} }

func f(format string, args ...any) *node { return t(fmt.Sprintf(format, args...)) }

// seq puts nodes and texts one behind the other.
func seq(parts ...any) *node {
	n := &node{sep: " "}
	for _, p := range parts {
		switch p := p.(type) {
		case nil:
		case string:
			n.kids = append(n.kids, t(p))
		case *node:
			if p != nil {
				n.kids = append(n.kids, p)
			}
		}
	}
	return n
}

func list(sep string, least int, kids ...*node) *node {
	return &node{sep: sep, least: least, kids: kids}
}

func opt(n *node) *node { return &node{kids: []*node{n}, opt: true} }

func paren(n any) *node { return seq("(", n, ")") }

func (n *node) as(class string) *node { n.class = class; return n }

func (n *node) or(plain string) *node { n.plain = plain; return n }

// Rendered is a statement's text and the values of its parameters; nil is NULL.
type Rendered struct {
	Text   string
	Params [][]byte
}

// render writes the statement, with parameters or literals only.
func (n *node) render(params bool) Rendered {
	var r Rendered
	var b strings.Builder
	n.write(&b, &r, params)
	r.Text = strings.TrimSpace(b.String())
	return r
}

func (n *node) write(b *strings.Builder, r *Rendered, params bool) {
	switch {
	case n.value != nil:
		n.value.write(b, r, params)
	case n.kids == nil:
		b.WriteString(n.text)
	}
	first := true
	for _, k := range n.kids {
		if k.empty() {
			continue
		}
		if !first {
			b.WriteString(n.sep)
		}
		first = false
		k.write(b, r, params)
	}
}

func (n *node) empty() bool {
	if n.value != nil || n.kids == nil {
		return n.value == nil && n.text == ""
	}
	for _, k := range n.kids {
		if !k.empty() {
			return false
		}
	}
	return true
}

func (v *value) write(b *strings.Builder, r *Rendered, params bool) {
	if !params || v.fixed {
		b.WriteString(v.literal)
		return
	}
	if v.null {
		r.Params = append(r.Params, nil)
	} else {
		r.Params = append(r.Params, []byte(v.text))
	}
	fmt.Fprintf(b, "%s$%d", v.before, len(r.Params))
	if v.cast {
		b.WriteString("::" + v.typ.Name)
		if v.array {
			b.WriteString("[]")
		}
	}
	b.WriteString(v.after)
}

// ordered reports whether the statement gives its rows in one order only.
func (n *node) ordered() bool {
	if n.total {
		return true
	}
	for _, k := range n.kids {
		if k.class != "query" && k.ordered() {
			return true
		}
	}
	return false
}

// size is what shrinking makes less.
func (n *node) size() int {
	if n.value != nil || n.kids == nil {
		return len(n.text) + 1
	}
	sum := 0
	for _, k := range n.kids {
		sum += k.size()
	}
	return sum
}

// each yields every tree that is one step smaller.
func (n *node) each(yield func(*node) bool) { n.smaller(yield) }

func (n *node) smaller(yield func(*node) bool) bool {
	if n.opt && !n.empty() && !yield(&node{}) {
		return false
	}
	if n.class != "" {
		for _, k := range n.kids {
			if !k.inside(n.class, yield) {
				return false
			}
		}
	}
	if n.plain != "" && (n.kids != nil || n.text != n.plain) && !yield(&node{text: n.plain, class: n.class}) {
		return false
	}
	if n.least > 0 && len(n.kids) > n.least {
		for size := len(n.kids) - n.least; size > 0; size /= 2 {
			for i := 0; i+size <= len(n.kids); i += size {
				c := *n
				c.kids = append(append([]*node(nil), n.kids[:i]...), n.kids[i+size:]...)
				if !yield(&c) {
					return false
				}
			}
		}
	}
	for i, k := range n.kids {
		more := k.smaller(func(s *node) bool {
			c := *n
			c.kids = append([]*node(nil), n.kids...)
			c.kids[i] = s
			return yield(&c)
		})
		if !more {
			return false
		}
	}
	return true
}

// inside yields the nodes of a class at the top of what lies below.
func (n *node) inside(class string, yield func(*node) bool) bool {
	if n.class == class && !n.empty() {
		return yield(n)
	}
	for _, k := range n.kids {
		if !k.inside(class, yield) {
			return false
		}
	}
	return true
}
