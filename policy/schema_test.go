package policy

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestSchemaFile keeps docs/policy.schema.json, and the schema complete: each key that Load knows, with a sentence.
func TestSchemaFile(t *testing.T) {
	got, err := fileSchema()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../docs/policy.schema.json"
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if read(t, file) != string(got) {
		t.Errorf("%s is not what Schema gives; go test ./policy -update writes it", file)
	}
	var doc map[string]any
	if err := json.Unmarshal(got, &doc); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(collect(doc, nil), " ") + " "
	for _, keys := range [][]string{fileKeys(), roleKeys(), whoKeys(), allowKeys(), forbidKeys()} {
		slices.Sort(keys)
		if !strings.Contains(all, strings.Join(keys, ",")+" ") {
			t.Errorf("no object of the schema has exactly the keys %v", keys)
		}
		for _, k := range keys {
			if sentences()[k] == "" {
				t.Errorf("key %s has no sentence", k)
			}
		}
	}
}

// collect lists the property names of each object of the schema, sorted and joined.
func collect(v any, all []string) []string {
	switch v := v.(type) {
	case map[string]any:
		if p, ok := v["properties"].(map[string]any); ok {
			var names []string
			for name := range p {
				names = append(names, name)
			}
			slices.Sort(names)
			all = append(all, strings.Join(names, ","))
		}
		for _, x := range v {
			all = collect(x, all)
		}
	case []any:
		for _, x := range v {
			all = collect(x, all)
		}
	}
	return all
}

// TestGuide loads every policy in docs/policy.md and judges every statement of its tables: after a yaml block, a line
// "| user | statement | result |" is checked against the latest policy.
func TestGuide(t *testing.T) {
	text := read(t, "../docs/policy.md")
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```")
	row := regexp.MustCompile("(?m)^\\| (\\w+) \\| `([^`]+)` \\| ([^|]+) \\|$")
	starts := block.FindAllStringSubmatchIndex(text, -1)
	if len(starts) < 3 {
		t.Fatalf("%d policies in the guide", len(starts))
	}
	judged := 0
	for i, s := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		p := mustCompile(t, text[s[2]:s[3]])
		cat := testCatalog(t, p, testSpec())
		for _, m := range row.FindAllStringSubmatch(text[s[1]:end], -1) {
			plan := p.Plan(p.RolesOf(Subject{User: m[1], Database: "crm"}), cat, testPath(), m[2])
			if got := guideWord(plan); got != strings.TrimSpace(m[3]) {
				t.Errorf("%s: %s: the guide says %q, the policy %q", m[1], m[2], m[3], got)
			}
			judged++
		}
	}
	if judged < 10 {
		t.Errorf("only %d statements in the guide's tables", judged)
	}
	for _, d := range Refusals() {
		if !strings.Contains(text, d.Code) {
			t.Errorf("the guide does not name %s", d.Code)
		}
	}
}

// guideWord is a plan in the guide's words.
func guideWord(p *Plan) string {
	if p.Refusal != nil {
		return "refused, " + p.Refusal.Code
	}
	if p.Plain {
		return "passes untouched"
	}
	var words []string
	for _, s := range p.Statements {
		for _, r := range append(s.Results, s.Copied...) {
			switch r.Do {
			case Open, Pass:
				words = append(words, r.Name+" in clear")
			case Mask:
				words = append(words, r.Name+" as "+r.Mask.String())
			case Null:
				words = append(words, r.Name+" as NULL")
			case Stored:
				words = append(words, r.Name+" as stored")
			}
		}
	}
	if words == nil {
		return "allowed"
	}
	return strings.Join(words, ", ")
}
