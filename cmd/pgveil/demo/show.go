package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// MinRows is the least number of customers: two are shown.
const MinRows = 2

const (
	question = "SELECT id, name, email, phone, born, country FROM customers WHERE id IN (1, 2) ORDER BY id"
	sealEnd  = "c57e91" // every sealed value ends so, see docs/FORMAT.md
)

// view is what one user gets for a statement.
type view struct {
	title   string
	rows    [][]string
	refused *pgconn.PgError
}

// ask sends a statement in the simple protocol, as psql does, and returns all rows as text. A refusal is no error.
func ask(ctx context.Context, dsn, sql string) (view, error) {
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return view{}, err
	}
	defer c.Close(context.WithoutCancel(ctx))
	results, err := c.Exec(ctx, sql).ReadAll()
	var v view
	if errors.As(err, &v.refused) {
		return v, nil
	}
	if err != nil {
		return v, err
	}
	for _, r := range results {
		for _, cells := range r.Rows {
			row := make([]string, len(cells))
			for i, c := range cells {
				if row[i] = string(c); c == nil {
					row[i] = "NULL"
				}
			}
			v.rows = append(v.rows, row)
		}
	}
	return v, nil
}

// show asks and prints, and fails when an answer is not what it must be.
func (d *demo) show(ctx context.Context, customers dataset) error {
	if err := d.showViews(ctx, customers); err != nil {
		return err
	}
	if err := d.showSearch(ctx, customers.rows[0]); err != nil {
		return err
	}
	return d.showRecord(ctx)
}

// showViews asks one question four times.
func (d *demo) showViews(ctx context.Context, customers dataset) error {
	var views []view
	for _, who := range []struct{ title, dsn string }{
		{"database, directly", d.direct(manager)},
		{manager + ", account manager", d.proxied(manager)},
		{support + ", support", d.proxied(support)},
		{analyst + ", analyst", d.proxied(analyst)},
	} {
		v, err := ask(ctx, who.dsn, question)
		if err != nil {
			return fmt.Errorf("%s: %w", who.title, err)
		}
		v.title = who.title
		views = append(views, v)
	}
	if err := checkViews(views, customers.rows[:2]); err != nil {
		return err
	}
	d.screen.heading("One SELECT, four answers")
	d.screen.printf("  %s\n\n", d.screen.paint(cyan, question))
	d.printViews(customers.columns, views)
	d.printRefusal(analyst, views[3].refused)
	return nil
}

// checkViews compares the four views with the rows that were loaded.
func checkViews(views []view, want [][]string) error {
	direct, clear, masked, refused := views[0], views[1], views[2], views[3]
	for _, v := range views[:3] {
		if v.refused != nil {
			return fmt.Errorf("%s: %w", v.title, v.refused)
		}
	}
	if fmt.Sprint(clear.rows) != fmt.Sprint(want) {
		return errors.New("the account manager does not see what was loaded")
	}
	if len(direct.rows) != len(want) || len(masked.rows) != len(want) {
		return errors.New("the views differ in their number of rows")
	}
	for i, row := range want {
		for col := 1; col <= 4; col++ { // name, email, phone, born
			if v := direct.rows[i][col]; !strings.HasPrefix(v, `\x`) || !strings.HasSuffix(v, sealEnd) {
				return fmt.Errorf("column %d in the database is not ciphertext", col+1)
			}
		}
		m := masked.rows[i]
		if m[2] == row[2] || m[3] == row[3] || !strings.HasSuffix(m[3], row[3][len(row[3])-4:]) || m[4] != "NULL" {
			return errors.New("support does not see what the masks make")
		}
	}
	if refused.refused == nil {
		return errors.New("the analyst was not refused")
	}
	return nil
}

// printViews puts the views side by side, a row's columns below each other.
func (d *demo) printViews(columns []string, views []view) {
	head := []cell{{"", plain}}
	for _, v := range views {
		head = append(head, cell{v.title, bold})
	}
	rows := [][]cell{head}
	for i := range views[0].rows {
		for col, name := range columns {
			line := []cell{{name, dim}}
			for _, v := range views {
				line = append(line, d.cellOf(v, i, col))
			}
			rows = append(rows, line)
		}
		rows = append(rows, []cell{{"", plain}})
	}
	d.screen.table(rows)
}

func (d *demo) cellOf(v view, row, col int) cell {
	if v.refused != nil {
		if row == 0 && col == 0 {
			return cell{"refused", red}
		}
		return cell{"", plain}
	}
	text := v.rows[row][col]
	switch {
	case strings.HasSuffix(text, sealEnd):
		return cell{short(text), yellow}
	case strings.ContainsAny(text, "*") || text == "NULL":
		return cell{text, cyan}
	}
	return cell{text, green}
}

func (d *demo) printRefusal(user string, e *pgconn.PgError) {
	s := d.screen
	s.printf("  %s got:\n", user)
	s.printf("    %s\n", s.paint(red, fmt.Sprintf("ERROR:  %s: %s", e.Code, e.Message)))
	if e.Position > 0 {
		s.printf("    at character %d of the statement\n", e.Position)
	}
	if e.Hint != "" {
		s.printf("    HINT:  %s\n", e.Hint)
	}
}

// showSearch looks a customer up by e-mail, shows what of that reached the server, and who may not.
func (d *demo) showSearch(ctx context.Context, customer []string) error {
	s := d.screen
	id, name, address := customer[0], customer[1], customer[2]
	if _, err := d.asSuperuser(ctx, database, "ALTER ROLE "+manager+" SET log_statement = 'all'"); err != nil {
		return err
	}
	sql := fmt.Sprintf("SELECT id, name FROM customers WHERE email = '%s'", address)
	found, err := ask(ctx, d.proxied(manager), sql)
	if err != nil || found.refused != nil {
		return fmt.Errorf("looking up by e-mail: %w", errors.Join(err, found.err()))
	}
	if len(found.rows) != 1 || found.rows[0][0] != id || found.rows[0][1] != name {
		return errors.New("looking up by e-mail found something else")
	}
	logged, err := d.logged("SELECT id, name FROM customers WHERE email = ")
	if err != nil {
		return err
	}
	if strings.Contains(logged, address) {
		return errors.New("the server was sent the e-mail address")
	}
	s.heading("Search: equality is asked of the ciphertext, so the ordinary index serves it")
	s.table([][]cell{
		{{manager + " sends", dim}, {sql, cyan}},
		{{"the server logs", dim}, {abbreviate(logged), yellow}},
		{{manager + " gets", dim}, {strings.Join(found.rows[0], " | "), green}},
	})
	refused, err := ask(ctx, d.proxied(support), sql)
	if err != nil {
		return err
	}
	if refused.refused == nil {
		return errors.New("support could search a masked column")
	}
	s.printf("\n")
	d.printRefusal(support+", who sees addresses masked, sends the same and", refused.refused)
	return nil
}

// err is the refusal as an error, or nil.
func (v view) err() error {
	if v.refused == nil {
		return nil
	}
	return v.refused
}

// logged is the last statement in the server's log that holds a text.
func (d *demo) logged(part string) (string, error) {
	text, err := os.ReadFile(d.pg.LogFile)
	if err != nil {
		return "", err
	}
	for lines := bytes.Split(text, []byte("\n")); len(lines) > 0; lines = lines[:len(lines)-1] {
		last := string(lines[len(lines)-1])
		if i := strings.Index(last, part); i >= 0 {
			return last[i:], nil
		}
	}
	return "", errors.New("the statement is not in the server's log, " + d.pg.LogFile)
}

// abbreviate shortens each stored value in a statement.
func abbreviate(sql string) string {
	before, rest, ok := strings.Cut(sql, `E'\\x`)
	value, after, closed := strings.Cut(rest, "'")
	if !ok || !closed {
		return sql
	}
	return before + `E'\` + short(`\x`+value) + "'" + after
}

// invite prints how to go on by hand.
func (d *demo) invite() {
	s := d.screen
	s.heading("Try it by hand")
	for _, line := range []struct{ who, dsn string }{
		{"account manager", d.proxied(manager)},
		{"support", d.proxied(support)},
		{"analyst", d.proxied(analyst)},
		{"directly, around the proxy", d.direct(manager)},
	} {
		s.printf("  %s\n    psql %s\n", s.paint(dim, "# "+line.who), s.paint(cyan, `"`+strings.TrimSpace(line.dsn)+`"`))
	}
	s.printf("\n  policy   %s (a change takes effect at once)\n", d.proxy.Dir+"/policy.yaml")
	s.printf("  metrics  http://127.0.0.1:%d/metrics\n", d.proxy.MetricsPort)
	s.printf("\nCtrl-C ends all of it and removes %s.\n", d.dir)
}
