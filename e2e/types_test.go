package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// sample is one column of samples: its type, as it is configured and declared, and values for it, good and bad.
type sample struct {
	name, typ string
	equality  bool
	values    []string
}

var samples = []sample{
	{"c_char", "char(5)", true, []string{"cnryA", "ab", "ab   ", "ab       ", "", "cnry-too-long", "äöü"}},
	{"c_float4", "float4", false, []string{"1.5", "-0", "NaN", "1e-3", "16777217", "0.1", "1e39", "Infinity", "1e15", "x", ""}},
	{"c_float8", "float8", false, []string{"1.5", "-0", "NaN", "1e-300", "9007199254740993", "0.1", "1e309", "-Infinity", "123456789012345678", "x", "0.30000000000000004"}},
	{"c_time", "time", true, []string{"10:20:30", "10:20:30.123456", "24:00:00", "25:00", "x", "00:00"}},
	{"c_time3", "time(3)", true, []string{"10:20:30.1239", "10:20:30.1234"}},
	{"c_timetz", "timetz", true, []string{"10:20:30+02", "10:20:30.5-08:30", "10:20+16", "x"}},
	{"c_timestamp", "timestamp", true, []string{"2020-01-02 03:04:05", "2020-01-02", "infinity", "0044-03-15 12:00:00 BC", "2020-13-01", "2020-01-02 03:04:05.123456+05"}},
	{"c_timestamp0", "timestamp(0)", true, []string{"2020-01-02 03:04:05.5", "2020-01-02 03:04:05.4"}},
	{"c_tstz2", "timestamptz(2)", true, []string{"2020-01-02 03:04:05.567+02", "infinity"}},
	{"c_interval", "interval", false, []string{"1 day", "24:00:00", "1 year 2 mons -3 days 04:05:06.789", "-1 mon", "P1Y2M3DT4H5M6S", "x", "3 4:05"}},
	{"c_inet", "inet", true, []string{"192.0.2.1", "192.0.2.1/24", "2001:db8::1", "::ffff:192.0.2.1", "192.0.2.300/99x", "::"}},
	{"c_cidr", "cidr", true, []string{"192.0.2.0/24", "192.0.2.1/24", "2001:db8::/32", "192.0.2.1"}},
	{"c_macaddr", "macaddr", true, []string{"08:00:2b:01:02:03", "08-00-2B-01-02-03", "08002b010203", "x"}},
	{"c_citext", "citext", false, []string{"Cnry@X.test", "", "ÄÖ"}},
	{"c_mood", "public.mood", true, []string{"happy", "so-so, really", "", "Happy", "happy ", "cnry"}},
	{"c_email", "public.email_address", true, []string{"cnry@x.test", "a@b.cd", "no address", "cnry-much-too-long-for-it@x.test", ""}},
	{"c_percent", "public.percent", true, []string{"0", "100", "101", "-1", "42", "x"}},
	{"c_size", "public.size", true, []string{"S", "XL", "XXL", "", "s"}},
	{"c_price", "public.price", false, []string{"0.5", "0", "-0.001", "12.345", "NaN", "99999999999"}},
	{"c_texts", "text[]", true, []string{"{cnry,b}", "{}", `{NULL,"NULL","a b",""}`, "{{a},{b}}", "{a", "[2:3]={a,b}", `{"cnry\"x\\"}`}},
	{"c_ints", "int4[]", true, []string{"{1,2,NULL,-3}", "{x}", "{99999999999}", " { 1 , 2 } "}},
	{"c_varchars", "varchar(3)[]", true, []string{"{abc,de}", "{abcd}", "{}"}},
	{"c_times", "timestamptz[]", true, []string{`{"2020-01-02 03:04:05+00",infinity,NULL}`}},
	{"c_floats", "float8[]", false, []string{"{1.5,-0,NaN}"}},
	{"c_jsons", "json[]", false, []string{`{"{\"a\": 1}",null}`}},
	{"c_json", "json", false, []string{`{"b":1.0, "a":"cnry", "a": 2}`, `[1, 2,3 ]`, `"\u0000"`, "{", "null"}},
}

func samplesEncrypt() string {
	var b strings.Builder
	b.WriteString("  public.samples:\n")
	for _, s := range samples {
		search := "none"
		if s.equality {
			search = "equality"
		}
		fmt.Fprintf(&b, "    %s: {type: %q, search: %s}\n", s.name, s.typ, search)
	}
	return b.String()
}

func samplesSchema() string {
	columns := []string{"id serial PRIMARY KEY"}
	for _, s := range samples {
		columns = append(columns, s.name+" "+s.typ)
	}
	return `CREATE TYPE mood AS ENUM ('happy', 'so-so, really', '');
CREATE DOMAIN email_address AS varchar(40) CHECK (VALUE ~ '^[a-z0-9._-]+@[a-z0-9-]+(\.[a-z]{2,})+$') CHECK (char_length(VALUE) <= 20);
CREATE DOMAIN percent AS int4 CONSTRAINT in_range CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE DOMAIN size AS text CHECK (VALUE IN ('S', 'M', 'XL'));
CREATE DOMAIN price AS numeric(10,2) CHECK (VALUE > 0 OR VALUE = -1.5);
CREATE TABLE samples (` + strings.Join(columns, ", ") + ")"
}

// sampleTemplates use C for the column, T for its type, L for the value as a literal; $1 is the value too.
var sampleTemplates = []string{
	"insert into samples (id, C) values (1, $1) returning C",
	"insert into samples (id, C) values (1, L) returning C",
	"insert into samples (id, C) values (1, L::T) returning C",
	"insert into samples (id, C) values (1, $1::T) returning C",
	"insert into samples (id, C) values (1, L), (2, null), (3, $1) returning id, C",
	"insert into samples (id, C) select 1, $1 returning C",
	"insert into samples (id) values (1); update samples set C = L where id = 1 returning C",
	"update samples set C = $1 returning C",
	"insert into samples (id, C) values (1, L); select C, C is null, id from samples order by id",
	"insert into samples (id, C) values (1, L); select samples.* from samples",
	"insert into samples (id, C) values (1, L); select coalesce(C, L) from samples",
	"insert into samples (id, C) values (1, L); select case when id = 1 then C else C end from samples",
}

var sampleLookups = []string{
	"insert into samples (id, C) values (1, L), (2, null); select id from samples where C = L",
	"insert into samples (id, C) values (1, L), (2, null); select id from samples where C <> L",
	"insert into samples (id, C) values (1, L); select id from samples where C in (L, L)",
	"insert into samples (id, C) values (1, L); select id from samples where C = L::T",
	"insert into samples (id, C) values (1, L); select id from samples where C is not distinct from L",
	"insert into samples (id, C) values (1, L), (2, L), (3, null); select C, count(*) from samples group by C",
	"insert into samples (id, C) values (1, L), (2, L); select distinct C from samples",
	"insert into samples (id, C) values (1, L), (2, L); select a.id, b.id from samples a join samples b on a.C = b.C order by 1, 2",
	"select id from samples where C = $1",
	"select id from samples where C = any(array[$1, L]::T[])",
	"update samples set id = id where C = $1 returning C",
	"delete from samples where C = $1 returning id",
}

// TestSampleTypes runs each value of each type through every template in every way, on the plain database and through the proxy, under several
// settings. Each outcome is equal, or a refusal (0A000) of a form that is listed.
func TestSampleTypes(t *testing.T) {
	t.Parallel()
	proxied := connect(shared.DSN("app", password("app"), "shop", ""))
	plain := connect(shared.plain.DSN("app", password("app"), "plain", ""))
	defer proxied.Close(context.Background())
	defer plain.Close(context.Background())
	ourNames, plainNames := typeNames(proxied), typeNames(plain)
	equal, refused := 0, map[string]int{}
	for i, settings := range []string{
		"set datestyle = 'ISO, MDY'; set intervalstyle = 'postgres'; set extra_float_digits = 1; set timezone = 'UTC'",
		"set datestyle = 'German, DMY'; set intervalstyle = 'iso_8601'; set extra_float_digits = 0; set timezone = 'America/New_York'",
	} {
		for _, c := range []*pgconn.PgConn{proxied, plain} {
			must1(c, settings)
		}
		for _, s := range samples {
			for _, v := range s.values {
				for _, w := range ways {
					for _, shape := range sampleShapes(s, v) {
						if i > 0 && !strings.Contains(shape.sql, "returning") && !strings.Contains(shape.sql, "samples.*") {
							continue // forms don't matter
						}
						if strings.Contains(shape.sql, "; ") && w.name != "simple" {
							continue
						}
						var got, want outcome
						atOnce(func() { got = sampleOutcome(proxied, ourNames, w, shape) }, func() { want = sampleOutcome(plain, plainNames, w, shape) })
						switch {
						case got.text == want.text, got.sqlstate != "" && got.sqlstate == want.sqlstate:
							equal++
						case s.name == "c_cidr" && strings.Contains(shape.sql, "any("):
							// the elements are read as inet, which = takes, where the server reads cidr
						case got.sqlstate == "0A000" && want.sqlstate != "":
							refused["what the plain database refuses for another reason"]++
						case got.code != "" || got.sqlstate == "0A000":
							refused[fmt.Sprintf("%s %s: %s", got.code, w.name, s.typ)]++
							if !sampleRefusable(s, v, w, shape) {
								t.Errorf("%s %s: %s %v is refused: %s\nwant %s", settings, w.name, shape.sql, shape.params, got.text, want.text)
							}
						default:
							t.Errorf("%s %s: %s %v\n%s", settings, w.name, shape.sql, shape.params, firstDifference(got.text, want.text))
						}
					}
				}
			}
		}
	}
	t.Logf("%d equal, refused: %v", equal, refused)
	if equal < 5000 {
		t.Errorf("only %d statements were compared", equal)
	}
}

func must1(c *pgconn.PgConn, sql string) {
	if _, err := c.Exec(context.Background(), sql).ReadAll(); err != nil {
		panic(err)
	}
}

// sampleShape is a shape with the statement that fills the table beforehand.
type sampleShape struct {
	shape
	before string
}

func sampleShapes(s sample, v string) []sampleShape {
	templates := sampleTemplates
	if s.equality {
		templates = append(templates[:len(templates):len(templates)], sampleLookups...)
	}
	literal := "'" + strings.ReplaceAll(v, "'", "''") + "'"
	var all []sampleShape
	for _, tpl := range templates {
		sql := strings.NewReplacer("::T", "::"+s.typ, " C", " "+s.name, "(C", "("+s.name, ".C", "."+s.name).Replace(tpl)
		sql = strings.NewReplacer("(L", "("+literal, " L", " "+literal).Replace(sql)
		one := sampleShape{shape{sql: sql}, fmt.Sprintf("insert into samples (id, %s) values (9, %s)", s.name, literal)}
		if strings.Contains(tpl, "$1") {
			one.params = []any{v}
		}
		all = append(all, one)
	}
	return all
}

// typeNames replaces the OIDs of types that the database defines, which are its own, by their names.
func typeNames(c *pgconn.PgConn) *strings.Replacer {
	var pairs []string
	results, err := c.Exec(context.Background(), "select oid, typname from pg_type where oid >= 16384 and typtype in ('e', 'd', 'b')").ReadAll()
	if err != nil {
		panic(err)
	}
	for _, row := range results[0].Rows {
		pairs = append(pairs, ":"+string(row[0])+":", ":"+string(row[1])+":")
	}
	return strings.NewReplacer(pairs...)
}

func sampleOutcome(c *pgconn.PgConn, names *strings.Replacer, w way, s sampleShape) outcome {
	must1(c, "begin")
	defer must1(c, "rollback")
	if !strings.HasPrefix(s.sql, "insert") && !strings.Contains(s.sql, "; ") {
		must1(c, "insert into samples (id) values (10)")
		must1(c, "savepoint s")
		if _, err := c.Exec(context.Background(), s.before).ReadAll(); err != nil {
			must1(c, "rollback to savepoint s")
		}
	}
	r, err := w.run(c, s.shape)
	o := outcomeOf(r, err, strings.Contains(s.sql, "order by"))
	o.text = names.Replace(o.text)
	return o
}

// sampleRefusable lists what is refused though the plain database takes it.
func sampleRefusable(s sample, v string, w way, one sampleShape) bool {
	switch {
	case s.name == "c_char" && strings.Contains(one.sql, "coalesce"): // its length would be lost
		return true
	case strings.HasSuffix(s.typ, "[]") && (strings.Contains(one.sql, "any(") || strings.Contains(v, "[2:3]") || strings.Contains(v, "{{")):
		return true // arrays of arrays, other dimensions and bounds
	case strings.Contains(s.typ, "public.") && s.name != "c_mood" && strings.Contains(one.sql, "any("): // an array of a domain
		return true
	case strings.Contains(s.typ, "(") && strings.Contains(one.sql, "::"+s.typ): // a cast that cuts or rounds
		return true
	}
	return false
}
