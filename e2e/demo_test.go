package e2e

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The demo, from nothing to its end, shows each of its facts.
func TestDemo(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(filepath.Join(shared.Dir, "pgveil"), "demo", "--once", "--rows", "200")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text := string(out)
	for what, form := range map[string]string{
		"load":       `1100 rows loaded through the proxy`,
		"views":      `(?m)^  email    \\x[0-9a-f]{10}…c57e91 \(\d+ bytes\) +\S+@example\.(com|net|org) +\w\*\*\*@example\.\w+$`,
		"refusal":    `ana got:\n +ERROR:  42501: .*\[PV303\]\n.*\n +HINT:  \w`,
		"search":     `the server logs +SELECT id, name FROM customers WHERE email = E'\\\\x[0-9a-f]{10}…c57e91`,
		"no oracle":  `masked column email .*\[PV304\]`,
		"decided":    `statement\.decided +maya +SELECT id, name, email`,
		"refused":    `statement\.refused +ana +PV303`,
		"verified":   `exit +0 \(ok\)`,
		"time taken": `All of this took \d+ s\.`,
	} {
		if !regexp.MustCompile(form).MatchString(text) {
			t.Errorf("%s: %s is not in the output", what, form)
		}
	}
	if strings.ContainsAny(text, "\x1b") {
		t.Error("coloured, and this is no terminal")
	}
	if t.Failed() {
		t.Log(text)
	}
}

// A signal is the demo's regular end, and nothing stays behind.
func TestDemoEndsWithSignal(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(filepath.Join(shared.Dir, "pgveil"), "demo", "--rows", "10")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer stuck.Stop()
	var folder string
	var printed strings.Builder
	for lines := bufio.NewScanner(out); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		if m := regexp.MustCompile(`Ctrl-C ends all of it and removes (\S+)\.$`).FindStringSubmatch(lines.Text()); m != nil {
			folder = m[1]
			if _, err := os.Stat(folder); err != nil {
				t.Error(err)
			}
			compareWithReadme(t, printed.String())
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil || folder == "" {
		t.Fatalf("%v\n%s%s", err, printed.String(), errOut.String())
	}
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there", folder)
	}
	if psql := regexp.MustCompile(`psql "host=localhost port=\d+ user=\w+ password=\S+ dbname=crm sslmode=verify-full sslrootcert=\S+"`); len(psql.FindAllString(printed.String(), -1)) != 4 {
		t.Errorf("the output does not have four lines to try by hand:\n%s", printed.String())
	}
}

// compareWithReadme runs the statements that the README shows against the running demo, whose output says how to reach it: what
// is shown must be what comes.
func compareWithReadme(t *testing.T, output string) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dsns := regexp.MustCompile(`psql "(host=\S+ port=\S+ user=(\w+) [^"]+)"`).FindAllStringSubmatch(output, -1)
	shown := regexp.MustCompile(`(?s)\$ psql "host=localhost port=\d+ user=(\w+) …" -c "([^"]+)"[^\n]*\n(.*?)(?:\n\n|\n`+"```"+`)`).
		FindAllStringSubmatch(string(readme), -1)
	if len(dsns) != 4 || len(shown) != 4 {
		t.Fatalf("%d ways to try and %d statements shown, want 4 of each", len(dsns), len(shown))
	}
	for i, s := range shown {
		d := dsns[(i+3)%4] // the README begins with the database itself, the demo ends with it
		if d[2] != s[1] {
			t.Fatalf("user %s in the README, %s in the demo", s[1], d[2])
		}
		got, _ := exec.Command("psql", "-X", "--pset=footer=off", d[1], "-c", s[2]).CombinedOutput()
		if i == 0 {
			sameTails(t, string(got), s[3])
			continue
		}
		if trimmed(string(got)) != trimmed(s[3]) {
			t.Errorf("%s as %s\ngot\n%s\nREADME\n%s", s[2], s[1], got, s[3])
		}
	}
}

// sameTails compares the ends of the cells: they name column, mode and format. What stands in front differs with each key.
func sameTails(t *testing.T, got, want string) {
	tails := func(text string) (all []string) {
		for _, cell := range regexp.MustCompile(`\\x\S+`).FindAllString(text, -1) {
			all = append(all, cell[max(0, len(cell)-16):])
		}
		return all
	}
	if g, w := tails(got), tails(want); len(g) != 3 || strings.Join(g, " ") != strings.Join(w, " ") {
		t.Errorf("cells in the database end in %q, in the README in %q", g, w)
	}
}

// trimmed leaves out blanks at the ends of lines, and empty lines at the end.
func trimmed(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}
