package demo

import (
	"bytes"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/pgveil/pgveil/policy"
)

func TestSameSeedSameRows(t *testing.T) {
	a, b, other := crm(7, 50), crm(7, 50), crm(8, 50)
	if fmt.Sprint(a) != fmt.Sprint(b) {
		t.Error("the same seed gives other rows")
	}
	if fmt.Sprint(a) == fmt.Sprint(other) {
		t.Error("another seed gives the same rows")
	}
}

func TestRowsFitTheSchema(t *testing.T) {
	const n = 300
	forms := map[string]string{
		"email": `^[a-z0-9.]+@example\.(com|net|org)$`, "phone": `^\+1 \d{3} 555 01\d\d$`, "born": `^(19|20)\d\d-\d\d-\d\d$`,
		"country": `^[A-Z]{2}$`, "total": `^\d{1,3}\.\d\d$`, "access_token": `^tok_[a-zA-Z]{32}$`, "iban": `^DE\d{20}$`,
	}
	unique := map[string]bool{"id": true, "email": true}
	for _, d := range crm(1, n) {
		if want := map[string]int{"customers": n, "orders": 2 * n, "invoices": 2 * n, "integrations": n / 2}[d.table]; len(d.rows) != want {
			t.Errorf("%s: %d rows, want %d", d.table, len(d.rows), want)
		}
		for i, column := range d.columns {
			seen := map[string]bool{}
			for _, row := range d.rows {
				if form, ok := forms[column]; ok && !regexp.MustCompile(form).MatchString(row[i]) {
					t.Fatalf("%s.%s: %q", d.table, column, row[i])
				}
				if unique[column] && seen[row[i]] {
					t.Fatalf("%s.%s: %q stands twice", d.table, column, row[i])
				}
				seen[row[i]] = true
			}
		}
	}
}

// ISO 13616: with the country and the check digits moved to the end, and letters as numbers, the remainder by 97 is 1.
func TestCheckDigits(t *testing.T) {
	for _, d := range crm(1, 20) {
		for _, row := range d.rows {
			if d.table != "invoices" {
				continue
			}
			n, _ := new(big.Int).SetString(row[2][4:]+"1314"+row[2][2:4], 10)
			if new(big.Int).Mod(n, big.NewInt(97)).Int64() != 1 {
				t.Fatal(row[2])
			}
		}
	}
}

func TestInsertSQL(t *testing.T) {
	d := dataset{table: "t", columns: []string{"a", "b"}}
	if got, want := d.insertSQL(2), "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4)"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestPolicyLoads(t *testing.T) {
	r, err := policy.Load("policy.yaml", []byte(rules))
	if err != nil || len(r.Roles) != 3 {
		t.Errorf("%v, %d roles", err, len(r.Roles))
	}
}

// Each way in which the views can be wrong is noticed.
func TestCheckViews(t *testing.T) {
	row := []string{"1", "Ada", "ada@example.com", "+1 543 555 0100", "1990-01-02", "BS"}
	want := [][]string{row, row}
	good := func() []view {
		sealed := []string{"1", `\x00c57e91`, `\x01c57e91`, `\x02c57e91`, `\x03c57e91`, "BS"}
		masked := []string{"1", "Ada", "a***@example.com", "***0100", "NULL", "BS"}
		two := func(r []string) [][]string { return [][]string{append([]string{}, r...), append([]string{}, r...)} }
		return []view{{rows: two(sealed)}, {rows: two(row)}, {rows: two(masked)}, {refused: &pgconn.PgError{}}}
	}
	if err := checkViews(good(), want); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(v []view){
		"plaintext in the database": func(v []view) { v[0].rows[1][4] = row[4] },
		"wrong value":               func(v []view) { v[1].rows[1][1] = "Bob" },
		"manager refused":           func(v []view) { v[1].refused = &pgconn.PgError{} },
		"row missing":               func(v []view) { v[1].rows = v[1].rows[:1] },
		"no row directly":           func(v []view) { v[0].rows = nil },
		"no row masked":             func(v []view) { v[2].rows = nil },
		"clear for support":         func(v []view) { v[2].rows[0][2] = row[2] },
		"other digits":              func(v []view) { v[2].rows[0][3] = "***0101" },
		"date for support":          func(v []view) { v[2].rows[1][4] = row[4] },
		"analyst served":            func(v []view) { v[3] = v[2] },
	} {
		v := good()
		spoil(v)
		if checkViews(v, want) == nil {
			t.Errorf("%s is not noticed", name)
		}
	}
}

func TestAbbreviate(t *testing.T) {
	long := `\\x` + strings.Repeat("ab", 30) + "c57e91"
	for in, want := range map[string]string{
		"SELECT 1":                        "SELECT 1",
		"a = E'" + long + "'::bytea":      `a = E'\\xababababab…c57e91 (33 bytes)'::bytea`,
		`a = E'\\x` + "no end of literal": `a = E'\\x` + "no end of literal",
	} {
		if got := abbreviate(in); got != want {
			t.Errorf("got %s", got)
		}
	}
}

func TestNoColourWhereThereIsNoTerminal(t *testing.T) {
	var b bytes.Buffer
	s := newScreen(&b)
	s.heading("x")
	s.table([][]cell{{{"a", red}, {"b", green}}})
	p := newProgress(s, 10)
	p.at("things")
	p.add(10)
	p.end()
	if strings.ContainsAny(b.String(), "\x1b\r") || !strings.Contains(b.String(), "10 rows loaded") {
		t.Errorf("%q", b.String())
	}
}

func TestWalkable(t *testing.T) {
	dir := t.TempDir()
	closed := filepath.Join(dir, "closed", "inner")
	if err := os.MkdirAll(closed, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(closed), 0o700); err != nil {
		t.Fatal(err)
	}
	if walkable(closed) || walkable(filepath.Join(dir, "absent")) || !walkable("/") {
		t.Error("walkable judges wrongly")
	}
}

// What the README shows of the demo is what the demo holds.
func TestReadmeShowsTheDemo(t *testing.T) {
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := crm(1, 2)[0].rows[1] // id, name, email, phone, born, country
	for _, want := range []string{
		fmt.Sprintf("| %s | %s | %s\n", row[2], row[3], row[4]),
		fmt.Sprintf("| %s***@example.com | ***%s |", row[2][:1], row[3][len(row[3])-4:]),
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the README lacks %q", want)
		}
	}
}
