package policy

import (
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/pgveil/pgveil/policy/sql"
)

// liftedShapes are texts with much to lift, for the tables of splicedCatalog.
var liftedShapes = []string{
	"select name, email, ssn from people where id = 4711",
	"select id, name from people where age = 44 and email = 'ada@example.test' and note <> 'x y';",
	"select * from people where born > '1990-01-02' and born <= '1999-12-31' order by born limit 5",
	"select p.id, l.secret from people p join logins l on l.person = p.id and l.email = p.email where p.email = 'bob@example.test' or l.id = 17",
	"update people set email = 'new@example.test', balance = 12, active = 'true' where id = 815 and ssn is null",
	"delete from people where token = '0f0e0d0c-0b0a-0908-0706-050403020100' returning id",
	"insert into people (id, name, email, ssn, age, born) values (12, 'Ada L', 'ada@example.test', '123456789', 36, '1815-12-10')",
	"insert into people values (13, 'Bob', 'bob@example.test', '987654321'), (14, 'Eve', 'eve@example.test', '192837465') on conflict (id) do update set name = 'again'",
	"insert into logins (id, person, email) select 5, id, email from people where small = 7",
	"select (select count(*) from logins where email = 'a@b.c') from people where big = 99 and ('q' is null or code = 'qq')",
	"select id from people where nick = 'ada' or seen < '2020-02-02 02:02:02' group by id, age = 31, id",
	"select age = 31, count(*) from people where 'x' = 'y' or email = 'z' group by age = 31",
	"select id from people where true = false or email = 'abcd'",
	"select id from people where -5 = -6 or email = 'ab'",
	"select id from people where 44 = 45 or age = 46",
	"select id from people where ('q' is null or email = 'w')",
	"select case when id = 7 then email else 'n' end from people where photo = 'abc' and extra = '17'",
	"select id from people where email = 'ab' and name = 'cd' and email like 'ef%' and code >= 'gh' and note between 'ij' and 'kl'",
	"select id from people where id = 5 offset 3",
	"select id from people where (email = 'q1') = (age = 12), 4",
	// Nothing of these may be lifted but what stands alone: 1234567890 is an int4 and 9234567890 none, and a part of an operand is folded, cast or refused.
	"select id from people where age = 1234567890 and email = 'ab'",
	"select id from people where big = 1234567890123456789 and email = 'ab'",
	"insert into people (id, age, big) values (12, 1234567890, 12345678901234567890)",
	"select id from people where born = '1990-01-02'::date and email = 'ab'",
	"select id from people where age = '12'::int4 and small = 7::int2 and email = 'ab'",
	"select id from people where email = 'ab' || 'cd' and name = 'ef'",
	"select id from people where age = 4 + 5 and email = 'ab'",
	"select id from people where age = 1.5 and big = 3e2 and email = 'ab'",
	"select id from people where email = 'ab' collate \"C\" and age = 5 is true and active = 'true' is not false",
	"insert into people (id, born, age) values (12, '1815-12-10'::date, 3 + 4), (13, '1815-12-11', 5)",
	"select label from things where people_count = 4 and price = 3 and id in (select id from people where age = 55)",
}

var constants = regexp.MustCompile(`'[^']*'|-?[0-9]+|true|false`)

// otherValues is text with other values in its lifted constants, of the same length.
func otherValues(r *rand.Rand, k *sql.Skeleton, text string) string {
	words := []string{"customers people logins secret email", "now today infinity true false null", "set_config search_path role", "ab%c_d (x) -- /* */ $1 \"q\"",
		"2024-02-29 23:59:60", "[1,2] {1,2}", "select insert drop table cascade", "\x7f", "ffffffff-ffff-ffff", "99999999999999999999", "e1.5 .5", "  "}
	b := []byte(text)
	for _, at := range k.Lifted {
		if same := constants.FindAllString(text, -1); r.IntN(4) == 0 {
			value := strings.Trim(same[r.IntN(len(same))], "'") // as another constant of the text, or nearly
			if inner := b[at.Start:at.End]; len(inner) == len(value) && inner[0] != '\'' && value[0] >= '0' && value[0] <= '9' {
				copy(inner, value)
				continue
			} else if len(inner) == len(value)+2 && inner[0] == '\'' {
				copy(inner[1:], value)
				continue
			}
		}
		if text[at.Start] != '\'' {
			for i := at.Start; i < at.End; i++ {
				b[i] = byte('0' + r.IntN(10))
			}
			if b[at.Start] == '0' && at.End > at.Start+1 {
				b[at.Start] = '1'
			}
			continue
		}
		word := words[r.IntN(len(words))]
		from := r.IntN(len(word))
		for i := at.Start + 1; i < at.End-1; i++ {
			switch r.IntN(8) {
			case 0:
				b[i] = byte(' ' + r.IntN(95))
			default:
				b[i] = word[(from+i)%len(word)]
			}
		}
	}
	return string(b)
}

// checkTemplate compares, for texts with the skeleton of text, the plan that its template gives with the text's own.
func checkTemplate(t testing.TB, cat *sql.Catalog, p *Policy, text string, r *rand.Rand, times int) (compared int) {
	t.Helper()
	roles := p.RolesOf(Subject{User: "app", Database: "crm"})
	var k, other sql.Skeleton
	if !k.Make(text) || p.Concern(roles, cat, text) != Analysed {
		return 0
	}
	template, ok := p.Plan(roles, cat, testPath(), text).Template(&k, text)
	for range times {
		if !ok {
			return 0
		}
		u := otherValues(r, &k, text)
		if !other.Make(u) || string(other.Text) != string(k.Text) || p.Concern(roles, cat, u) != Analysed {
			continue
		}
		compared++
		own, made := p.Plan(roles, cat, testPath(), u), template.With(&other, u)
		if !reflect.DeepEqual(made.Literals, own.Literals) {
			t.Fatalf("%s\nhas literals of its own, not those of\n%s\nown:  %+v\nmade: %+v", u, text, own.Literals, made.Literals)
		}
		bare, ok := own.Template(&other, u) // without values within statements
		if !ok {
			t.Fatalf("%s\nis no template, but\n%s\nis", u, text)
		}
		if !reflect.DeepEqual(bare, template) {
			t.Fatalf("%s\nhas a plan of its own, not that of\n%s", u, text)
		}
	}
	return compared
}

func TestTemplates(t *testing.T) {
	cat, p := splicedCatalog(t)
	r := rand.New(rand.NewPCG(3, 4))
	for _, text := range liftedShapes[:8] {
		if checkTemplate(t, cat, p, text, r, 200) == 0 {
			t.Errorf("no other text has the skeleton of %q", text)
		}
	}
	texts := append(spliceTexts(t), liftedShapes...)
	n, mutated := 0, 0
	for _, text := range texts {
		n += checkTemplate(t, cat, p, text, r, 20)
	}
	for range 50000 {
		a, b := texts[r.IntN(len(texts))], texts[r.IntN(len(texts))]
		if r.IntN(2) == 0 {
			a = liftedShapes[r.IntN(len(liftedShapes))]
		}
		mutated += checkTemplate(t, cat, p, mutate(r, a, b), r, 3)
	}
	t.Logf("%d texts of the corpus and %d of mutations were compared", n, mutated)
	if n < 1000 || mutated < 3000 {
		t.Error("those are too few")
	}
}

func FuzzTemplate(f *testing.F) {
	cat, p := splicedCatalog(f)
	for i, text := range append(spliceTexts(f), liftedShapes...) {
		f.Add(text, uint64(i))
	}
	f.Fuzz(func(t *testing.T, text string, seed uint64) {
		if len(text) > 10000 {
			return
		}
		r := rand.New(rand.NewPCG(seed, 1))
		checkTemplate(t, cat, p, text, r, 4)
		checkTemplate(t, cat, p, mutate(r, text, liftedShapes[r.IntN(len(liftedShapes))]), r, 4)
	})
}

// TestSkeleton says what is lifted: # stands for a digit of a number, * for a byte of a string.
func TestSkeleton(t *testing.T) {
	for text, want := range map[string]string{
		"select a from t where id = 4711":                       "select a from t where id = ####",
		"select a from t where id=1 and b<='x y';":              "select a from t where id=# and b<='***';",
		"select 5, a = 7 from t limit 3":                        "select 5, a = # from t limit 3",
		"select a from t where a = 5::int8 and b = 6":           "select a from t where a = 5::int8 and b = #",
		"select a from t where a = 5 + 1 and b = 6":             "select a from t where a = 5 + 1 and b = #",
		"select a from t where a = -5 and b = 6":                "select a from t where a = -5 and b = #",
		"select a from t where a = '-5' and b = 6":              "select a from t where a = '-5' and b = #",
		"select a from t where a = 1234567890 and b = 6":        "select a from t where a = 1234567890 and b = #",
		"select a from t where a like 'x%' and b = 'y%'":        "select a from t where a like 'x%' and b = '**'",
		"select a from t where f(3) = 5 and b = 6":              "select a from t where f(3) = 5 and b = #",
		"insert into t (a, b) values (1, 'x'), (2, f(3))":       "insert into t (a, b) values (#, '*'), (#, f(3))",
		"insert into t values (1, '\"') on conflict (lower(5))": "insert into t values (#, '*') on conflict (lower(5))",
		"select a from t where a = 5 and b = 5":                 "",
		"select a from t where a = '5' and b = 5":               "",
		"select a from t where a = 'it''s' and b = 5":           "",
		"select a from t where a = E'x' and b = 5":              "",
		"select a from t where a = $$x$$ and b = 5":             "",
		"select a from t where a = 1.5 and b = 5":               "",
		"select a from t where a = 05 and b = 5":                "",
		"select a from t where a = 5; select 6":                 "",
		"select a from t where a = 'x;y'":                       "",
		"select a from t where a = 'é'":                         "",
		"select a from t where a = 'x'\n 'y'":                   "",
		"select a from t where a = 'open and b = 5":             "",
		"select a from t where a = $1":                          "",
		"set search_path = 'x'":                                 "",
		"prepare p as select a from t where a = 5":              "",
		"with x as (select 1) select a from t where a = 5":      "",
		"": "",
	} {
		var k sql.Skeleton
		got := ""
		if k.Make(text) {
			got = strings.NewReplacer("\x01", "#", "\x02", "*").Replace(string(k.Text))
		}
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestTemplateKeepsNoValue(t *testing.T) {
	cat, p := splicedCatalog(t)
	roles := p.RolesOf(Subject{User: "app", Database: "crm"})
	text := "select id from people where email = 'canary@example.test'"
	var k sql.Skeleton
	if !k.Make(text) {
		t.Fatal("no skeleton")
	}
	template, ok := p.Plan(roles, cat, testPath(), text).Template(&k, text)
	if !ok || template.Literals[0].Text != "" || template.Statements[0].Statement.Literals[0].Text != "" {
		t.Errorf("%v, %+v", ok, template)
	}
	if made := template.With(&k, text); made.Literals[0].Text != "canary@example.test" || template.Literals[0].Text != "" {
		t.Errorf("%+v", made.Literals)
	}
}

func BenchmarkTemplate(b *testing.B) {
	text := "SELECT name, email, ssn FROM customers WHERE id = 4711;"
	var k sql.Skeleton
	b.ReportAllocs()
	for b.Loop() {
		if !k.Make(text) {
			b.Fatal("no skeleton")
		}
	}
}
