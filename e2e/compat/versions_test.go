//go:build compat

package compat

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

var (
	versions      = flag.String("versions", "14,16,17,18", "the server versions of TestVersions")
	versionsWhole = flag.Bool("versions-whole", false, "run all end-to-end tests on other versions, also those that do not depend on the server's")
)

// sameOnAll are tests that take long and to which it makes no difference which version the server has.
var sameOnAll = map[string]string{
	"TestGeneratorFindsBugs":            "a test of the generator of statements itself, of one version",
	"TestHugeMessagesAreStreamed":       "messages of hundreds of megabytes are the proxy's matter, tested on one version",
	"TestExtremes":                      "sizes up to the proxy's own limits, tested on one version",
	"TestBackPressure":                  "who waits for whom where nobody reads, tested on one version",
	"TestFramesInSegments":              "frames in pieces, tested on one version; whole frames are tested on all",
	"TestFramesInSegmentsFromTheServer": "frames in pieces, tested on one version; whole frames are tested on all",
}

// TestVersions runs this repository's own end-to-end tests, each of which compares pgveil with a plain database, on servers of other
// major versions, two at a time. Their clients (psql, pg_dump, pg_basebackup) are the system's for servers that are not newer, and of 18
// for the others. What fails is run once more by itself, since it has shared the machine.
func TestVersions(t *testing.T) {
	system := installed(t)
	newer := filepath.Dir(clientProgram(t, "psql"))
	for _, v := range strings.Split(*versions, ",") {
		t.Run(v, func(t *testing.T) {
			t.Parallel()
			major, err := strconv.Atoi(v)
			check(t, err)
			bin := newer
			if major <= system.major {
				bin = system.bin
			}
			env := append(os.Environ(), postgres.EnvBin+"="+versionBin(t, major), "PATH="+bin+":"+os.Getenv("PATH"))
			l := line{Suite: fmt.Sprintf("our end-to-end tests on PostgreSQL %d", major), Way: "a protected database"}
			args := []string{"-timeout=60m"}
			if !*versionsWhole {
				skipped := slices.Sorted(maps.Keys(sameOnAll))
				for _, name := range skipped {
					l.Differ = append(l.Differ, name+" is left out: "+sameOnAll[name])
				}
				l.Skipped = len(skipped)
				args = append(args, "-skip=^("+strings.Join(skipped, "|")+")$", "-args", "-generate-statements=3000")
			}
			began := time.Now()
			verdicts, said, err := endToEnd(t, env, args...)
			if sweep := said[""]; strings.Contains(sweep, "the sweep for planted plaintext") {
				t.Errorf("%.2000s", sweep)
			}
			if again := failedTests(verdicts); len(again) > 0 && len(again) <= 5 {
				t.Logf("run again: %v", again)
				var once map[string]string
				once, said, err = endToEnd(t, env, "-run=^("+strings.Join(again, "|")+")$", "-timeout=20m")
				maps.Copy(verdicts, once)
			}
			l.count(verdicts)
			for name, v := range verdicts {
				if v == "fail" {
					t.Errorf("%s:\n%.3000s", name, said[name])
				}
			}
			if err != nil || l.Passed < 300 {
				t.Errorf("%d passed: %v\n%.2000s", l.Passed, err, said[""])
			}
			t.Logf("%v", time.Since(began).Round(time.Second))
			record(t, "version "+v, []line{l})
		})
	}
}

// endToEnd runs our end-to-end tests with an environment, and gives each one's verdict and what it said.
func endToEnd(t *testing.T, env []string, args ...string) (verdicts, said map[string]string, err error) {
	t.Helper()
	out, err := run(t, time.Hour, "..", env, "go", append([]string{"test", "-json", "-count=1", "."}, args...)...)
	verdicts, said = map[string]string{}, map[string]string{}
	lines := bufio.NewScanner(strings.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch e.Action {
		case "pass", "fail", "skip":
			if e.Test != "" {
				verdicts[e.Test] = e.Action
			}
		case "output":
			said[e.Test] += e.Output
		}
	}
	return verdicts, said, err
}

// failedTests are the tests, without their parts, that failed.
func failedTests(verdicts map[string]string) (names []string) {
	for name, v := range verdicts {
		if v == "fail" && !strings.Contains(name, "/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
