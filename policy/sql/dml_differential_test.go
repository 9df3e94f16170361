package sql

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"sort"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

var (
	dmlStatements = flag.Int("dml-statements", 500, "random statements of the differential test")
	dmlSeed       = flag.Uint64("dml-seed", 7, "where the random statements begin")
)

// testSeal is a stand-in for a column cipher that keeps what analysis relies on and nothing else: equal values of a key are equal cells in
// equality mode, never otherwise, and the order of cells is not the order of values.
type testSeal struct{ nonce int }

func (s *testSeal) seal(p *Protection, v string) []byte {
	v = strings.TrimSpace(v)
	h := sha256.Sum256([]byte(p.Key + v))
	if p.Search == SearchNone {
		s.nonce++
		h = sha256.Sum256(fmt.Appendf(nil, "%d", s.nonce))
	}
	return append(h[:8:8], p.Key+"\x00"+v...)
}

func testOpen(cell []byte, p *Protection) (string, error) {
	key, v, ok := bytes.Cut(cell[min(8, len(cell)):], []byte{0})
	if !ok || string(key) != p.Key {
		return "", fmt.Errorf("not a cell of %s: %q", p.Key, cell)
	}
	return string(v), nil
}

// sentSealed is what the proxy sends.
func sentSealed(s *testSeal, st *Statement, text string) string {
	return sentSealedBy(st, text, func(l *Literal) string {
		return `'\x` + hex.EncodeToString(s.seal(&l.Target.Protection, l.Text)) + `'::bytea `
	})
}

// fill gives both databases the same rows.
func (w *twin) fill(t *testing.T, cat *Catalog, s *testSeal) {
	t.Helper()
	var all []string
	for table, cols := range genColumns {
		if table == "v_customers" {
			continue
		}
		for row := range 6 {
			var names, vals []string
			for d := range domains {
				for k, c := range cols[d] {
					names = append(names, c)
					if (row+k+int(d))%5 == 4 {
						vals = append(vals, "NULL")
					} else {
						vals = append(vals, "'"+genValue(d, row+k)+"'")
					}
				}
			}
			all = append(all, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(names, ", "), strings.Join(vals, ", ")))
		}
	}
	for _, text := range all {
		run(t, w.plain, text)
		st := Analyze(cat, dmlPath, text)[0]
		if st.Refusal != nil {
			t.Fatal(text, st.Refusal)
		}
		run(t, w.sealed, sentSealed(s, st, text))
	}
}

// opened is a result as text, with sealed columns opened, one line a row.
func opened(r *pgconn.Result, results []Result) ([]string, error) {
	var lines []string
	for _, row := range r.Rows {
		var b strings.Builder
		for i, cell := range row {
			switch {
			case cell == nil:
				b.WriteString("|NULL")
				continue
			case results != nil && results[i].Protection != nil:
				raw, err := hex.DecodeString(strings.TrimPrefix(string(cell), `\x`))
				if err != nil {
					return nil, err
				}
				v, err := testOpen(raw, results[i].Protection)
				if err != nil {
					return nil, err
				}
				b.WriteString("|" + v)
				continue
			}
			b.WriteString("|" + string(cell))
		}
		lines = append(lines, b.String())
	}
	sort.Strings(lines)
	return lines, nil
}

// TestDMLDifferential runs random statements on a plain database and, rewritten with a stand-in cipher, on a sealed one: what is accepted
// gives the same rows and leaves the same tables. No constant that is sealed survives in the text that is sent.
func TestDMLDifferential(t *testing.T) {
	catalogText, _ := readGolden(t, "testdata/dml_select.txt")
	model := testCatalog(t, catalogText)
	w := startTwin(t, model)
	cat := w.readCatalog(t, model.spec)
	s := &testSeal{}
	w.fill(t, cat, s)
	g := &generator{Rand: rand.New(rand.NewPCG(*dmlSeed, 11))}
	count := map[string]int{}
	for range *dmlStatements {
		text := g.statement()
		var values []string
		if g.chance(50) {
			text, values = g.parametrize(text)
		}
		st := Analyze(cat, dmlPath, text)[0]
		if st.Refusal != nil {
			count[st.Refusal.Code]++
			continue
		}
		if !st.Sensitive {
			continue
		}
		verdict, err := w.compare(s, st, text, values)
		if err != nil {
			t.Errorf("%s %v\n sent %s\n %v", text, values, sentText(st, text), err)
		}
		count[verdict]++
	}
	t.Log(count)
	if count["equal"] < *dmlStatements/5 {
		t.Errorf("only %d statements were compared: %v", count["equal"], count)
	}
}

// compare runs one accepted statement on both sides, in transactions that are rolled back.
func (w *twin) compare(s *testSeal, st *Statement, text string, values []string) (string, error) {
	sent := sentSealed(s, st, text)
	write := st.Verb != "select"
	var plainArgs, sealedArgs [][]byte
	var oids []uint32
	var formats []int16
	for _, v := range values {
		plainArgs = append(plainArgs, []byte(v))
	}
	for _, p := range st.Params {
		v, oid, format := plainArgs[p.Client-1], uint32(0), int16(0)
		if p.Target != nil {
			v, oid, format = s.seal(&p.Target.Protection, string(v)), OIDBytea, 1
		}
		sealedArgs, oids, formats = append(sealedArgs, v), append(oids, oid), append(formats, format)
	}
	plain, plainErr := once(w.plain, text, plainArgs, nil, nil, write)
	sealed, sealedErr := once(w.sealed, sent, sealedArgs, oids, formats, write)
	switch {
	case plainErr != nil:
		return "error", nil
	case sealedErr != nil:
		return "", sealedErr
	case len(plain) != len(sealed):
		return "", fmt.Errorf("%d results, without protection %d", len(sealed), len(plain))
	}
	if err := w.askWitness(st, text); err != nil {
		return "", err
	}
	want, err := opened(plain[0], nil)
	if err != nil {
		return "", err
	}
	got, err := opened(sealed[0], st.Results)
	if err != nil {
		return "", err
	}
	if strings.Join(want, "\n") != strings.Join(got, "\n") {
		return "", fmt.Errorf("rows\n%s\nwithout protection\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if plain[0].CommandTag != sealed[0].CommandTag {
		return "", fmt.Errorf("%s, without protection %s", sealed[0].CommandTag, plain[0].CommandTag)
	}
	joined := st.Verb == "update" && strings.Contains(text, " FROM ") // which of several matching rows is used is open
	for i := 1; i < len(plain); i++ {
		if joined {
			continue
		}
		if err := sameTable(plain[i], sealed[i]); err != nil {
			return "", err
		}
	}
	return "equal", nil
}

// once runs text, then for a write reads the tables back, then rolls back.
func once(c *pgconn.PgConn, text string, args [][]byte, oids []uint32, formats []int16, write bool) ([]*pgconn.Result, error) {
	ctx := context.Background()
	if write {
		if _, err := c.Exec(ctx, "BEGIN").ReadAll(); err != nil {
			return nil, err
		}
		defer func() { c.Exec(ctx, "ROLLBACK").ReadAll() }()
	}
	var first *pgconn.Result
	if args == nil {
		all, err := c.Exec(ctx, text).ReadAll()
		if err != nil {
			return nil, err
		}
		first = all[0]
	} else if first = c.ExecParams(ctx, text, args, oids, formats, nil).Read(); first.Err != nil {
		return nil, first.Err
	}
	if !write {
		return []*pgconn.Result{first}, nil
	}
	rest, err := c.Exec(ctx, "SELECT id, email, ssn, age, name FROM customers; SELECT id, email, ages, customer_id FROM invites; SELECT * FROM orders").ReadAll()
	return append([]*pgconn.Result{first}, rest...), err
}

// sameTable compares a table read back directly: sealed columns must hold cells that open to the plain value.
func sameTable(plain, sealed *pgconn.Result) error {
	protected := make([]Result, len(sealed.FieldDescriptions))
	for i, f := range sealed.FieldDescriptions {
		if f.DataTypeOID == OIDBytea {
			protected[i].Protection = &Protection{Key: map[string]string{"email": "mail", "age": "age", "ages": "age", "ssn": "customers.ssn"}[f.Name]}
		}
	}
	want, err := opened(plain, nil)
	if err != nil {
		return err
	}
	got, err := opened(sealed, protected)
	if err != nil {
		return fmt.Errorf("stored: %w", err)
	}
	if strings.Join(want, "\n") != strings.Join(got, "\n") {
		return fmt.Errorf("stored\n%s\nwithout protection\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return nil
}
