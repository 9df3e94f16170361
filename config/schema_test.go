package config

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
)

// The JSON Schema of the file, for editors, is made from the types and their comments; -update writes it again.
func TestSchemaIsCurrent(t *testing.T) {
	const file = "../docs/config.schema.json"
	want := schema(t)
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the types say; run go test ./config -run TestSchemaIsCurrent -update", file)
	}
}

func schema(t *testing.T) []byte {
	t.Helper()
	r := &jsonschema.Reflector{FieldNameTag: "yaml", Mapper: mapScalar}
	if err := r.AddGoComments("github.com/pgveil/pgveil/config", ".", jsonschema.WithFullComment()); err != nil {
		t.Fatal(err)
	}
	for key, comment := range r.CommentMap {
		r.CommentMap[key] = strings.Join(strings.Fields(comment), " ")
	}
	s := r.Reflect(&Config{})
	s.ID = ""
	s.Title = "pgveil configuration"
	renameFields(t, s.Definitions)
	s.Definitions["Column"].Required = []string{"type"} // guard is written even when false, and still has a default
	nameTables(t, s.Definitions["Config"])
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(out, '\n')
}

// mapScalar describes the types that read themselves.
func mapScalar(t reflect.Type) *jsonschema.Schema {
	v := reflect.New(t)
	if c, ok := v.Elem().Interface().(choice); ok {
		s := &jsonschema.Schema{Type: "string"}
		for _, word := range c.choices() {
			s.Enum = append(s.Enum, word)
		}
		return s
	}
	if _, ok := v.Interface().(scalar); !ok {
		return nil
	}
	s := &jsonschema.Schema{Type: "string"}
	switch v.Interface().(type) {
	case *Secret:
		s.Pattern = "^(env|file):."
	case *URI:
		s.Pattern = "^[a-z][a-z0-9+.-]*:."
	case *Duration:
		s.Pattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`
	case *Interval:
		s.Pattern = `^(off|([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+)$`
	case *Size:
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "integer"}, {Type: "string", Pattern: `^[0-9]+ ?(kB|MB|GB)?$`}}}
	}
	return s
}

// renameFields lets descriptions begin with the key as the file writes it, not with Go's name.
func renameFields(t *testing.T, defs jsonschema.Definitions) {
	types := map[string]reflect.Type{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Map, reflect.Slice:
			walk(typ.Elem())
		case reflect.Struct:
			types[typ.Name()] = typ
			for i := range typ.NumField() {
				walk(typ.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeOf(Config{}))
	for name, def := range defs {
		for key, i := range fieldsOf(types[name]) {
			property, ok := def.Properties.Get(key)
			if !ok {
				t.Fatalf("%s.%s is not in the schema", name, key)
			}
			if property.Description == "" && property.Ref == "" {
				t.Errorf("%s.%s has no comment", name, key)
			}
			if rest, ok := strings.CutPrefix(property.Description, types[name].Field(i).Name+" "); ok {
				property.Description = key + " " + rest
			}
		}
	}
}

// nameTables says that the keys of encrypt are schema.table.
func nameTables(t *testing.T, def *jsonschema.Schema) {
	encrypt, ok := def.Properties.Get("encrypt")
	if !ok || encrypt.AdditionalProperties == nil {
		t.Fatal("encrypt is not a map in the schema")
	}
	columns := encrypt.AdditionalProperties
	least := uint64(1)
	columns.MinProperties = &least
	encrypt.PatternProperties = map[string]*jsonschema.Schema{`^[^.]+\.[^.]+$`: columns}
	encrypt.AdditionalProperties = jsonschema.FalseSchema
}
