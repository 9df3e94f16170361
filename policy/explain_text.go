package policy

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// String is the explanation as pgveil explain prints it.
func (e Explanation) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 4, 2, ' ', 0)
	verdict := e.Verdict
	if verdict == "plain" {
		verdict = "plain: touches nothing that the policy is about; forwarded as it is"
	}
	fmt.Fprintf(w, "verdict\t%s\n", verdict)
	if e.Recorded {
		fmt.Fprintf(w, "record\teach execution is on the record before it is sent\n")
	}
	if e.Refusal != nil {
		writeRefusal(w, *e.Refusal)
	}
	for i, s := range e.Statements {
		s.write(w, i, len(e.Statements), e.Refusal)
	}
	for _, p := range e.Parameters {
		to := "forwarded as it is"
		if p.Target != "" {
			to = "sealed for " + p.Target + " (" + p.Sealed + ")"
		}
		number := fmt.Sprintf("$%d", p.Client)
		if p.Upstream != p.Client {
			number += fmt.Sprintf(", sent as $%d", p.Upstream)
		}
		fmt.Fprintf(w, "parameter\t%s\t%s%s\n", number, each(p.Array), to)
	}
	for _, l := range e.Literals {
		fmt.Fprintf(w, "literal\t%d:%d\t%ssealed for %s (%s)\n", l.Line, l.Column, each(l.Array), l.Target, l.Sealed)
	}
	w.Flush()
	if e.Rewritten != "" {
		b.WriteString("sent as\n  " + strings.ReplaceAll(e.Rewritten, "\n", "\n  ") + "\n")
	}
	return b.String()
}

func each(array bool) string {
	if array {
		return "each element "
	}
	return ""
}

func (s StatementExplanation) write(w *tabwriter.Writer, i, n int, first *RefusalExplanation) {
	if n > 1 {
		fmt.Fprintf(w, "statement\t%d of %d: %s\n", i+1, n, s.Verb)
	} else {
		fmt.Fprintf(w, "statement\t%s\n", s.Verb)
	}
	if len(s.Rules) > 0 {
		fmt.Fprintf(w, "rules\t%s\n", list(s.Rules))
	}
	for _, r := range s.Refusals {
		if first == nil || r != *first {
			writeRefusal(w, r)
		}
	}
	for _, t := range s.Tables {
		via := ""
		if t.Via != "" {
			via = " (through " + t.Via + ")"
		}
		fmt.Fprintf(w, "table\t%s%s\t%s\t%s%s\n", t.Table, via, list(t.Effects), t.Verdict, by(t.Rule))
	}
	for _, c := range s.Columns {
		fmt.Fprintf(w, "column\t%s\t%s\t%s%s\n", c.Column, list(c.Uses), c.Verdict, by(c.Rule))
	}
	for _, r := range s.Results {
		origin, action := r.Origin, r.Action
		if origin == "" {
			origin = "an expression"
		}
		if r.Mask != "" {
			action += " " + r.Mask
		}
		fmt.Fprintf(w, "result\t%s\t%s\t%s\n", r.Name, origin, action)
	}
}

func writeRefusal(w *tabwriter.Writer, r RefusalExplanation) {
	at := ""
	if r.Line > 0 {
		at = fmt.Sprintf(" at %d:%d", r.Line, r.Column)
	}
	fmt.Fprintf(w, "refused\t%s (%s)%s: %s\n", r.Code, r.SQLSTATE, at, r.Message)
	if r.Hint != "" {
		fmt.Fprintf(w, "hint\t%s\n", r.Hint)
	}
}

func by(rule string) string {
	if rule == "" {
		return ""
	}
	return " by " + rule
}
