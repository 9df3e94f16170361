//go:build compat

package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// traced are the tests of libpq_pipeline whose messages PostgreSQL's own test compares with a file.
func traced(t *testing.T, source string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(source, "traces", "*.trace"))
	check(t, err)
	if len(files) < 9 {
		t.Fatalf("only %d traces", len(files))
	}
	all := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		check(t, err)
		all[strings.TrimSuffix(filepath.Base(f), ".trace")] = string(text)
	}
	return all
}

// TestPipeline runs all of libpq_pipeline, and compares the messages of those tests that have an expected trace: through pgveil a
// client receives the very messages that PostgreSQL's authors wrote down.
func TestPipeline(t *testing.T) {
	r := newRig(t, nil, "")
	source := sourceDir(t, "src/test/modules/libpq_pipeline")
	program := filepath.Join(r.dir, "libpq_pipeline")
	headers, libraries := developerFiles(t)
	command(t, "cc", "-O1", "-I"+headers, "-I"+sourceDir(t, "src/interfaces/libpq"), "-o", program,
		filepath.Join(source, "libpq_pipeline.c"), "-L"+libraries, "-l:libpq.so.5", "-lpgcommon", "-lpgport")
	var lines []line
	lines = append(lines, runPipeline(t, r, "libpq_pipeline", program, source, nil)...)
	newer := newRigOf(t, rigOptions{bin: versionBin(t, 18)})
	source, err := filepath.Abs("../../bin/compat/clients/18/source/src/test/modules/libpq_pipeline")
	check(t, err)
	lines = append(lines, runPipeline(t, newer, "libpq_pipeline of 18", clientProgram(t, "libpq_pipeline"), source, []string{"PGMAXPROTOCOLVERSION=latest"})...)
	record(t, "pipeline", lines)
}

// runPipeline runs a build of libpq_pipeline every way.
func runPipeline(t *testing.T, r *rig, suite, program, source string, env []string) (lines []line) {
	t.Helper()
	list, err := run(t, time.Minute, r.dir, append(r.environment(ways[0]), env...), program, "tests")
	check(t, err)
	tests := strings.Fields(list)
	if len(tests) < 11 {
		t.Fatalf("only the tests %v", tests)
	}
	expected := traced(t, source)
	directly := map[string]string{}
	for _, w := range ways {
		got := line{Suite: suite, Way: w.name}
		// The traces show the notices of a database that has no tables yet.
		database := fmt.Sprintf("%s %s", suite, w.name)
		r.sql(t, "postgres", fmt.Sprintf("CREATE DATABASE %q", database))
		for _, test := range tests {
			args := []string{"-r", "700"}
			trace := filepath.Join(r.dir, test+".trace")
			os.Remove(trace)
			if expected[test] != "" {
				args = append(args, "-t", trace)
			}
			out, err := run(t, 2*time.Minute, r.dir, append(r.environment(w), env...), program, append(args, test, "dbname='"+database+"'")...)
			why := ""
			if err != nil {
				why = fmt.Sprintf("%v: %.500s", err, out)
			} else if expected[test] != "" {
				text, err := os.ReadFile(trace)
				check(t, err)
				why = difference(t, expected[test], string(text))
			}
			if why == "" {
				got.Passed++
			} else {
				got.Failed++
			}
			if !w.through {
				directly[test] = why
			}
			if why != directly[test] {
				t.Errorf("%s, %s, %s: %s\ndirectly: %s", suite, w.name, test, why, directly[test])
			}
		}
		if got.Failed > 0 {
			t.Logf("%s: %v", w.name, directly)
		}
		lines = append(lines, got)
	}
	return lines
}

// developerFiles are the folders of the server's header files and of its static libraries.
func developerFiles(t *testing.T) (headers, libraries string) {
	t.Helper()
	found := func(pattern string) string {
		names, err := filepath.Glob(filepath.Join("../../bin/compat/postgresql/headers/usr", pattern))
		check(t, err)
		if len(names) != 1 {
			t.Fatal("no developer's files; make test-compat fetches them")
		}
		name, err := filepath.Abs(names[0])
		check(t, err)
		return name
	}
	return found("include/postgresql/*/server"), found("lib/postgresql/*/lib")
}
