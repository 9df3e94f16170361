package e2e

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestPathsStored looks at what the server keeps, and at what is shown of it after somebody else has changed it.
func TestPathsStored(t *testing.T) {
	ctx := context.Background()
	protected, plain, s := paths(t)
	stored := string(direct("paths", "select string_agg(prefs::text || doc::text || coalesce(ssn::text, ''), ' ') from profiles")[0].Rows[0][0])
	if strings.Contains(stored, marker) || !strings.Contains(stored, `"theme": "dark"`) || strings.Count(stored, "c57e91") < 40 {
		t.Errorf("the server keeps %.400s", stored)
	}
	for _, sql := range []string{"set enable_seqscan = off", "analyze profiles"} {
		execOn(t, protected, sql)
	}
	for sql, index := range map[string]string{
		"explain select id from profiles where prefs->>'ssn' = 'cnry-1'":         "Index Cond",
		"explain select id from profiles where prefs @> '{\"ssn\": \"cnry-1\"}'": "Bitmap Index Scan",
	} {
		r, err := protected.Exec(ctx, sql).ReadAll()
		if err != nil || !strings.Contains(outcomeOf(r, nil, true).text, index) {
			t.Errorf("%s: %v, %v", sql, outcomeOf(r, nil, true).text, err)
		}
	}
	// The default is sealed, and another one as well.
	for _, c := range []*pgconn.PgConn{protected, plain} {
		execOn(t, c, `ALTER TABLE profiles ALTER prefs SET DEFAULT '{"ssn": "cnry-d2"}'::jsonb, ADD COLUMN more jsonb DEFAULT '{"ssn": "plain"}'`)
		execOn(t, c, "INSERT INTO profiles (id) VALUES (101)")
	}
	compareOn(t, protected, plain, "select * from profiles where id >= 100 order by id")
	// What was put there past the proxy is not shown, nor a cell that was moved.
	for _, change := range []string{
		`jsonb_set(prefs, '{ssn}', '"put there"')`, `jsonb_set(prefs, '{ssn}', '17')`, `jsonb_set(prefs, '{ssn}', '{}')`,
		`jsonb_set(prefs, '{ssn}', prefs->'address'->'zip')`, `jsonb_set(prefs, '{address,street}', prefs->'ssn')`,
		`jsonb_set(prefs, '{ssn}', to_jsonb(overlay(prefs->>'ssn' placing case substr(prefs->>'ssn', 9, 1) when '0' then '1' else '0' end from 9)))`, `jsonb_set(prefs, '{ssn}', to_jsonb(left(prefs->>'ssn', -2)))`,
	} {
		direct("paths", "create table kept as select id, prefs from profiles where id = 1; update profiles set prefs = "+change+" where id = 1")
		_, err := protected.Exec(ctx, "select id, prefs from profiles where id = 1").ReadAll()
		if err == nil || !strings.Contains(err.Error(), "PV009") || strings.Contains(err.Error(), "put there") {
			t.Errorf("%s: %v", change, err)
		}
		direct("paths", "update profiles p set prefs = k.prefs from kept k where k.id = p.id; drop table kept")
	}
	compareOn(t, protected, plain, "select * from profiles order by id")
	keeper := connect(s.DSN("keeper", password("keeper"), "paths", ""))
	defer keeper.Close(ctx)
	r, err := keeper.Exec(ctx, "select prefs, doc from profiles where id = 1").ReadAll()
	if err != nil || !bytes.Contains(r[0].Rows[0][0], []byte(`\\x`)) || !bytes.Contains(r[0].Rows[0][0], []byte("dark")) || r[0].FieldDescriptions[0].DataTypeOID != 3802 {
		t.Errorf("under sealed: %s, %v", outcomeOf(r, err, true).text, err)
	}
	analyst := connect(s.DSN("analyst", password("analyst"), "paths", ""))
	defer analyst.Close(ctx)
	r, err = analyst.Exec(ctx, "select prefs, doc from profiles where id = 1").ReadAll()
	if err != nil || r[0].Rows[0][0] != nil || string(r[0].Rows[0][1]) != `{"open": 0, "secret": "cnry-s"}` {
		t.Errorf("masked: %s, %v", outcomeOf(r, err, true).text, err)
	}
	for _, c := range []struct {
		who  *pgconn.PgConn
		sql  string
		code string
	}{
		{analyst, "select prefs->>'theme' from profiles", "PV304"}, {analyst, "select prefs->>'ssn' from profiles", "PV304"},
		{analyst, "select id from profiles where prefs ? 'ssn'", "PV304"}, {keeper, "select prefs->>'ssn' from profiles", "PV256"},
		{keeper, "insert into profiles (id, prefs) values (1000, '{}')", "PV257"},
	} {
		if _, err := c.who.Exec(ctx, c.sql).ReadAll(); err == nil || !strings.Contains(err.Error(), c.code) {
			t.Errorf("%s: %v, want %s", c.sql, err, c.code)
		}
	}
}

// TestPathsCopy moves documents through COPY in every format, opened and as they are stored.
func TestPathsCopy(t *testing.T) {
	ctx := context.Background()
	protected, plain, s := paths(t)
	keeper := connect(s.DSN("keeper", password("keeper"), "paths", ""))
	defer keeper.Close(ctx)
	for _, format := range []string{"text", "csv", "binary", "csv, force_quote *", "text, delimiter '|'"} {
		out := func(c *pgconn.PgConn) []byte {
			var b bytes.Buffer
			if _, err := c.CopyTo(ctx, &b, "copy (select id, prefs, doc from profiles where id < 200 order by id) to stdout (format "+format+")"); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			return b.Bytes()
		}
		got, want := out(protected), out(plain)
		if !bytes.Equal(got, want) {
			t.Fatalf("%s: COPY TO gives %.600q, a plain database %.600q", format, got, want)
		}
		cells := out(keeper)
		if bytes.Contains(cells, []byte(marker)) || !bytes.Contains(cells, []byte("c57e91")) {
			t.Errorf("%s: under sealed comes %.300q", format, cells)
		}
		format := strings.Split(format, ", force")[0]
		for _, from := range []struct {
			c    *pgconn.PgConn
			data []byte
		}{{protected, got}, {keeper, cells}} {
			for _, c := range []*pgconn.PgConn{protected, plain} {
				execOn(t, c, "update profiles set id = id + 10000")
			}
			if _, err := from.c.CopyFrom(ctx, bytes.NewReader(from.data), "copy profiles (id, prefs, doc) from stdin (format "+format+")"); err != nil {
				t.Fatalf("%s: COPY FROM: %v", format, err)
			}
			if _, err := plain.CopyFrom(ctx, bytes.NewReader(want), "copy profiles (id, prefs, doc) from stdin (format "+format+")"); err != nil {
				t.Fatal(err)
			}
			compareOn(t, protected, plain, "select id, prefs, doc from profiles where id < 10000 order by id")
			for _, c := range []*pgconn.PgConn{protected, plain} {
				execOn(t, c, "delete from profiles where id < 10000")
				execOn(t, c, "update profiles set id = id - 10000")
			}
		}
	}
	for data, code := range map[string]string{"300\t{\"ssn\": \"cnry-no-cell\"}\n": "PV258", "300\t{\"ssn\": 1}\n": "PV258"} {
		if _, err := keeper.CopyFrom(ctx, strings.NewReader(data), "copy profiles (id, prefs) from stdin"); err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%q: %v, want %s", data, err, code)
		}
	}
	for data, code := range map[string]string{"300\t{\"ssn\": 1}\n": "PV001", "300\t{\"ssn\": cnry}\n": "PV001"} {
		if _, err := protected.CopyFrom(ctx, strings.NewReader(data), "copy profiles (id, prefs) from stdin"); err == nil || !strings.Contains(err.Error(), code) {
			t.Errorf("%q: %v, want %s", data, err, code)
		}
	}
}

// compareOn compares one statement on two connections.
func compareOn(t *testing.T, protected, plain *pgconn.PgConn, sql string) {
	t.Helper()
	g, gotErr := protected.Exec(context.Background(), sql).ReadAll()
	w, wantErr := plain.Exec(context.Background(), sql).ReadAll()
	got, want := outcomeOf(g, gotErr, true), outcomeOf(w, wantErr, true)
	if got.text != want.text || wantErr != nil {
		t.Errorf("%s: %v\n%s", sql, gotErr, firstDifference(got.text, want.text))
	}
}
