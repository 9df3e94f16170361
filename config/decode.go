package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pgveil/pgveil/policy/yamlfile"
)

// place is a position in the file, counted from 1.
type place struct{ line, column int }

// decoder reads YAML nodes into values strictly and collects every problem. Paths name values for later checks; their
// elements are joined by sep, which no name contains.
type decoder struct {
	file, dir string
	at        map[string]place // where each value stands
	broken    map[string]bool  // values that could not be read and kept their default
	problems  yamlfile.Problems
}

const sep = "\x00"

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + sep + name
}

func (d *decoder) report(at place, format string, args ...any) {
	d.problems = append(d.problems, yamlfile.Problem{File: d.file, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...)})
}

func where(n *yaml.Node) place { return place{n.Line, n.Column} }

// decode reads n into v, which is addressable and has its defaults.
func (d *decoder) decode(n *yaml.Node, v reflect.Value, path string) {
	before := len(d.problems)
	d.read(n, v, path)
	nested := n.Kind == yaml.MappingNode && (v.Kind() == reflect.Struct || v.Kind() == reflect.Map) ||
		n.Kind == yaml.SequenceNode && v.Kind() == reflect.Slice
	if len(d.problems) > before && !nested {
		d.broken[path] = true
	}
}

func (d *decoder) read(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.report(where(n), "anchors and aliases are not understood here")
		return
	}
	if c, ok := v.Interface().(choice); ok {
		d.decodeChoice(n, v, c.choices())
		return
	}
	if s, ok := v.Addr().Interface().(scalar); ok {
		d.decodeScalar(n, s)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.decodeStruct(n, v, path)
	case reflect.Map:
		d.decodeMap(n, v, path)
	case reflect.Slice:
		d.decodeSlice(n, v, path)
	case reflect.String:
		if d.expect(n, "!!str", "text") {
			v.SetString(n.Value)
		}
	case reflect.Bool:
		if d.expect(n, "!!bool", "true or false") {
			v.SetBool(strings.EqualFold(n.Value, "true"))
		}
	case reflect.Int:
		if d.expect(n, "!!int", "a whole number") {
			i, err := strconv.Atoi(n.Value)
			if err != nil {
				d.report(where(n), "expected a whole number, found %q", n.Value)
				return
			}
			v.SetInt(int64(i))
		}
	default:
		d.report(where(n), "%s cannot be configured", v.Type())
	}
}

// expect reports n unless it is a scalar of the given resolved tag. It does not repeat the value: what stands in the wrong
// place may be a secret.
func (d *decoder) expect(n *yaml.Node, tag, name string) bool {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == tag {
		return true
	}
	hint := ""
	if tag == "!!str" && n.Kind == yaml.ScalarNode && n.ShortTag() != "!!null" {
		hint = "; put it in quotes"
	}
	d.report(where(n), "expected %s, found %s%s", name, yamlfile.Kind(n), hint)
	return false
}

func (d *decoder) decodeChoice(n *yaml.Node, v reflect.Value, right []string) {
	if !d.expect(n, "!!str", "one of "+strings.Join(right, ", ")) {
		return
	}
	for _, r := range right {
		if n.Value == r {
			v.SetString(r)
			return
		}
	}
	d.report(where(n), "unknown value %q%s", n.Value, yamlfile.DidYouMean(n.Value, right))
}

func (d *decoder) decodeScalar(n *yaml.Node, s scalar) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" || n.ShortTag() == "!!bool" {
		d.report(where(n), "expected text, found %s", yamlfile.Kind(n))
		return
	}
	if err := s.parse(n.Value, d.dir); err != nil {
		d.report(where(n), "%s", err)
	}
}

// pairs calls f for each key and value of a mapping, once a key.
func (d *decoder) pairs(n *yaml.Node, f func(key *yaml.Node, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		d.report(where(n), "expected a mapping, found %s", yamlfile.Kind(n))
		return
	}
	first := map[string]place{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k := n.Content[i]
		if k.Kind != yaml.ScalarNode || k.ShortTag() != "!!str" {
			d.report(where(k), "expected a name, found %s; put it in quotes if it is a name", yamlfile.Kind(k))
			continue
		}
		if p, dup := first[k.Value]; dup {
			d.report(where(k), "%q stands here twice; first in line %d", k.Value, p.line)
			continue
		}
		first[k.Value] = where(k)
		f(k, n.Content[i+1])
	}
}

func (d *decoder) decodeStruct(n *yaml.Node, v reflect.Value, path string) {
	fields := fieldsOf(v.Type())
	d.pairs(n, func(k, value *yaml.Node) {
		i, ok := fields[k.Value]
		if !ok {
			d.report(where(k), "unknown key %q%s", k.Value, yamlfile.DidYouMean(k.Value, mapKeys(fields)))
			return
		}
		d.child(k, value, v.Field(i), join(path, k.Value))
	})
}

func (d *decoder) decodeMap(n *yaml.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, func(k, value *yaml.Node) {
		elem := reflect.New(v.Type().Elem()).Elem()
		fill(elem)
		d.child(k, value, elem, join(path, k.Value))
		v.SetMapIndex(reflect.ValueOf(k.Value), elem)
	})
}

func (d *decoder) decodeSlice(n *yaml.Node, v reflect.Value, path string) {
	if n.Kind != yaml.SequenceNode {
		d.report(where(n), "expected a list, found %s", yamlfile.Kind(n))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		p := join(path, strconv.Itoa(i))
		d.at[p] = where(c)
		fill(v.Index(i))
		d.decode(c, v.Index(i), p)
	}
}

// child remembers where a value stands, a scalar at itself and everything else at its key, and decodes it.
func (d *decoder) child(k, value *yaml.Node, v reflect.Value, path string) {
	d.at[path] = where(k)
	if value.Kind == yaml.ScalarNode && value.ShortTag() != "!!null" {
		d.at[path] = where(value)
	}
	d.decode(value, v, path)
}

func fieldsOf(t reflect.Type) map[string]int {
	fields := map[string]int{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		if name != "" {
			fields[name] = i
		}
	}
	return fields
}

// fill sets the defaults of v and of the structs within it.
func fill(v reflect.Value) {
	if d, ok := v.Addr().Interface().(defaulter); ok {
		d.defaults()
	}
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() && v.Field(i).Kind() == reflect.Struct {
			fill(v.Field(i))
		}
	}
}

func mapKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
