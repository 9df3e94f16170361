package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/generate"
)

// liar is a side that has a bug.
type liar struct {
	generate.Side
	lie func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome
}

func (l *liar) Run(s generate.Step) generate.Outcome { return l.lie(s, l.Side.Run) }

// Bugs that are planted are found and made small, or equality would mean nothing.
func TestGeneratorFindsBugs(t *testing.T) {
	for i, c := range []struct {
		name, kind string
		feature    generate.Feature
		longest    int    // bytes of the statements that are left
		holds      string // what they hold
		lie        func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome
	}{
		{"a row is lost in joins", "rows", "", 150, "JOIN", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			o := run(s)
			if strings.Contains(s.Text, "LEFT JOIN") && len(o.Rows) > 0 {
				o.Rows = o.Rows[1:]
			}
			return o
		}},
		{"a value is another", "rows", "", 150, "NULLIF", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			o := run(s)
			if strings.Contains(s.Text, "NULLIF") && len(o.Rows) > 0 {
				o.Rows[0] += "x"
			}
			return o
		}},
		{"another SQLSTATE", "error", "", 200, "INSERT", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			o := run(s)
			if o.State == "23505" && strings.Contains(s.Text, "AS w") { // not in what fills the tables
				o.State = "23503"
			}
			return o
		}},
		{"an update that is not made", "contents", "", 150, "UPDATE", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			if strings.HasPrefix(s.Text, "UPDATE") && !strings.Contains(s.Text, "RETURNING") {
				at := strings.Index(s.Text, "WHERE")
				s.Text = s.Text[:at] + "WHERE 1 = 0 AND " + s.Text[at+len("WHERE"):]
				o := run(s)
				o.Tags = "" // the tag alone would give it away
				return o
			}
			o := run(s)
			if strings.HasPrefix(s.Text, "UPDATE") {
				o.Tags = ""
			}
			return o
		}},
		{"a transaction is lost", "transaction", "", 100, "SAVEPOINT", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			o := run(s)
			if strings.HasPrefix(s.Text, "SAVEPOINT") {
				o.Status = 'I'
			}
			return o
		}},
		{"a column of a temporary table is not dropped", "contents", generate.Temporary, 500, "TEMP", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			if strings.HasPrefix(s.Text, "ALTER TABLE temp") && strings.Contains(s.Text, "DROP COLUMN") {
				s.Text = "ALTER TABLE " + strings.Fields(s.Text)[2] + " OWNER TO app"
			}
			o := run(s)
			if strings.HasPrefix(s.Text, "UPDATE") {
				o.Tags = ""
			}
			return o
		}},
		{"a write through a view is said to be lost", "tag", generate.Views, 500, "VIEW", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			o := run(s)
			if strings.HasPrefix(s.Text, "INSERT INTO view") && o.State == "" {
				o.Tags = "INSERT 0 0;"
			}
			return o
		}},
		{"the smallest is the first", "rows", generate.Ends, 150, "(", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			o := run(s)
			if strings.HasPrefix(s.Text, "SELECT min(") && len(o.Rows) == 1 && o.Rows[0] != " NULL" {
				o.Rows[0] = " NULL"
			}
			return o
		}},
		{"a default is not told", "rows", generate.Catalog, 420, "column_default", func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
			o := run(s)
			if strings.Contains(s.Text, "column_default") && len(o.Rows) > 0 {
				o.Rows[0] += "x"
			}
			return o
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			plant(t, fmt.Sprint("planted", i), c.kind, c.feature, c.longest, c.holds, c.lie)
		})
	}
}

// plant looks for a bug in up to six worlds: it may show first as something else than what it is.
func plant(t *testing.T, name, kind string, feature generate.Feature, longest int, holds string, lie func(generate.Step, func(generate.Step) generate.Outcome) generate.Outcome) {
	var seen []string
	for seed := uint64(5); seed < 11; seed++ {
		problem := plantIn(t, seed, fmt.Sprint(name, "s", seed), kind, feature, longest, holds, lie)
		if problem == "" {
			return
		}
		seen = append(seen, problem)
	}
	t.Error(strings.Join(seen, "\n"))
}

func plantIn(t *testing.T, seed uint64, name, kind string, feature generate.Feature, longest int, holds string, lie func(generate.Step, func(generate.Step) generate.Outcome) generate.Outcome) (problem string) {
	var open []*generate.Server
	dial := func(db string) generate.Side {
		asSuperuser(shared.plain, "postgres", "drop database if exists "+db+" with (force)")
		asSuperuser(shared.plain, "postgres", "create database "+db+" owner app")
		asSuperuser(shared.plain, db, "alter schema public owner to app")
		s := &generate.Server{Conn: connect(shared.plain.DSN("app", password("app"), db, ""))}
		open = append(open, s)
		return s
	}
	defer func() {
		for _, s := range open {
			s.Conn.Close(context.Background())
		}
	}()
	// The model says the same of the tags that the liar hides.
	honest := &liar{dial(name + "w"), func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome {
		o := run(s)
		if kind == "contents" && strings.HasPrefix(s.Text, "UPDATE") {
			o.Tags = ""
		}
		return o
	}}
	p := &generate.Pair{Got: &liar{dial(name), lie}, Want: honest}
	features := []generate.Feature{}
	if feature != "" {
		features = append(features, feature)
	}
	w := generate.NewWorld(seed, 0, 400, func(ty *generate.Type, search string) bool { return search != "range" }, features...)
	if err := define(p, w); err != nil {
		t.Fatal(err)
	}
	for _, table := range w.Tables {
		for _, s := range []generate.Side{p.Got, p.Want} {
			if code, err := create(s, table); code != "" || err != nil {
				t.Fatal(code, err)
			}
		}
	}
	w.Enough = 1
	report := w.Run(p, time.Now().Add(3*time.Minute))
	if len(report.Differences) == 0 {
		return fmt.Sprintf("not found in %d statements", report.Statements)
	}
	d := report.Differences[0]
	if text := strings.Join(d.Statements, ""); d.Kind != kind || len(text) > longest || !strings.Contains(text, holds) {
		return fmt.Sprintf("found as %q in %d bytes:\n%s", d.Kind, len(text), d)
	}
	if len(d.Rows) > 3 {
		return fmt.Sprintf("%d rows are left", len(d.Rows))
	}
	return ""
}

// Two sides without a bug agree.
func TestGeneratorFindsNothing(t *testing.T) {
	t.Parallel()
	plantNothing := func(s generate.Step, run func(generate.Step) generate.Outcome) generate.Outcome { return run(s) }
	defer func() {
		if t.Failed() {
			t.Log("the generator sees differences where there are none")
		}
	}()
	for _, db := range []string{"planted", "planted2"} {
		asSuperuser(shared.plain, "postgres", "drop database if exists "+db+" with (force)")
		asSuperuser(shared.plain, "postgres", "create database "+db+" owner app")
		asSuperuser(shared.plain, db, "alter schema public owner to app")
	}
	dial := func(db string) generate.Side {
		return &liar{&generate.Server{Conn: connect(shared.plain.DSN("app", password("app"), db, ""))}, plantNothing}
	}
	p := &generate.Pair{Got: dial("planted"), Want: dial("planted2")}
	w := generate.NewWorld(7, 0, 400, func(*generate.Type, string) bool { return true })
	if err := define(p, w); err != nil {
		t.Fatal(err)
	}
	for _, table := range w.Tables {
		for _, s := range []generate.Side{p.Got, p.Want} {
			if code, err := create(s, table); code != "" || err != nil {
				t.Fatal(code, err)
			}
		}
	}
	report := w.Run(p, time.Now().Add(time.Minute))
	for _, d := range report.Differences {
		t.Error(d)
	}
	if report.Statements != 400 || report.Equal < 300 {
		t.Errorf("of %d statements %d were equal and %d failed", report.Statements, report.Equal, report.Failed)
	}
}

// The sweep finds what was planted in a file, as text and as hex.
func TestCanaryIsSeen(t *testing.T) {
	for _, text := range []string{"... cnryzq3@x.test", `\x636e72797a7102`, "7744-10-05", "774410.03", "77.44.1.6", "77441077-4410-7744-1077-441077441003"} {
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, append(bytes.Repeat([]byte{0}, 100), text...), 0o600); err != nil {
			t.Fatal(err)
		}
		seen := false
		if err := walkFiles(filepath.Dir(name), func(_ string, content []byte) { seen = generate.Canary(content) >= 100 }); err != nil || !seen {
			t.Errorf("%q was not seen: %v", text, err)
		}
	}
}
