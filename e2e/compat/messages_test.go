//go:build compat

package compat

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/script"
)

var update = flag.Bool("update", false, "write the answers of the message scripts again, from the server of the system")

// scripts reads all message scripts, by the name of their file.
func scripts(t *testing.T) (names []string, all map[string][]script.Script) {
	t.Helper()
	files, err := filepath.Glob("../script/testdata/*.script")
	check(t, err)
	all = map[string][]script.Script{}
	n := 0
	for _, f := range files {
		text, err := os.ReadFile(f)
		check(t, err)
		parsed, err := script.Parse(string(text))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		name := strings.TrimSuffix(f, ".script")
		names = append(names, name)
		all[name] = parsed
		n += len(parsed)
	}
	if n < 60 {
		t.Fatalf("only %d scripts", n)
	}
	return names, all
}

// TestMessages plays the message scripts. Directly, the answers are those that are written down beside them; through pgveil they are
// the same bytes as directly, also if the client's writes come byte for byte. Where a script says that pgveil's answers differ, they
// are the ones written down behind the server's.
func TestMessages(t *testing.T) {
	r := newRig(t, nil, "")
	names, all := scripts(t)
	rows := map[string]*line{}
	for _, w := range ways {
		rows[w.name] = &line{Suite: "message scripts", Way: w.name}
	}
	for _, name := range names {
		var got strings.Builder
		for _, s := range all[name] {
			direct, err := s.Play(t.Context(), messagesDSN(r, ways[0]), 0)
			if err != nil {
				t.Errorf("%s, %s, directly: %v\n%s", name, s.Name, err, script.Transcript(direct))
				rows[ways[0].name].Failed++
				continue
			}
			rows[ways[0].name].Passed++
			fmt.Fprintf(&got, "== %s\n%s", s.Name, script.Transcript(direct[atSignIn(direct):]))
			want := direct
			for _, w := range ways[1:] {
				same := true
				for _, segment := range []int{0, 1} {
					through, err := s.Play(t.Context(), messagesDSN(r, w), segment)
					if s.Differs != "" && err == nil && &want[0] == &direct[0] && !slices.EqualFunc(direct, through, script.Equal) {
						want = through // every other time, it must be the same
						fmt.Fprintf(&got, "-- through pgveil, because %s:\n%s", s.Differs, script.Transcript(through[atSignIn(through):]))
					}
					if err != nil || !slices.EqualFunc(want, through, script.Equal) {
						same = false
						t.Errorf("%s, %s, %s, segments of %d: %v\n%s", name, s.Name, w.name, segment, err, difference(t, wire(want), wire(through)))
						break
					}
				}
				if same {
					rows[w.name].Passed++
				} else {
					rows[w.name].Failed++
				}
				if s.Differs != "" {
					rows[w.name].Differ = append(rows[w.name].Differ, s.Name+": "+s.Differs)
				}
			}
			if s.Differs != "" && &want[0] == &direct[0] {
				t.Errorf("%s, %s: nothing differs", name, s.Name)
			}
			got.WriteString("\n")
		}
		written(t, name+".answers", got.String())
	}
	var lines []line
	for _, w := range ways {
		lines = append(lines, *rows[w.name])
	}
	record(t, "messages", lines)
}

// written holds a text to a file, or writes it.
func written(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		check(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	check(t, err)
	if diff := difference(t, string(want), got); diff != "" {
		t.Errorf("%s has other answers:\n%s", file, diff)
	}
}

// atSignIn counts the settings that are reported at sign-in: they stand first.
func atSignIn(all []script.Answer) int {
	return max(slices.IndexFunc(all, func(a script.Answer) bool { return a.Type != 'S' }), 0)
}

// wire shows answers with every byte.
func wire(all []script.Answer) string {
	var b strings.Builder
	for _, a := range all {
		fmt.Fprintf(&b, "%c %q\n", a.Type, a.Body)
	}
	return b.String()
}

func messagesDSN(r *rig, w way) string {
	return fmt.Sprintf("host=localhost port=%d user=%s password=%s dbname=postgres sslmode=require", r.port(w), postgres.Superuser, postgres.Password)
}
