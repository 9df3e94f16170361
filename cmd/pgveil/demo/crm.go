package demo

import (
	_ "embed"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// The files of the demo: what the tables are as the application sees them, what of them is protected, and who sees what.
var (
	//go:embed crm.sql
	schema string
	//go:embed encrypt.yaml
	encrypt string
	//go:embed policy.yaml
	rules string
)

// dataset is the rows of one table, in text, as the application would send them.
type dataset struct {
	table   string
	columns []string
	rows    [][]string
}

// The domains are reserved (RFC 2606), the telephone numbers fictional (North American numbers 555-0100 to 555-0199), and the
// accounts are of a bank that does not exist: no row is somebody's.
var domains = []string{"example.com", "example.net", "example.org"}

// crm makes the whole database from a seed: customers, two orders for each, an invoice for each order, and for every other
// customer the credential of a third party.
func crm(seed uint64, customers int) []dataset {
	f := gofakeit.New(seed)
	people := dataset{table: "customers", columns: []string{"id", "name", "email", "phone", "born", "country"}}
	orders := dataset{table: "orders", columns: []string{"id", "customer_id", "product", "total", "placed"}}
	invoices := dataset{table: "invoices", columns: []string{"id", "order_id", "iban", "amount", "due"}}
	integrations := dataset{table: "integrations", columns: []string{"id", "customer_id", "provider", "access_token"}}
	providers := []string{"billing", "mail", "calendar", "telephony"}
	for id := 1; id <= customers; id++ {
		first, last := f.FirstName(), f.LastName()
		iban := ibanOf(f)
		people.add(id, first+" "+last, email(first, last, id, domains[f.IntN(len(domains))]),
			fmt.Sprintf("+1 %d 555 01%02d", f.IntRange(201, 989), f.IntN(100)), day(f, 1935, 2005), f.CountryAbr())
		for range 2 {
			n := len(orders.rows) + 1
			placed := day(f, 2023, 2025)
			total := fmt.Sprintf("%.2f", f.Price(5, 900))
			orders.add(n, id, f.ProductName(), total, placed)
			invoices.add(n, n, iban, total, placed)
		}
		if id%2 == 0 {
			integrations.add(id/2, id, providers[f.IntN(len(providers))], "tok_"+f.LetterN(32))
		}
	}
	return []dataset{people, orders, invoices, integrations}
}

func (d *dataset) add(values ...any) {
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = fmt.Sprint(v)
	}
	d.rows = append(d.rows, row)
}

// email is unique by its number.
func email(first, last string, id int, domain string) string {
	local := strings.ToLower(fmt.Sprintf("%s.%s%d", first, last, id))
	return strings.Map(func(r rune) rune {
		if r == '.' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, local) + "@" + domain
}

func day(f *gofakeit.Faker, from, to int) string {
	start := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC)
	return f.DateRange(start, time.Date(to, 12, 31, 0, 0, 0, 0, time.UTC)).Format(time.DateOnly)
}

// ibanOf makes a German account number with right check digits (ISO 13616) at bank 00000000, which does not exist.
func ibanOf(f *gofakeit.Faker) string {
	account := "00000000" + f.DigitN(10)
	n, _ := new(big.Int).SetString(account+"131400", 10) // D is 13, E is 14, and 00 for the digits to be found
	check := 98 - new(big.Int).Mod(n, big.NewInt(97)).Int64()
	return fmt.Sprintf("DE%02d%s", check, account)
}
