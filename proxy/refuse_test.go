package proxy

import (
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

func TestLeaveOutCells(t *testing.T) {
	cut := `\x` + strings.Repeat("a1", 31)
	for _, c := range []struct {
		in   string
		cut  bool
		want string
	}{
		{`Key (email)=(\x0102c57e91) exists`, false, `Key (email)=((sealed)) exists`},
		{`(\x0102, \x0102c57e91)`, true, `(\x0102, (sealed))`},
		{`row (1, ` + cut + `..., null)`, true, `row (1, (sealed), null)`},
		{`row (1, ` + cut + `..., null)`, false, `row (1, ` + cut + `..., null)`},
		{`row (1, ` + cut + `, \x...)`, true, `row (1, ` + cut + `, \x...)`},
		{`nothing ...`, true, `nothing ...`},
		{`Key (email)=(l\350\3159\305~\221) exists`, false, `(sealed)`},
		{`row (1, =\237\371G..., null)`, true, `(sealed)`},
		{`row (1, =\237\371G..., null)`, false, `row (1, =\237\371G..., null)`},
	} {
		if got := leaveOutCells(c.in, c.cut); got != c.want {
			t.Errorf("leaveOutCells(%q, %v) = %q, want %q", c.in, c.cut, got, c.want)
		}
	}
}

func TestRecordHasNoNamesOfTheClients(t *testing.T) {
	for _, c := range []struct{ code, message, want string }{
		{"PV156", `column "bob@x.test" of "p" does not exist`, `column "…" of "…" does not exist`},
		{"PV144", `protected column public.a.b can't be compared`, `protected column public.a.b can't be compared`},
		{"PV306", `rule "no-export" forbids it`, `rule "no-export" forbids it`},
	} {
		if got := withoutNames(&sql.Refusal{Code: c.code, Message: c.message}); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.code, c.message, got, c.want)
		}
	}
}
