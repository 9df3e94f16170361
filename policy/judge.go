package policy

import (
	"cmp"
	"slices"

	"github.com/pgveil/pgveil/policy/sql"
)

// relations is what judging needs of the catalog.
type relations interface {
	RelationByOID(oid uint32) (*sql.Relation, bool)
}

// judge makes a plan of analysed statements.
func (p *Policy) judge(roles RoleSet, cat relations, path []string, statements []*sql.Statement) *Plan {
	plan := &Plan{Privileged: p.Privileged(roles), Plain: len(statements) > 0}
	for _, st := range statements {
		judged := p.judgeStatement(roles, cat, path, st)
		plan.Statements = append(plan.Statements, judged)
		plan.Plain = plan.Plain && judged.Plain
		plan.Literals = append(plan.Literals, st.Literals...)
		plan.Edits = append(plan.Edits, st.Edits...)
		plan.Edits = append(plan.Edits, st.Withheld...)
		if len(st.Splices) > 0 && !p.readsSealed(roles) {
			plan.Edits = append(plan.Edits, st.Splices...)
		}
		plan.Params = append(plan.Params, st.Params...)
		plan.OwnSchema = (plan.OwnSchema || !plan.ChangesSchema) && (st.Temporary != nil || plan.OwnSchema && !st.ChangesSchema)
		plan.ChangesSchema = plan.ChangesSchema || st.ChangesSchema
		plan.ChangesPath = plan.ChangesPath || st.ChangesPath
	}
	slices.SortStableFunc(plan.Literals, func(a, b sql.Literal) int { return cmp.Compare(a.At.Start, b.At.Start) })
	slices.SortStableFunc(plan.Edits, func(a, b sql.Edit) int { return cmp.Compare(a.At.Start, b.At.Start) })
	for _, s := range plan.Statements {
		for _, r := range s.Refusals {
			if plan.Refusal == nil || r.At >= 0 && (plan.Refusal.At < 0 || r.At < plan.Refusal.At) {
				plan.Refusal = r
			}
		}
	}
	if plan.Refusal == nil {
		plan.Refusal = overlapping(plan)
	}
	plan.Allowed = plan.Refusal == nil
	if plan.Plain = plan.Plain && plan.Allowed; plan.Plain {
		plan.Params = nil
		// Rows of system catalogs are another matter than those of tables, and so are those of texts that the server reads later.
		plan.Plain = len(plan.Edits) == 0 && !slices.ContainsFunc(statements, func(st *sql.Statement) bool { return st.Given })
	}
	return plan
}

// judgement is the state of judging one statement.
type judgement struct {
	p     *Policy
	roles RoleSet
	cat   relations
	path  []string
	st    *sql.Statement
	plan  StatementPlan
	seen  []occurrence // by index of st.Tables
}

// occurrence is one TableUse with the rules that are about it.
type occurrence struct {
	use      sql.TableUse // its name qualified as far as can be known
	effects  sql.Effect   // without modifiers
	governed bool
	grants   []*grant // of the subject's roles

	protected map[string]sql.Protection
	relation  *sql.Relation // nil when the catalog does not know it
}

// ofSources reports whether the rules of this occurrence are those of the columns that a temporary table's are copies of. The statement reads
// these too, and they are judged.
func (o *occurrence) ofSources() bool {
	return !o.governed && o.relation != nil && o.relation.Temporary()
}

func (p *Policy) judgeStatement(roles RoleSet, cat relations, path []string, st *sql.Statement) StatementPlan {
	j := &judgement{p: p, roles: roles, cat: cat, path: path, st: st, plan: StatementPlan{Verb: st.Verb, Statement: st}}
	switch {
	case st.Refusal != nil:
		j.plan.Refusals = []*sql.Refusal{st.Refusal}
		return j.plan
	case !st.Understood:
		j.refuse(codeUnclear, st.At.Start, "", "the statement was not understood")
		return j.plan
	}
	for i := range st.Tables {
		j.table(i)
	}
	if !st.Sensitive && len(j.plan.Refusals) == 0 {
		j.plain()
		return j.plan
	}
	for i := range st.Columns {
		j.column(i)
	}
	if results := resultsOf(st); results != nil {
		slots := make([]Slot, len(results))
		for i := range results {
			slots[i] = j.slot(&results[i])
		}
		switch {
		case st.Copy != nil:
			j.plan.Copied = slots
		case st.Stored == nil:
			j.plan.Results = slots
		}
	}
	j.copied()
	j.leaks()
	j.renames()
	slices.SortStableFunc(j.plan.Refusals, func(a, b *sql.Refusal) int { return cmp.Compare(uint(a.At), uint(b.At)) })
	if len(j.plan.Refusals) > 0 {
		clear(j.plan.Results) // zero slots refuse
		j.plan.Copied, j.plan.Stored = nil, nil
	}
	return j.plan
}

// resultsOf are the columns that the statement returns, or will when what it stores is run.
func resultsOf(st *sql.Statement) []sql.Result {
	switch {
	case st.Stored != nil:
		return st.Stored.Results
	case st.Copy != nil:
		return st.Copy.Results
	}
	return st.Results
}

// plain settles a statement of which analysis says that it touches nothing protected or listed, and so does not say which
// columns it uses. A governed table among them is one that the catalog does not know: it may be made or dropped, no more.
func (j *judgement) plain() {
	st := j.st
	for _, o := range j.seen {
		if o.governed && o.effects&(reads|changes) != 0 {
			j.refuse(codeUnclear, o.use.At.Start, "If the table is new, try again.", "table %s is not in the proxy's catalog", o.use.Table)
			return
		}
	}
	sealed := len(st.Literals) + len(st.Edits)
	for _, q := range st.Params {
		if q.Target != nil {
			sealed++
		}
	}
	if sealed > 0 {
		j.refuse(codeUnclear, st.At.Start, "", "the statement was not understood")
		return
	}
	j.plan.Plain = true
}

// refuse adds a refusal. hint replaces the code's own unless it is empty.
func (j *judgement) refuse(code string, at int, hint, format string, args ...any) {
	j.plan.Refusals = append(j.plan.Refusals, refusal(code, at, hint, format, args...))
}

// by notes that a rule decided.
func (j *judgement) by(rule string) {
	if rule != "" && !contains(j.plan.Rules, rule) {
		j.plan.Rules = append(j.plan.Rules, rule)
	}
}

// who names the subject's roles in messages.
func (j *judgement) who() string {
	switch names := j.p.RoleNames(j.roles); len(names) {
	case 0:
		return "a user without a role"
	case 1:
		return "role " + names[0]
	default:
		return "roles " + list(names)
	}
}

// overlapping refuses a plan whose edits can't be carried out: a defect of the analysis.
func overlapping(p *Plan) *sql.Refusal {
	end := 0
	for piece := range p.pieces() {
		if piece.at.Start < end || piece.at.End < piece.at.Start {
			return refusal(codeUnclear, piece.at.Start, "", "two changes of the text overlap")
		}
		end = piece.at.End
	}
	return nil
}
