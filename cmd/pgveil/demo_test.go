package main

import (
	"os/exec"
	"strings"
	"testing"
)

// The image is built without the demo, and so without what starts servers and makes data up.
func TestImageHasNoDemo(t *testing.T) {
	for tags, want := range map[string]bool{"": true, "nodemo": false} {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, ".").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{"pgveil/e2e/", "gofakeit", "progressbar"} {
			if got := strings.Contains(string(out), part); got != want {
				t.Errorf("tags %q: depends on %s: %v, want %v", tags, part, got, want)
			}
		}
	}
	if !strings.Contains(read(t, "Dockerfile"), "go build -tags nodemo ") {
		t.Error("the Dockerfile builds the demo")
	}
}
