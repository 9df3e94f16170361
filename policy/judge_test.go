package policy

import (
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

const judgePolicy = `
version: 1
unlisted: pass
roles:
  reader:
    who: {users: [r]}
    allow:
      - {id: a, on: public.customers, do: [select], show: [id, email], mask: {phone: last(2)}}
      - {id: b, on: public.people, do: [select, update], show: [id], mask: {email: email, age: redact}, write: [age]}
`

// known is a catalog of one table: people(id, email text, age int4).
type known struct{}

func (known) RelationByOID(oid uint32) (*sql.Relation, bool) {
	if oid != 7 {
		return nil, false
	}
	return &sql.Relation{OID: 7, Schema: "public", Name: "people", Kind: 'r'}, true
}

func customers(effects sql.Effect) sql.TableUse {
	return sql.TableUse{Table: table("customers"), OID: 6, Effects: effects}
}

func people(effects sql.Effect) sql.TableUse {
	return sql.TableUse{Table: table("people"), OID: 7, Effects: effects}
}

func copied(t int, column string, protection *sql.Protection) sql.Result {
	return sql.Result{Name: column, Origin: sql.Origin{Table: t, OID: 6, Num: 1, Column: column}, Protection: protection}
}

// TestJudgeDistrustsAnalysis gives analyses that are wrong, incomplete or contradict the policy's own knowledge: each must be
// refused, by the given code.
func TestJudgeDistrustsAnalysis(t *testing.T) {
	email := testSpec().Protected[table("customers")]["email"]
	phone := testSpec().Protected[table("customers")]["phone"]
	free := sql.Result{Name: "x", Origin: sql.Origin{Table: -1}}
	sealedFree := sql.Result{Name: "x", Origin: sql.Origin{Table: -1}, Protection: &email}
	for _, c := range []struct {
		name, code string
		st         sql.Statement
	}{
		{"the zero statement", "PV300", sql.Statement{}},
		{"a refusal that was not followed by Understood", "PV999", sql.Statement{Understood: true, Refusal: &sql.Refusal{Code: "PV999", SQLSTATE: "0A000", Message: "m"}}},
		{"a table to which nothing is done", "PV300", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(0)}}},
		{"an effect that has no word", "PV302", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(1 << 30)}}},
		{"a column of no table", "PV300", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(sql.EffectSelect)},
			Columns: []sql.ColumnUse{{Table: 1, Name: "id", Use: sql.UseOutput}}}},
		{"a column of a negative table", "PV300", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(sql.EffectSelect)},
			Columns: []sql.ColumnUse{{Table: -1, Name: "id", Use: sql.UseOutput}}}},
		{"a column with which nothing is done", "PV300", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(sql.EffectSelect)},
			Columns: []sql.ColumnUse{{Table: 0, Name: "id"}}}},
		{"a masked column with a use that has no word", "PV304", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(sql.EffectSelect)},
			Columns: []sql.ColumnUse{{Table: 0, Name: "phone", Use: sql.UseOutput | 1<<15}}}},
		{"a write in a select", "PV300", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{people(sql.EffectSelect)},
			Columns: []sql.ColumnUse{{Table: 0, Name: "age", Use: sql.UseWrite}}}},
		{"a result of no table", "PV300", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(sql.EffectSelect)},
			Results: []sql.Result{copied(3, "id", nil)}}},
		{"a hidden column among the results only", "PV303", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(sql.EffectSelect)},
			Results: []sql.Result{copied(0, "notes", nil)}}},
		{"an encrypted column that analysis takes for plain", "PV300", sql.Statement{Understood: true, Sensitive: true,
			Tables: []sql.TableUse{customers(sql.EffectSelect)}, Results: []sql.Result{copied(0, "email", nil)}}},
		{"an encrypted result of a table without rules", "PV300", sql.Statement{Understood: true, Sensitive: true,
			Tables: []sql.TableUse{{Table: table("weather"), OID: 9, Effects: sql.EffectSelect}}, Results: []sql.Result{copied(0, "town", &email)}}},
		{"an encrypted expression from nowhere", "PV300", sql.Statement{Understood: true, Sensitive: true,
			Tables: []sql.TableUse{customers(sql.EffectSelect)}, Results: []sql.Result{sealedFree}}},
		{"an encrypted expression that may be a masked column", "PV309", sql.Statement{Understood: true, Sensitive: true,
			Tables:  []sql.TableUse{customers(sql.EffectSelect)},
			Columns: []sql.ColumnUse{{Table: 0, Name: "phone", Use: sql.UseOutput}},
			Results: []sql.Result{{Origin: sql.Origin{Table: -1}, Protection: &phone}}}},
		{"a masked plain column that may be in an expression", "PV304", sql.Statement{Understood: true, Sensitive: true,
			Tables:  []sql.TableUse{people(sql.EffectSelect)},
			Columns: []sql.ColumnUse{{Table: 0, Name: "email", Use: sql.UseOutput}}, Results: []sql.Result{free}}},
		{"a masked column in COPY", "PV302", sql.Statement{Understood: true, Sensitive: true, Tables: []sql.TableUse{customers(sql.EffectCopyTo)},
			Columns: []sql.ColumnUse{{Table: 0, Name: "phone", Use: sql.UseOutput}}}},
		{"a text mask on a column whose type is not known to be text", "PV308", sql.Statement{Understood: true, Sensitive: true,
			Tables:  []sql.TableUse{people(sql.EffectSelect)},
			Columns: []sql.ColumnUse{{Table: 0, Name: "age", Use: sql.UseOutput}}, Results: []sql.Result{copied(0, "age", nil)}}},
		{"a listed table in what is said to be plain", "PV300", sql.Statement{Understood: true, Tables: []sql.TableUse{customers(sql.EffectSelect)}}},
		{"sealed parameters in what is said to be plain", "PV300", sql.Statement{Understood: true, Params: []sql.Param{{Client: 1, Target: &sql.Target{}}}}},
		{"edits in what is said to be plain", "PV300", sql.Statement{Understood: true, Edits: []sql.Edit{{}}}},
		{"overlapping changes", "PV300", sql.Statement{Understood: true, Sensitive: true, Edits: []sql.Edit{
			{At: sql.Span{Start: 1, End: 5}}, {At: sql.Span{Start: 4, End: 6}}}}},
		{"a span that ends before it starts", "PV300", sql.Statement{Understood: true, Sensitive: true, Edits: []sql.Edit{{At: sql.Span{Start: 5, End: 4}}}}},
	} {
		p := mustCompile(t, judgePolicy)
		plan := p.judge(p.RolesOf(Subject{User: "r"}), known{}, testPath(), []*sql.Statement{&c.st})
		if plan.Allowed || plan.Plain || plan.Refusal == nil || plan.Refusal.Code != c.code {
			t.Errorf("%s: allowed %t, refusal %+v, want %s", c.name, plan.Allowed, plan.Refusal, c.code)
		}
		for _, s := range plan.Statements {
			for _, slot := range s.Results {
				if len(s.Refusals) > 0 && slot.Do != Refuse {
					t.Errorf("%s: slot %+v of a refused statement", c.name, slot)
				}
			}
		}
	}
}

// TestSealedExpressionIsOpened is the other side: all columns that a sealed expression may come from are shown in clear.
func TestSealedExpressionIsOpened(t *testing.T) {
	email := testSpec().Protected[table("customers")]["email"]
	p := mustCompile(t, judgePolicy)
	plan := p.judge(p.RolesOf(Subject{User: "r"}), known{}, testPath(), []*sql.Statement{{Understood: true, Sensitive: true,
		Tables:  []sql.TableUse{customers(sql.EffectSelect)},
		Columns: []sql.ColumnUse{{Table: 0, Name: "email", Use: sql.UseOutput | sql.UseGroup}},
		Results: []sql.Result{{Name: "e", Origin: sql.Origin{Table: -1}, Protection: &email}}}})
	if !plan.Allowed || plan.Statements[0].Results[0].Do != Open {
		t.Errorf("%+v", plan)
	}
}

func TestZeroValuesRefuse(t *testing.T) {
	var none *Policy
	for name, p := range map[string]*Plan{
		"no policy": none.Plan(RoleSet{}, &sql.Catalog{}, nil, "select 1"), "no catalog": mustCompile(t, judgePolicy).Plan(RoleSet{}, nil, nil, "select 1"),
		"zero plan": {}, "no statements": mustCompile(t, judgePolicy).judge(RoleSet{}, known{}, nil, nil),
	} {
		if p.Plain || name != "no statements" && p.Allowed {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if (Slot{}).Do != Refuse || (Verdict{}).Do != Refuse || Action(0).String() != "refuse" || Action(99).String() != "refuse" {
		t.Error("a zero value does not refuse")
	}
	if _, err := Compile(nil, sql.Spec{}, Options{}); err == nil {
		t.Error("no rules made a policy")
	}
}

// TestFirstRefusal takes the first by place among all statements of a text.
func TestFirstRefusal(t *testing.T) {
	p := mustCompile(t, judgePolicy)
	refused := func(at int, code string) *sql.Statement {
		return &sql.Statement{Refusal: &sql.Refusal{Code: code, SQLSTATE: "0A000", Message: "m", At: at}}
	}
	for _, c := range []struct {
		statements []*sql.Statement
		want       string
	}{
		{[]*sql.Statement{refused(9, "B"), refused(3, "A")}, "A"},
		{[]*sql.Statement{refused(-1, "N"), refused(3, "A")}, "A"},
		{[]*sql.Statement{refused(-1, "N")}, "N"},
		{[]*sql.Statement{{Understood: true}, refused(4, "A")}, "A"},
	} {
		plan := p.judge(RoleSet{}, known{}, nil, c.statements)
		if plan.Refusal == nil || plan.Refusal.Code != c.want || plan.Allowed {
			t.Errorf("refusal %+v, want %s", plan.Refusal, c.want)
		}
	}
}

// TestRefusals keeps codes unique, ordered, and with a SQLSTATE, title and hint each; and every refusal uses its own.
func TestRefusals(t *testing.T) {
	last := ""
	for _, d := range Refusals() {
		if d.Code <= last || !strings.HasPrefix(d.Code, "PV") || len(d.SQLSTATE) != 5 || d.Title == "" || d.Fix == "" {
			t.Errorf("%+v after %s", d, last)
		}
		last = d.Code
		if r := refusal(d.Code, 3, "", "m"); r.SQLSTATE != d.SQLSTATE || r.Hint != d.Fix || r.At != 3 {
			t.Errorf("refusal of %s: %+v", d.Code, r)
		}
	}
}
