package e2e

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/stack"
)

// ownerRules let app, which owns the tables, do everything with them but see names and emails.
var ownerRules = strings.Replace(rules, `do: [all], show: "*", write: "*"}`, `do: [all], show: "*", mask: {name: first(1), email: email}, write: "*"}`, 1)

// ownerSeen matches names and emails: rows are named "Name 1" and so on.
var ownerSeen = regexp.MustCompile(`(?i)Name \d|cnry\d|c57e91|4e616d65`)

func TestAttacksOfAMaskedOwner(t *testing.T) {
	app := connect(shared.DSN("app", password("app"), "shop", ""))
	defer app.Close(context.Background())
	fill(app)
	own := ownStack(t, func(o *stack.Options) { o.Policy = ownerRules })
	config, err := pgconn.ParseConfig(own.DSN("app", password("app"), "shop", ""))
	if err != nil {
		t.Fatal(err)
	}
	var notices strings.Builder
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { fmt.Fprint(&notices, n.Message, n.Detail, n.Hint, n.Where) }
	c, err := pgconn.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	for _, line := range ownerAttacks(t) {
		attempt, harmless := strings.CutPrefix(line, "? ")
		for _, w := range ways[:2] {
			c.Exec(context.Background(), "begin").ReadAll()
			refused, text := false, ""
			for _, statement := range strings.Split(attempt, " ;; ") {
				r, err := w.run(c, shape{sql: statement})
				o := outcomeOf(r, err, true)
				refused = refused || o.code != ""
				text += o.text
				if err != nil {
					text += fmt.Sprintf("%+v", err)
				}
				if len(r) > 0 && r[len(r)-1].Err != nil {
					text += fmt.Sprintf("%+v", r[len(r)-1].Err)
				}
			}
			c.Exec(context.Background(), "rollback").ReadAll()
			if os.Getenv("PROBE") != "" {
				t.Logf("%s: %s: %v %s %s", w.name, attempt, refused, text, notices.String())
			}
			if found := ownerSeen.FindString(text + notices.String()); found != "" {
				t.Errorf("%s: %s shows %q: %s %s", w.name, attempt, found, text, notices.String())
			}
			if !refused && !harmless {
				t.Errorf("%s: %s was not refused: %s", w.name, attempt, text)
			}
			notices.Reset()
		}
	}
}

func ownerAttacks(t *testing.T) (all []string) {
	text, err := os.ReadFile("testdata/attacks_owner.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	return all
}
