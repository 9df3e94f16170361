package generate

import (
	"fmt"
	"strings"
)

// Qualified is the type's name as the configuration has it.
func (ty *Type) Qualified() string {
	if ty.define != "" {
		return "public." + ty.Name
	}
	return ty.Name
}

// own are the types that a world's database defines, in the world's names, and arrays.
func (w *World) own() []*Type {
	def := func(name, base, class string, edges []string, marked, as string, few ...string) *Type {
		ty := &Type{Name: fmt.Sprintf("w%d_%s", w.Number, name), Base: base, Class: class, edges: edges, marked: marked, few: few}
		if as == "enum" {
			ty.Base, ty.Class = ty.Name, ty.Name
			ty.define = "CREATE TYPE " + ty.Name + " AS ENUM ('" + strings.Join(few, "', '") + "')"
		} else {
			ty.define = "CREATE DOMAIN " + ty.Name + " AS " + as
		}
		return ty
	}
	array := func(elem string, edges []string, marked string, few ...string) *Type {
		return &Type{Name: elem + "[]", Base: typeNamed(elem).Base + "[]", Class: elem + "[]", edges: edges, marked: marked, few: few, elem: typeNamed(elem)}
	}
	// COPY stores NULL in a column of such a domain where its list leaves it out, the proxy never: the stored column is NOT NULL.
	given := def("given", "text", "text", []string{"", "it's", " "}, "", "text NOT NULL")
	given.plain = true
	return []*Type{
		given,
		def("mood", "", "", []string{"none such", "", "Sad"}, "", "enum", "sad", "so so", "it is", "Glad", "ünhappy"),
		def("step", "", "", []string{"none such"}, "", "enum", "third", "first", "second"),
		def("word", "varchar", "text", []string{"", "it's", "eleven char", "ä", "ten chars!"}, "cnryzq%d", "varchar(10) CHECK (VALUE <> '')"),
		def("mail", "text", "text", []string{"NOT OK", "", "a@b", "it's"}, "cnryzq%d@x.test", "text CHECK (VALUE ~ '^[a-z0-9@.]+$') CHECK (length(VALUE) < 40)"),
		def("small", "int2", "integer", []string{"0", "-1", "1000", "999", "32768"}, "", "int2 CHECK (VALUE >= 0 AND VALUE < 1000)"),
		def("whole", "int4", "integer", []string{"-1", "0", "2147483647", "2147483648"}, "774410%02d", "int4 CHECK (VALUE >= 0)"),
		def("money", "numeric", "numeric", []string{"-1", "0", "0.005", "99999999.99", "100000000"}, "774410.%02d", "numeric(10,2) CHECK (VALUE >= 0)"),
		array("text", []string{"{}", "{NULL}", `{"it's",NULL}`, `{"a\"b\\\\c",""}`, `{"a,b"," "}`}, `{cnryzq%d@x.test,b}`, "{v1}", "{v1,v2}", "{v2,v1}"),
		array("int4", []string{"{}", "{NULL}", "{0,-1}", "{2147483647}", "{2147483648}", "{1,NULL,3}"}, "{774410%02d,4}", "{1}", "{1,2}", "{2,1}"),
		array("varchar(12)", []string{"{}", "{twelve chars}", "{thirteen char}", "{NULL,a}"}, "{cnryzq%d}", "{v1}", "{v1,v2}"),
		array("numeric(10,2)", []string{"{}", "{0,-1.1}", "{99999999.99,NULL}", "{100000000}"}, "{774410.%02d}", "{1}", "{1.50,2}"),
		array("date", []string{"{}", "{infinity}", "{1970-01-01,NULL}"}, "{7744-10-%02d}", "{2024-01-01}", "{2024-01-01,2024-01-02}"),
		array("uuid", []string{"{}", "{NULL}"}, "{77441077-4410-7744-1077-4410774410%02d}", "{11111111-1111-1111-1111-111111111101}"),
		array("bool", []string{"{}", "{t,NULL}"}, "", "{t}", "{t,f}"),
	}
}

// Define are the statements that make the world's own types.
func (w *World) Define() []string {
	var all []string
	for _, ty := range w.types {
		if ty.define != "" {
			all = append(all, ty.define)
		}
	}
	return all
}

// arrayConstructor is an array's value as ARRAY[…].
func arrayConstructor(ty *Type, text string) string {
	var items []string
	for _, e := range elements(text) {
		if e.null {
			items = append(items, "NULL")
		} else {
			items = append(items, "'"+strings.ReplaceAll(e.text, "'", "''")+"'")
		}
	}
	return "ARRAY[" + strings.Join(items, ", ") + "]::" + ty.Base
}

type element struct {
	text string
	null bool
}

// elements are those of an array of one dimension.
func elements(text string) []element {
	var all []element
	var b strings.Builder
	quoted, inside := false, false
	for i := 1; i < len(text); i++ {
		c := text[i]
		switch {
		case inside && c == '\\':
			i++
			b.WriteByte(text[i])
		case c == '"':
			inside, quoted = !inside, true
		case !inside && (c == ',' || c == '}'):
			if quoted || b.Len() > 0 {
				all = append(all, element{b.String(), !quoted && b.String() == "NULL"})
			}
			quoted = false
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return all
}
