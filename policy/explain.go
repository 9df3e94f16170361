package policy

import "github.com/pgveil/pgveil/policy/sql"

// Explanation is a Plan for people and programs. It holds the client's text but no value that was taken from it on its own.
type Explanation struct {
	Verdict    string                 `json:"verdict"` // allowed, refused, plain
	Recorded   bool                   `json:"recorded,omitempty"`
	Refusal    *RefusalExplanation    `json:"refusal,omitempty"`
	Statements []StatementExplanation `json:"statements,omitempty"`
	Parameters []ParamExplanation     `json:"parameters,omitempty"`
	Literals   []LiteralExplanation   `json:"literals,omitempty"`
	// Rewritten is the text as it would be sent, with a placeholder for each sealed literal; empty when nothing is sent or
	// nothing is changed.
	Rewritten string `json:"rewritten,omitempty"`
}

// RefusalExplanation is one reason why a text is not sent. Line and Column count from 1; 0: no place.
type RefusalExplanation struct {
	Code     string `json:"code"`
	SQLSTATE string `json:"sqlstate"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
}

// StatementExplanation is the verdict on one statement.
type StatementExplanation struct {
	Verb     string               `json:"verb"`
	Tables   []TableExplanation   `json:"tables,omitempty"`
	Columns  []ColumnExplanation  `json:"columns,omitempty"`
	Results  []ResultExplanation  `json:"results,omitempty"`
	Rules    []string             `json:"rules,omitempty"`
	Refusals []RefusalExplanation `json:"refusals,omitempty"`
}

// TableExplanation is one occurrence of a table.
type TableExplanation struct {
	Table   string   `json:"table"`
	Effects []string `json:"effects"`
	Via     string   `json:"via,omitempty"`
	Verdict string   `json:"verdict"` // pass, refuse, not judged
	Rule    string   `json:"rule,omitempty"`
}

// ColumnExplanation is one column of an occurrence and everything done with it.
type ColumnExplanation struct {
	Column  string   `json:"column"` // schema.table.column
	Uses    []string `json:"uses"`
	Verdict string   `json:"verdict"` // clear, write, mask …, null, pass, refuse, not judged
	Rule    string   `json:"rule,omitempty"`
}

// ParamExplanation is one parameter as the server will see it.
type ParamExplanation struct {
	Client   int    `json:"client"`
	Upstream int    `json:"upstream"`
	Target   string `json:"target,omitempty"` // the encrypted column it meets; empty: forwarded untouched
	Sealed   string `json:"sealed,omitempty"` // search mode, key and purpose
	Array    bool   `json:"array,omitempty"`
}

// LiteralExplanation is one constant that is sealed; never its value.
type LiteralExplanation struct {
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Target string `json:"target"`
	Sealed string `json:"sealed"`
	Array  bool   `json:"array,omitempty"`
}

// ResultExplanation is one result column.
type ResultExplanation struct {
	Name   string `json:"name,omitempty"`
	Origin string `json:"origin,omitempty"` // schema.table.column; empty: an expression
	Action string `json:"action"`
	Mask   string `json:"mask,omitempty"`
}

// Explain says what p, the plan of text, would do.
func Explain(p *Plan, text string) Explanation {
	e := Explanation{Verdict: "refused", Recorded: p.Privileged}
	switch {
	case p.Refusal != nil:
		r := explainRefusal(p.Refusal, text)
		e.Refusal = &r
	case p.Allowed && p.Plain:
		e.Verdict = "plain"
	case p.Allowed:
		e.Verdict = "allowed"
		e.Rewritten = rewritten(p, text)
	}
	for i := range p.Statements {
		e.Statements = append(e.Statements, explainStatement(&p.Statements[i], text))
	}
	for _, q := range p.Params {
		x := ParamExplanation{Client: q.Client, Upstream: q.Upstream, Array: q.Array}
		if q.Target != nil {
			x.Target, x.Sealed = targetName(*q.Target), sealedHow(*q.Target)
		}
		e.Parameters = append(e.Parameters, x)
	}
	for _, l := range p.Literals {
		x := LiteralExplanation{Target: targetName(l.Target), Sealed: sealedHow(l.Target), Array: l.Array}
		x.Line, x.Column = lineColumn(text, l.At.Start)
		e.Literals = append(e.Literals, x)
	}
	return e
}

func rewritten(p *Plan, text string) string {
	if len(p.Literals) == 0 && len(p.Edits) == 0 {
		return ""
	}
	out, err := p.Rewrite(nil, text, func(dst []byte, l sql.Literal) ([]byte, error) {
		dst = append(dst, sealedOpen+`\\x<sealed `+targetName(l.Target)+`>`+sealedClose...)
		if l.Array {
			dst = append(dst, sealedArray...)
		}
		return dst, nil
	})
	if err != nil {
		return ""
	}
	return string(out)
}

func explainStatement(s *StatementPlan, text string) StatementExplanation {
	e := StatementExplanation{Verb: s.Verb, Rules: s.Rules}
	for _, r := range s.Refusals {
		e.Refusals = append(e.Refusals, explainRefusal(r, text))
	}
	for _, r := range append(s.Results, s.Copied...) {
		if r.Do == Refuse {
			continue
		}
		x := ResultExplanation{Name: r.Name, Action: r.Do.String()}
		if r.Column != "" {
			x.Origin = r.Table.String() + "." + r.Column
		}
		if r.Mask != nil {
			x.Mask = r.Mask.String()
		}
		e.Results = append(e.Results, x)
	}
	if s.Statement == nil {
		return e
	}
	for i, t := range s.Statement.Tables {
		x := TableExplanation{Table: t.Table.String(), Effects: effectNames(t.Effects), Verdict: notJudged}
		if t.Via != nil {
			x.Via = t.Via.String()
		}
		if i < len(s.Tables) {
			x.Verdict, x.Rule = s.Tables[i].Do.String(), s.Tables[i].Rule
		}
		e.Tables = append(e.Tables, x)
	}
	for i, c := range s.Statement.Columns {
		x := ColumnExplanation{Column: c.Name, Uses: useNames(c.Use), Verdict: notJudged}
		if c.Table >= 0 && c.Table < len(s.Statement.Tables) {
			x.Column = s.Statement.Tables[c.Table].Table.String() + "." + c.Name
		}
		if i < len(s.Columns) {
			x.Verdict, x.Rule = s.Columns[i].word(c.Use), s.Columns[i].Rule
		} else if s.Plain {
			x.Verdict = Pass.String()
		}
		e.Columns = append(e.Columns, x)
	}
	return e
}

// notJudged is the verdict on what analysis refused before the policy was asked.
const notJudged = "not judged"

// word is a column's verdict for people.
func (v Verdict) word(use sql.Use) string {
	switch {
	case v.Do == Open && use == sql.UseWrite:
		return "write"
	case v.Do == Open:
		return "clear"
	case v.Do == Mask && v.Mask != nil:
		return "mask " + v.Mask.String()
	}
	return v.Do.String()
}

func explainRefusal(r *sql.Refusal, text string) RefusalExplanation {
	e := RefusalExplanation{Code: r.Code, SQLSTATE: r.SQLSTATE, Message: r.Message, Hint: r.Hint}
	if r.At >= 0 {
		e.Line, e.Column = lineColumn(text, r.At)
	}
	return e
}

func targetName(t sql.Target) string { return t.Table.String() + "." + t.Column }

func sealedHow(t sql.Target) string {
	s := "search: " + t.Protection.Search.String() + ", key " + t.Protection.Key
	if d := t.Protection.Document; d != nil {
		s = "paths"
		for _, p := range d.Paths {
			s += " " + p.String() + " (search: " + p.Protection.Search.String() + ", key " + p.Protection.Key + ")"
		}
	}
	if t.Purpose == sql.PurposeCompare {
		return s + ", to compare"
	}
	return s + ", to store"
}
