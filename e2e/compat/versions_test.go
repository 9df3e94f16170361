//go:build compat

package compat

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

var versions = flag.String("versions", "14,16,17,18", "the server versions of TestVersions")

// TestVersions runs this repository's own end-to-end tests, each of which compares pgveil with a plain database, on servers of other
// major versions. Their clients (psql, pg_dump) are of 15 for servers up to 15, and of 18 for newer ones.
func TestVersions(t *testing.T) {
	for _, v := range strings.Split(*versions, ",") {
		t.Run(v, func(t *testing.T) {
			major, err := strconv.Atoi(v)
			check(t, err)
			env := append(os.Environ(), postgres.EnvBin+"="+versionBin(t, major))
			if major > 15 {
				env = append(env, "PATH="+filepath.Dir(clientProgram(t, "psql"))+":"+os.Getenv("PATH"))
			}
			skip := []string{"TestReplicationPhysical", "TestReplicationLogical"} // their clients are not among the fetched programs
			l := line{Suite: fmt.Sprintf("this repository's e2e tests on PostgreSQL %d", major), Way: "a protected database"}
			if major == 16 {
				skip = append(skip, "TestDumps", "TestDumpIsRestored") // there is no pg_dump of 16 here, and what that of 18 writes, no server of 16 takes
			}
			l.Skipped = len(skip)
			out, err := run(t, 40*time.Minute, "..", env, "go", "test", "-json", "-count=1", "-timeout=35m", "-skip", "^("+strings.Join(skip, "|")+")$", ".")
			verdicts, said := map[string]string{}, map[string]string{}
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
			l.count(verdicts)
			for name, v := range verdicts {
				if v == "fail" {
					t.Errorf("%s:\n%.3000s", name, said[name])
				}
			}
			if err != nil || l.Passed < 300 {
				t.Errorf("%d passed: %v\n%.2000s", l.Passed, err, said[""])
			}
			record(t, "version "+v, []line{l})
		})
	}
}
