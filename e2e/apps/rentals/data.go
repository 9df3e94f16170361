//go:build clients

package rentals

import (
	"fmt"
	"strings"
)

var (
	firstNames = []string{"MARY", "PATRICIA", "LINDA", "JOHN", "ROBERT", "MICHAEL", "ADA", "GRACE", "ÉMILIE", "OTTO"}
	lastNames  = []string{"SMITH", "JONES", "BROWN", "MILLER", "DAVIS", "O'NEIL", "ØSTERGÅRD", "YOUNG", "ADAMS", "SMITHSON", "SMYTH"}
	countries  = []string{"Germany", "France", "Japan", "Brazil", "Canada"}
	ratings    = []string{"G", "PG", "PG-13", "R", "NC-17"}
	amounts    = []string{"0.99", "2.99", "4.99", "10.99", "7.50", "3.00", "0.00", "9.99", "11.49"}
)

// rows gives an INSERT of n rows, each made by row from its number, which counts from 1.
func rows(table string, n int, row func(i int) string) string {
	values := make([]string, n)
	for i := range values {
		values[i] = "(" + row(i+1) + ")"
	}
	return "INSERT INTO " + table + " VALUES " + strings.Join(values, ", ")
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// data are the statements that fill schema.sql's tables: the same ones each time.
func data() []string {
	sprintf := fmt.Sprintf
	pick := func(list []string, i int) string { return list[i%len(list)] }
	nullEvery := func(n, i int, s string) string {
		if i%n == 0 {
			return "NULL"
		}
		return s
	}
	at := func(i int) string {
		return sprintf("timestamptz '2024-01-01 08:00:00+00' + interval '%d minutes'", i*157)
	}
	return []string{
		rows("country", 5, func(i int) string { return sprintf("%d, %s", i, quoted(countries[i-1])) }),
		rows("city", 12, func(i int) string { return sprintf("%d, 'City %02d', %d", i, i, i%5+1) }),
		rows("address", 60, func(i int) string {
			return sprintf("%d, '%d Main Street', 'District %d', %d, %s, '555-%05d'", i, i*7, i%6, i%12+1, nullEvery(13, i, sprintf("'%05d'", 10000+i%9)), i)
		}),
		rows("store", 2, func(i int) string { return sprintf("%d, %d", i, i) }),
		`INSERT INTO staff VALUES (1, 'MIKE', 'HILLYER', 3, 'mike@example.org', 1, true, 'mike', 'secret one'), (2, 'JON', 'STEPHENS', 4, 'jon@example.org', 2, true, 'jon', NULL)`,
		rows("customer", 100, func(i int) string {
			first, last := pick(firstNames, i*i/7), pick(lastNames, i*3/2)
			email := sprintf("%s.%s%d@Example.org", strings.ToLower(first), strings.ToLower(last), i)
			if i == 7 {
				email = "mary.smith7@example.org"
			}
			return sprintf("%d, %d, %s, %s, %s, %d, %v, '2024-01-%02d'", i, i%2+1, quoted(first), quoted(last), nullEvery(17, i, quoted(email)), i%60+1, i%9 != 0, i%28+1)
		}),
		rows("actor", 20, func(i int) string { return sprintf("%d, 'Actor %d', %s", i, i, quoted(pick(lastNames, i))) }),
		rows("category", 8, func(i int) string { return sprintf("%d, 'Category %d'", i, i) }),
		rows("film", 40, func(i int) string {
			return sprintf("%d, 'Film %02d', 'About %d', %d, %d, %d.99, %s, %d.50, '%s', '{Trailers,\"Deleted Scenes\"}'", i, i, i, 2000+i%20, 3+i%5, i%5, nullEvery(11, i, sprintf("%d", 60+i*3)), 9+i, pick(ratings, i))
		}),
		rows("film_actor", 80, func(i int) string { return sprintf("%d, %d", i%20+1, (i-1)/2+1) }),
		rows("film_category", 40, func(i int) string { return sprintf("%d, %d", i, i%8+1) }),
		rows("inventory", 100, func(i int) string { return sprintf("%d, %d, %d", i, i%40+1, i%2+1) }),
		rows("rental", 500, func(i int) string {
			return sprintf("%d, %s, %d, %d, %s, %d", i, at(i), i%100+1, i*i%89+1, nullEvery(7, i, at(i+40+i%900)), i%2+1)
		}),
		rows("payment", 500, func(i int) string {
			return sprintf("%d, %d, %d, %d, %s, %s", i, i*i%89+1, i%2+1, i, pick(amounts, i*i/3), at(i+3))
		}),
	}
}
