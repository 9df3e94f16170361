package sql

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func bulkInsert(rows int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO customers (id, name, email, ssn, age, code) VALUES ")
	for i := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%d, 'name %d', 'm%d@example.com', '123-%d', %d, 'c%d')", i, i, i, i, i%90, i)
	}
	return b.String()
}

func bulkCatalog(t testing.TB) *Catalog {
	t.Helper()
	text, _ := readGolden(t, "testdata/dml_select.txt")
	return testCatalog(t, text)
}

// BenchmarkAnalyze is what a plan costs when it is not in the cache.
func BenchmarkAnalyze(b *testing.B) {
	c := bulkCatalog(b)
	for name, text := range map[string]string{
		"lookup":     "SELECT id, email FROM customers WHERE email = $1",
		"insert1000": bulkInsert(1000),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if st := Analyze(c, dmlPath, text)[0]; st.Refusal != nil {
					b.Fatal(st.Refusal)
				}
			}
		})
		b.Run(name+"/parse", func(b *testing.B) {
			for b.Loop() {
				parse(text)
			}
		})
	}
}

// TestDMLGrowth: analysis is not much more than linear in the text, for the shapes that grow.
func TestDMLGrowth(t *testing.T) {
	c := bulkCatalog(t)
	shapes := map[string]func(n int) string{
		"insert": bulkInsert,
		"in": func(n int) string {
			return "SELECT id FROM customers WHERE email IN ('x'" + strings.Repeat(", 'y'", n) + ")"
		},
		"and": func(n int) string {
			return "SELECT id FROM customers WHERE email = 'x'" + strings.Repeat(" AND email <> 'y'", n/2)
		},
		"union": func(n int) string {
			return "SELECT email FROM customers" + strings.Repeat(" UNION ALL SELECT email FROM customers", n/10)
		},
		"values": func(n int) string {
			return "SELECT id FROM customers JOIN (VALUES ('x')" + strings.Repeat(", ('y')", n) + ") v(e) ON email = e"
		},
		"with": func(n int) string {
			text := "WITH w0 AS (SELECT email FROM customers)"
			for i := range n / 20 {
				text += fmt.Sprintf(", w%d AS (SELECT a.email FROM w%d a, w%d b)", i+1, i, i)
			}
			return text + fmt.Sprintf(" SELECT email FROM w%d", n/20)
		},
		"join": func(n int) string {
			text := "SELECT c0.email FROM customers c0"
			for i := range n / 20 {
				text += fmt.Sprintf(" JOIN customers c%d USING (email)", i+1)
			}
			return strings.Replace(text, "c0.email", "email", 1)
		},
	}
	for name, make := range shapes {
		took := func(n int) time.Duration {
			best := time.Hour
			for range 3 {
				start := time.Now()
				if st := Analyze(c, dmlPath, make(n))[0]; st.Refusal != nil {
					t.Fatalf("%s: %v", name, st.Refusal)
				}
				best = min(best, time.Since(start))
			}
			return best
		}
		small, large := took(200), took(1600)
		t.Logf("%s: %v, eight times as much %v", name, small, large)
		// Generous, since other work may hold the machine up: what is exponential would take years.
		if large > 400*small+5*time.Second {
			t.Errorf("%s: %v for one size, %v for eight times as much", name, small, large)
		}
	}
}
