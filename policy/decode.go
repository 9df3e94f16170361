package policy

import (
	"fmt"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/pgveil/pgveil/policy/yamlfile"
)

// decoder reads YAML nodes strictly and collects every problem.
type decoder struct {
	file     string
	problems yamlfile.Problems
}

func (d *decoder) report(at Place, format string, args ...any) {
	d.problems = append(d.problems, yamlfile.Problem{File: d.file, Line: at.Line, Column: at.Column, Message: fmt.Sprintf(format, args...)})
}

func place(n *yaml.Node) Place { return Place{n.Line, n.Column} }

// document parses one YAML document; nil means that a problem was reported.
func (d *decoder) document(data []byte) *yaml.Node {
	root, problems := yamlfile.Document(d.file, data)
	d.problems = append(d.problems, problems...)
	if root == nil || d.anchored(root) {
		return nil
	}
	return root
}

// anchored reports anchors and aliases: a policy is read by people, line by line.
func (d *decoder) anchored(n *yaml.Node) bool {
	found := n.Anchor != "" || n.Kind == yaml.AliasNode
	if found {
		d.report(place(n), "anchors and aliases are not understood here")
	}
	for _, c := range n.Content {
		found = d.anchored(c) || found
	}
	return found
}

// entry is one key of a mapping with its value.
type entry struct {
	key, value *yaml.Node
}

// mapping returns the entries of n by key. what names n in messages; known are the keys it may have, nil for any text.
func (d *decoder) mapping(n *yaml.Node, what string, known []string) (map[string]entry, []string) {
	if n.Kind != yaml.MappingNode {
		d.report(place(n), "%s must be a mapping, found %s", what, yamlfile.Kind(n))
		return nil, nil
	}
	all := map[string]entry{}
	var order []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		name, ok := d.text(k, "a key of "+what)
		if !ok {
			continue
		}
		if before, dup := all[name]; dup {
			d.report(place(k), "%q stands twice in %s; first at line %d", name, what, before.key.Line)
			continue
		}
		if known != nil && !contains(known, name) {
			d.report(place(k), "unknown key %q in %s%s", name, what, yamlfile.DidYouMean(name, known))
			continue
		}
		all[name] = entry{k, v}
		order = append(order, name)
	}
	return all, order
}

// required reports the keys that are missing from a mapping.
func (d *decoder) required(n *yaml.Node, what string, entries map[string]entry, keys ...string) {
	if entries == nil {
		return
	}
	for _, k := range keys {
		if _, ok := entries[k]; !ok && !d.mentioned(n, k) {
			d.report(place(n), "%s needs the key %q", what, k)
		}
	}
}

// mentioned is true when n has the key, if only in a way that was reported already.
func (d *decoder) mentioned(n *yaml.Node, key string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// items returns the elements of a list.
func (d *decoder) items(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		d.report(place(n), "%s must be a list, found %s", what, yamlfile.Kind(n))
		return nil
	}
	return n.Content
}

// text returns a scalar that YAML reads as text and that holds no control characters.
func (d *decoder) text(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		hint := ""
		if n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
			hint = "; put it in quotes"
		}
		d.report(place(n), "%s must be text, found %s%s", what, yamlfile.Kind(n), hint)
		return "", false
	}
	switch {
	case n.Value == "":
		d.report(place(n), "%s is empty", what)
	case strings.ContainsFunc(n.Value, unicode.IsControl):
		d.report(place(n), "%s holds a control character", what)
	default:
		return n.Value, true
	}
	return "", false
}

// choice returns a scalar that must be one of the given words.
func (d *decoder) choice(n *yaml.Node, what string, from ...string) string {
	switch {
	case n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str":
		d.report(place(n), "%s must be one of %s, found %s", what, list(from), yamlfile.Kind(n))
	case !contains(from, n.Value):
		d.report(place(n), "%s can't be %q%s", what, n.Value, yamlfile.DidYouMean(n.Value, from))
	default:
		return n.Value
	}
	return ""
}

func contains(words []string, w string) bool {
	for _, x := range words {
		if x == w {
			return true
		}
	}
	return false
}
