package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/pgveil/pgveil/e2e/script"
)

// parametersWhere is what the shared server adds to errors, since it logs the parameters of statements that fail.
var parametersWhere = regexp.MustCompile(`W(unnamed portal|portal "[^"]*") with parameters: [^\x00]*\x00`)

var parameterWhere = regexp.MustCompile(`(portal parameter \$\d+ = )'[^\x00]*'`)

func sameAnswer(a, b script.Answer) bool {
	b.Body = parametersWhere.ReplaceAll(b.Body, nil)
	if a.Type == 'E' {
		a.Body, b.Body = parameterWhere.ReplaceAll(a.Body, []byte("$1")), parameterWhere.ReplaceAll(b.Body, []byte("$1"))
	}
	return script.Equal(a, b)
}

// TestMessageScripts plays the message scripts on the plain database and through the proxy, which answers with the same bytes. Those of
// which it is known that it doesn't are held to what it answers by make test-compat.
func TestMessageScripts(t *testing.T) {
	files, err := filepath.Glob("script/testdata/*.script")
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all, err := script.Parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		for _, s := range all {
			if s.Differs != "" {
				continue
			}
			played++
			want, err := s.Play(t.Context(), shared.plain.DSN("app", password("app"), "plain", ""), 0)
			if err != nil {
				t.Errorf("%s, %s: directly: %v", f, s.Name, err)
				continue
			}
			got, err := s.Play(t.Context(), shared.DSN("app", password("app"), "shop", ""), 0)
			if err != nil || !slices.EqualFunc(want, got, sameAnswer) {
				t.Errorf("%s, %s: %v\n got %s\nwant %s", f, s.Name, err, script.Transcript(got), script.Transcript(want))
			}
		}
	}
	if played < 60 {
		t.Errorf("only %d scripts", played)
	}
}
