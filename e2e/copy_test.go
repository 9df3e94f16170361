package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// allCopies is for the soak. Without it each two choices still meet (options with settings, options with what is copied, options with how data are cut), but not each three.
var allCopies = flag.Bool("copy-all", false, "TestCopyOut and TestCopyIn try all combinations")

// meets chooses of all combinations of three choices those in which each pair of choices occurs: i and j of any number, k of n.
func meets(i, j, k, n int) bool { return *allCopies || (i+j)%n == k }

// nasty are pieces of text that a COPY must not confuse with its own marks.
var nasty = []string{"\t", "\n", "\r", "\r\n", `\`, `\\`, `\.`, `\N`, `"`, `""`, "'", ",", ";", "|", "é", "漢字", "🙂", " ", "NULL", "x", "\b", "\v", "\f", "\x01",
	`\x41`, "c57e91", "cnry-copy", "@", "!", `\t`, "n", "0"}

func nastyText(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(6) {
		b.WriteString(nasty[rng.IntN(len(nasty))])
	}
	return b.String()
}

// nastyRows fills people in both databases with the same rows.
func nastyRows(t *testing.T, n int, both ...*pgconn.PgConn) {
	t.Helper()
	rng := rand.New(rand.NewPCG(5, 8))
	inAll(t, both, "truncate logins, people, things")
	for id := 1; id <= n; id++ {
		plain := func() string { return strings.ReplaceAll(nastyText(rng), marker, "c-n") }
		values := []string{fmt.Sprint(id), "n" + plain(), nastyText(rng) + fmt.Sprint(id), nastyText(rng), fmt.Sprint(rng.IntN(1<<31) - 1<<30),
			fmt.Sprintf("%04d-%02d-%02d", 1900+rng.IntN(200), 1+rng.IntN(12), 1+rng.IntN(28)), fmt.Sprintf("%d.%02d", rng.IntN(1e9)-5e8, rng.IntN(100)),
			fmt.Sprintf("-%d.%0*d", rng.IntN(100), 1+rng.IntN(9), rng.IntN(10)), fmt.Sprintf("%d.5", rng.IntN(1e5)), fmt.Sprint(rng.IntN(2) == 0),
			fmt.Sprintf("2024-0%d-03 04:05:06.%06d+00", 1+rng.IntN(9), rng.IntN(1e6)), fmt.Sprintf("%08x-1111-2222-3333-444444444444", rng.Uint32()),
			`\x` + hex.EncodeToString([]byte(nastyText(rng))), fmt.Sprintf(`{"k": [%d, "a\tb\"c\\d"]}`, id), fmt.Sprintf("C%d", rng.IntN(1e6)),
			fmt.Sprint(rng.Int64() - 1<<62), fmt.Sprint(rng.IntN(60000) - 30000), plain()}
		params := make([][]byte, len(values))
		for i, v := range values {
			if i < 2 || rng.IntN(5) > 0 {
				params[i] = []byte(v)
			}
		}
		for _, c := range both {
			if r := c.ExecParams(context.Background(), "insert into people (id, name, email, ssn, age, born, balance, amount, rate, active, seen, token, photo, extra, code, "+
				"big, small, note) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)", params, nil, nil, nil).Read(); r.Err != nil {
				t.Fatalf("%q: %v", values, r.Err)
			}
		}
	}
}

func inAll(t *testing.T, all []*pgconn.PgConn, sql string) {
	t.Helper()
	for _, c := range all {
		if _, err := c.Exec(context.Background(), sql).ReadAll(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// copyOptions are tried in both directions; those behind ## are added in one.
var copyOptions = []string{
	"", "(format text)", "(format csv)", "(format binary)", "binary", "csv", "with csv header", "(format csv, header)", "(format text, header)",
	"(delimiter '|')", "(delimiter ',', null 'NULL')", "(null '')", "(null 'x')", "(delimiter E'\\x01')", "(delimiter ' ')", "(delimiter '@', null '')",
	"(format csv, delimiter ';', quote '''', escape '\\')", "(format csv, quote '!', escape '@')", "(format csv, null 'NULL')", "(format csv, delimiter E'\\t')",
	"(format csv, escape '\\')", "(format csv, delimiter '|', quote 'x', escape 'c')", "(format csv, delimiter 'c', quote '0', escape '5')", "(format csv, null '\\N')",
	"(format csv, delimiter '9', quote 'f')", "(format csv, quote '\\', null 'n')", "(format csv, encoding 'UTF8')", "delimiters '|' with null as 'n'",
}

func dialogue(t *testing.T) (proxied, plain *pgconn.PgConn) {
	t.Helper()
	proxied = connect(shared.DSN("app", password("app"), "shop", ""))
	plain = connect(shared.plain.DSN("app", password("app"), "plain", ""))
	inAll(t, []*pgconn.PgConn{proxied, plain}, "truncate logins, people, things")
	t.Cleanup(func() {
		inAll(t, []*pgconn.PgConn{proxied, plain}, "truncate logins, people, things")
		proxied.Close(context.Background())
		plain.Close(context.Background())
	})
	return proxied, plain
}

// copied is what a COPY TO gives, in a comparable form.
func copiedOut(c *pgconn.PgConn, sql string) string {
	var out bytes.Buffer
	tag, err := c.CopyTo(context.Background(), &out, sql)
	return out.String() + "\n-- " + tag.String() + " " + copyError(err)
}

func copyError(err error) string {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Severity + " " + pe.Code
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

// TestCopyOut: what COPY TO gives through the proxy is byte for byte what it gives of a plain table.
func TestCopyOut(t *testing.T) {
	proxied, plain := dialogue(t)
	nastyRows(t, 120, proxied, plain)
	for server, db := range map[*postgres.Server]string{shared.pg: "shop", shared.plain: "plain"} {
		asSuperuser(server, db, "cluster people using people_pkey") // rows of other widths lie in another order
	}
	n := 0
	for k, settings := range []string{"", "set bytea_output = 'escape'", "set datestyle = 'German'; set timezone = 'Asia/Kolkata'"} {
		both := []*pgconn.PgConn{proxied, plain}
		for _, set := range strings.Split(settings, ";") {
			inAll(t, both, set)
		}
		for j, from := range []string{"people", "people (id, email, photo, note)", "people (ssn)", "people (note)", "(select email, id, name from people where id < 50 order by id)",
			"(select count(*), 'c57e91' from people)", "(values (1, E'a\\tb'))", "(update people set note = note where id = 3 returning email, ssn)", "things"} {
			for i, o := range append(slices.Clone(copyOptions), "(format csv, force_quote *)", "(format csv, force_quote (email), null 'x')", "csv force quote email") {
				if !meets(i, j, k, 3) || strings.Contains(o, "(email)") && !strings.Contains(from, "email") || strings.HasSuffix(o, "quote email") && !strings.Contains(from, "email") {
					continue
				}
				sql := "copy " + from + " to stdout " + o
				n++
				inAll(t, both, "begin")
				var got, want string
				atOnce(func() { got = copiedOut(proxied, sql) }, func() { want = copiedOut(plain, sql) })
				inAll(t, both, "rollback")
				if got != want {
					t.Errorf("%s: %s\n%s", settings, sql, firstDifference(got, want))
				}
			}
		}
		inAll(t, both, "reset all")
	}
	t.Logf("%d statements", n)
}

// pieces hands data out in pieces of any length.
type pieces struct {
	rng  *rand.Rand
	data []byte
	most int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), 1+p.rng.IntN(p.most))], p.data)
	p.data = p.data[n:]
	return n, nil
}

const copyContents = "select * from people order by id"

func contentsOf(c *pgconn.PgConn, sql string) string {
	r, err := c.Exec(context.Background(), sql).ReadAll()
	return outcomeOf(r, err, true).text
}

// TestCopyIn: what a plain database has given is copied into both, in pieces cut anywhere; then the tables hold the same.
func TestCopyIn(t *testing.T) {
	proxied, plain := dialogue(t)
	both := []*pgconn.PgConn{proxied, plain}
	nastyRows(t, 120, both...)
	rngs := []*rand.Rand{rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(1, 3))}
	ctx := context.Background()
	for j, columns := range []string{"", "(id, email, name, photo, extra)", "(name, ssn)", "(email, id, name, seen, rate, note)"} {
		for i, o := range append(slices.Clone(copyOptions), "(format csv) ## force_null (%[1]s)", "(format csv, null 'x') ## force_not_null (%[1]s)", "(format csv, null 'x') ## force_not_null (%[1]s), force_null (%[1]s)",
			"(format csv, header) ## header match", "(format text, header) ## header match") {
			o, more, _ := strings.Cut(o, " ## ")
			if serverMajor() < 15 && (strings.Contains(more, "match") || strings.Contains(o, "text, header")) {
				continue // of 15
			}
			var data bytes.Buffer
			if _, err := plain.CopyTo(ctx, &data, "copy people "+columns+" to stdout "+o); err != nil {
				t.Fatal(o, err)
			}
			if strings.Contains(more, "%") {
				list := "ssn"
				if strings.Contains(columns, "email") {
					list = "email"
				}
				more = fmt.Sprintf(more, list)
			}
			if strings.HasPrefix(more, "header") {
				o = strings.Replace(o, "header", more, 1)
			} else if more != "" {
				o = strings.TrimSuffix(o, ")") + ", " + more + ")"
			}
			sql := "copy people " + columns + " from stdin " + o
			for k, most := range []int{1, 7, 100000} {
				if !meets(i, j, k-1, 2) && (most > 1 || i%4 > 0 && !*allCopies) {
					continue
				}
				if most == 1 && (columns != "(name, ssn)" || data.Len() > 20000) {
					continue
				}
				var results [2]string
				in := func(i int) {
					c := both[i]
					inAll(t, []*pgconn.PgConn{c}, "begin; truncate logins, people; select setval('people_id_seq', 1)")
					tag, err := c.CopyFrom(ctx, &pieces{rngs[i], bytes.Clone(data.Bytes()), most}, sql)
					result := tag.String() + " " + copyError(err) + " " + string(c.TxStatus())
					if err == nil {
						result += "\n" + contentsOf(c, copyContents)
					}
					inAll(t, []*pgconn.PgConn{c}, "rollback")
					results[i] = result
				}
				atOnce(func() { in(0) }, func() { in(1) })
				if results[0] != results[1] {
					t.Errorf("%s in pieces up to %d:\n%s", sql, most, firstDifference(results[0], results[1]))
				}
			}
		}
	}
}

// copyIns are data that some COPY takes or refuses, each with what else is in the transaction.
var copyIns = []struct{ sql, data string }{
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\n2\tb\t\\N\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1"},
	{"copy people (id, name, email) from stdin", ""},
	{"copy people (id, name, email) from stdin", "\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\n\\.\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\n\\.\nmore cnry\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\n2\tb\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\tx\n"},
	{"copy people (id, name, email) from stdin", "one\ta\tcnry-1\n"},
	{"copy people (id, name, email) from stdin", "1\t\\N\tcnry-1\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\n1\tb\tcnry-2\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\n2\tb\tcnry-1\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\r\n2\tb\tcnry-2\r\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\r2\tb\tcnry-2\r"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\n2\tb\tcnry-2\r\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\r\n2\tb\tcnry-2\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry-1\r2\tb\tcnry-2\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry\\\n-1\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry\\101\\x42\\t\\q\\\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry\\0\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry\\377\n"},
	{"copy people (id, name, email) from stdin", "1\ta\tcnry\xff\n"},
	{"copy people (id, name, age) from stdin", "1\ta\tcnry\n"},
	{"copy people (id, name, age) from stdin", "1\ta\t3000000000\n"},
	{"copy people (id, name, age) from stdin", "one\ta\tx\n"},
	{"copy people (id, name, age) from stdin", "1\ta\t 7 \n"},
	{"copy people (id, name, age) from stdin", "1\ta\t\n"},
	{"copy people (id, name, code) from stdin", "1\ta\tcnry-too-long\n"},
	{"copy people (id, name, code) from stdin", "1\ta\tcnry    \n2\tb\t12345678    \n"},
	{"copy people (id, name, born) from stdin", "1\ta\t2024-02-30\n"},
	{"copy people (id, name, born) from stdin", "1\ta\t2024-13-45\n"},
	{"copy people (id, name, age) from stdin", "3000000000\ta\tcnry\n"},
	{"copy people (name, id, age, email) from stdin", "\\N\t1\tcnry\tcnry\n"},
	{"copy people (name, email, age) from stdin csv", "a,\"cnry-1\",cnry\n"},
	{"copy people (age, name) from stdin csv", "cnry,a\n"},
	{"copy people (id, name, rate) from stdin", "1\ta\t12345678\n"},
	{"copy people (id, name, rate) from stdin", "1\ta\t1.23456789\n"},
	{"copy people (id, name, token) from stdin", "1\ta\tcnry\n"},
	{"copy people (id, name, extra) from stdin", "1\ta\t{\"a\": }\n"},
	{"copy people (id, name, extra) from stdin", "1\ta\t{\"a\": \"cnry\\\\n\"}\n"},
	{"copy people (id, name, photo) from stdin", "1\ta\t\\\\x6\n"},
	{"copy people (id, name, photo) from stdin", "1\ta\t\\\\x61ff\n2\tb\tabc\\\\377\n"},
	{"copy people (id, name, seen) from stdin", "1\ta\t2024-02-30 00:00\n"},
	{"copy people (id, name, small) from stdin", "1\ta\t40000\n"},
	{"copy people (id, name, active) from stdin", "1\ta\tmaybe\n2\tb\tyes\n"},
	{"copy people (name, email) from stdin csv", "a,cnry-1\n\"b\nb\",\"cn\"\"ry\"\nc,\nd,\"\"\n"},
	{"copy people (name, email) from stdin csv", "a,\"cnry-1\n"},
	{"copy people (name, email) from stdin csv", "a,cnry\"-1\nx,y\"\n"},
	{"copy people (name, email) from stdin csv", "a,cnry-1\r\n\"b\",\"cnry-\r\n2\"\r\n"},
	{"copy people (name, email) from stdin csv", "a,cnry-1\nb,cnry\r-2\n"},
	{"copy people (name, email) from stdin csv", "a,cnry-1\n\\.\nb,cnry\n"},
	{"copy people (name, email) from stdin csv", "a,cnry-1\n\\.x\n"},
	{"copy people (name, email) from stdin csv", "a\n"},
	{"copy people (name, email) from stdin csv", "a,b,c\n"},
	{"copy people (name, email) from stdin csv", "\n"},
	{"copy people (name, email) from stdin csv header", "a,cnry-1\nb,cnry-2\n"},
	{"copy people (name, email) from stdin csv header", "cnry,\"cnry\ncnry\"\nb,cnry-2\n"},
	{"copy people (name, email) from stdin csv header", "a,\xff\nb,cnry-2\n"},
	{"copy people (name, email) from stdin csv header", "a,\x00\nb,cnry-2\n"},
	{"copy people (name, email) from stdin csv header", "a,\"email\nb,cnry-2\n"},
	{"copy people (name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x01n\x00\x00\x00\x06cnry-1"},
	{"copy people (name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x01n\x00\x00\x00\x06cnry-1\xff"},
	{"copy people (name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x01n\x00\x00\x00\x06cnry-1\x00\x02"},
	{"copy people (name, email) from stdin (format csv, header match)", "name,email\nb,cnry-2\n"},
	{"copy people (name, email) from stdin (format csv, header match)", "\"name\",email\nb,cnry-2\n"},
	{"copy people (name, email) from stdin (format csv, header match)", "name,cnry\nb,cnry-2\n"},
	{"copy people (name, email) from stdin (format csv, header match)", "cnry\nb,cnry-2\n"},
	{"copy people (name, email) from stdin (header match)", "name\temail\nb\tcnry-2\n"},
	{"copy people (name, email) from stdin (header match, null 'email')", "name\temail\nb\tcnry-2\n"},
	{"copy people (name, email) from stdin (format csv, force_null (email))", "a,\"\"\nb,\nc,x\n"},
	{"copy people (name, email) from stdin (format csv, force_not_null (email))", "a,\"\"\n"},
	{"copy people (name, email) from stdin (format csv, force_not_null (email))", "b,\n"},
	{"copy people (name, email) from stdin (format csv, force_not_null (email), force_null (email), null 'N')", "b,N\nc,\"N\"\n"},
	{"copy people (name, email) from stdin (format csv, quote '''', escape '\\')", "a,'cn\\'ry'\nb,'cnry\\\\'\nc,'cnry\\\n'\n"},
	{"copy people (name, email) from stdin where email = 'cnry-2'", "a\tcnry-1\nb\tcnry-2\n"},
	{"copy people (name, email) from stdin where email is null", "a\tcnry-1\nb\t\\N\n"},
	{"copy people (name, email) from stdin where email = 'cnry-2' and name <> 'b'", "a\tcnry-1\nb\tcnry-2\n"},
	{"copy logins (person, email) from stdin", "77\tcnry-1\n"},
	{"copy logins (email) from stdin", "cnry-1\ncnry-2\n"},
	{"copy logins (email, secret) from stdin", "cnry-1\t\\N\n"},
	{"copy people (id, name, email) from stdin binary", "cnry"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x03abc\xff\xff"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x07\x00\x00\x00\x01a\x00\x00\x00\x04cnry\xff\xff"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x07\x00\x00\x00\x01a\xff\xff\xff\xff"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x07\x00\x00\x00\x01a\x00\x00\x00\x04cn"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x04\x00\x00\x00\x07\x00\x00\x00\x01a\xff\xff"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x07\xff\xff\xff\xfe"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x01\x00\x00\x00\x00\x00\x00"},
	{"copy people (id, name, email) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xffmore"},
	{"copy people (id, name, age) from stdin binary", "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00\x07\x00\x00\x00\x01a\x00\x00\x00\x03abc\xff\xff"},
	{"copy people (nosuch) from stdin", "x\n"},
	{"copy people (id, id) from stdin", "1\t2\n"},
	{"copy people (id) from stdin (format csv, force_null (email))", "1\n"},
	{"copy people (id) from stdin (format text, quote 'x')", "1\n"},
}

// TestCopyInAlike: data of every kind come to the same on both sides: rows, SQLSTATE and what becomes of the transaction.
func TestCopyInAlike(t *testing.T) {
	proxied, plain := dialogue(t)
	ctx := context.Background()
	sides := []*pgconn.PgConn{proxied, plain}
	rngs := []*rand.Rand{rand.New(rand.NewPCG(3, 9)), rand.New(rand.NewPCG(3, 10))}
	for _, in := range copyIns {
		for _, begin := range []string{"begin", ""} {
			for _, most := range []int{1, 1 << 16} {
				var results [2]string
				alike := func(i int) {
					c := sides[i]
					inAll(t, []*pgconn.PgConn{c}, "truncate logins, people; select setval('people_id_seq', 100), setval('logins_id_seq', 100)")
					inAll(t, []*pgconn.PgConn{c}, begin)
					tag, err := c.CopyFrom(ctx, &pieces{rngs[i], []byte(in.data), most}, in.sql)
					result := tag.String() + " " + copyError(err) + " " + string(c.TxStatus()) + "\n"
					if begin == "" || err == nil {
						result += contentsOf(c, copyContents) + contentsOf(c, "select * from logins order by id")
					}
					if begin != "" {
						inAll(t, []*pgconn.PgConn{c}, "rollback")
					}
					results[i] = result
				}
				atOnce(func() { alike(0) }, func() { alike(1) })
				if results[0] != results[1] {
					t.Errorf("%s %s %q in pieces up to %d:\n%s", begin, in.sql, in.data, most, firstDifference(results[0], results[1]))
				}
			}
		}
	}
}
