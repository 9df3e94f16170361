package e2e

import (
	"context"
	"regexp"
	"strings"
	"testing"

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
	a := attacker{dsn: own.DSN("app", password("app"), "shop", ""), seen: ownerSeen}
	a.connect(t)
	a.try(t, attempts(t, "testdata/attacks_owner.sql", 90))
}
