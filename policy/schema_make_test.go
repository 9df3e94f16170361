package policy

import (
	"encoding/json"
	"slices"
)

// schemaID is the address by which editors may know the policy file's JSON Schema.
const schemaID = "https://pgveil.dev/schema/policy-v1.json"

// object is a JSON object of the schema.
type object = map[string]any

// fileSchema is the JSON Schema (draft 2020-12) of a policy file, for editors. Load checks more than it can say.
func fileSchema() ([]byte, error) {
	b, err := json.MarshalIndent(object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": schemaID, "title": "pgveil policy",
		"type": "object", "additionalProperties": false, "required": []string{"version", "unlisted", "roles"},
		"properties": described(fileKeys(), object{
			"version": object{"const": 1}, "unlisted": object{"enum": []string{"pass", "deny"}},
			"roles":  object{"type": "object", "additionalProperties": roleSchema(), "propertyNames": object{"pattern": nameForm.String()}},
			"forbid": object{"type": "array", "items": forbidSchema()},
		}),
	}, "", "  ")
	return append(b, '\n'), err
}

func roleSchema() object {
	return object{"type": "object", "additionalProperties": false, "required": []string{"who"}, "properties": described(roleKeys(), object{
		"who": object{"type": "object", "additionalProperties": false, "required": []string{"users"},
			"properties": described(whoKeys(), object{"users": texts(), "databases": texts()})},
		"record":    object{"enum": []string{"none", "statements"}, "default": "none"},
		"replicate": object{"type": "boolean", "default": false},
		"limits":    limitsSchema(),
		"allow":     object{"type": "array", "items": allowSchema()},
	})}
}

func limitsSchema() object {
	span := func() object {
		return object{"oneOf": []object{{"const": "off"}, {"type": "string", "pattern": `^[1-9][0-9]*(s|m|h)$`}}}
	}
	return object{"type": "object", "additionalProperties": false, "properties": described(limitsKeys(), object{
		"idle": span(), "idle_in_transaction": span(), "statement": span(),
		"connections": oneOf(object{"const": "off"}, object{"type": "integer", "minimum": 1, "maximum": maxConnections}),
	})}
}

func allowSchema() object {
	return object{"type": "object", "additionalProperties": false, "required": []string{"id", "on", "do"}, "properties": described(allowKeys(), object{
		"id": idSchema(), "on": onSchema(), "do": doSchema(false), "show": columnsSchema(), "sealed": columnsSchema(), "write": columnsSchema(),
		"mask": object{"type": "object", "additionalProperties": object{"anyOf": []object{
			{"enum": []string{"null", "redact", "email", "hash"}},
			{"type": "string", "pattern": `^(last|first)\([1-9][0-9]?\)$`}, {"type": "null"}}}},
	})}
}

func forbidSchema() object {
	return object{"type": "object", "additionalProperties": false, "required": []string{"id", "on", "do", "why"},
		"properties": described(forbidKeys(), object{
			"id": idSchema(), "on": onSchema(), "do": doSchema(true), "why": object{"type": "string", "minLength": 1},
			"columns":      oneOf(object{"const": everyName}, atLeastOne(texts())),
			"except_roles": texts(),
		})}
}

func idSchema() object { return object{"type": "string", "pattern": nameForm.String()} }

func texts() object {
	return object{"type": "array", "items": object{"type": "string", "minLength": 1}}
}

func atLeastOne(array object) object {
	array["minItems"] = 1
	return array
}

func oneOf(of ...object) object { return object{"oneOf": of} }

func onSchema() object {
	table := object{"type": "string", "pattern": `^(\*|[^."]+\.[^."]+)$`}
	return oneOf(table, object{"type": "array", "minItems": 1, "items": table})
}

func doSchema(forbid bool) object {
	word := object{"enum": verbNames(forbid)}
	return oneOf(word, object{"type": "array", "minItems": 1, "items": word})
}

func columnsSchema() object { return oneOf(object{"const": everyName}, texts()) }

// described adds each key's sentence. A key that stands in only one of keys and properties is left for a test to find.
func described(keys []string, properties object) object {
	for name, p := range properties {
		if text := sentences()[name]; text != "" && slices.Contains(keys, name) {
			p.(object)["description"] = text
		}
	}
	return properties
}

func sentences() map[string]string {
	return map[string]string{
		"version":             "The form of this file: 1.",
		"unlisted":            "What happens to tables that neither this file nor the encrypt section names.",
		"roles":               "Names for sets of users and what they may do. Who matches none may do nothing to a listed table.",
		"forbid":              "Rules that win over every allow.",
		"who":                 "Whoever matches users and databases holds the role.",
		"users":               "Names that sign in; * stands for any text.",
		"databases":           "Databases; * stands for any text. Any database when left out.",
		"record":              "statements: each statement is on the record before it is sent.",
		"replicate":           "true: replication connections may be opened, where the configuration permits them.",
		"limits":              "What the sessions of those who hold the role may use up. Of several roles the largest counts that one states.",
		"idle":                "How long a session may be idle outside of a transaction; 57P05 ends it.",
		"idle_in_transaction": "How long a session may be idle within a transaction; 25P03 ends it.",
		"statement":           "How long a statement may take; then it is cancelled, 57014.",
		"connections":         "How many sessions a user who holds the role may have at a time; more are refused, 53300.",
		"allow":               "Permissions. They add up; their order means nothing.",
		"id":                  "A name that stands in refusals and in the record.",
		"on":                  "schema.table, schema.*, * or a list of these.",
		"do":                  "What may be done, or all.",
		"show":                "Columns shown in clear, or *.",
		"mask":                "Columns shown in part: null, redact, last(n), first(n), email or hash. They can be selected and nothing else.",
		"sealed":              "Encrypted columns that are shown as they are stored, and that COPY FROM writes so, or *.",
		"write":               "Columns that may be written, or *.",
		"columns":             "Only statements that use one of these columns are forbidden.",
		"except_roles":        "Whoever holds one of these roles is not forbidden.",
		"why":                 "The reason that people are shown.",
	}
}
