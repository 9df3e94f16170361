package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// mixed is the i-th statement of a pipeline: protected and plain, reading and writing, text and binary results.
func mixed(i int) []pgproto3.FrontendMessage {
	id := fmt.Sprint(7100 + i%400)
	email := "cnry-pipe-" + id
	switch i % 8 {
	case 0:
		return one(parse("", "insert into people (id, name, email, ssn, age) values ($1, 'n', $2, $3, $4) on conflict (id) do nothing returning id, email"),
			bind("", "", fmt.Sprint(7100+i/8%400), "cnry-pipe-"+fmt.Sprint(7100+i/8%400), "cnry-s", fmt.Sprint(i)), true)
	case 1:
		return one(parse("", "select id, email, ssn, age from people where email = $1"), bind("", "", email), false)
	case 2:
		return one(parse("", "select $1::int4 + 1, $2::text"), bindBinary("", "", id, "plain"), true)
	case 3:
		return one(parse("named"+id, "select email from people where id = $1"), bindBinary("", "named"+id, id), true)
	case 4:
		return append(one(parse("", "update people set ssn = $1 where email = $2 returning ssn"), bind("", "", "cnry-t"+id, email), false),
			closing('S', "named"+fmt.Sprint(7100+(i-1)%400)))
	case 5:
		return one(parse("", "select count(*) from people where email in ($1, $2) and id >= 7000"), bind("", "", email, "cnry-none"), true)
	case 6:
		return one(parse("", "insert into things (id, label) values ($1, $2) on conflict (id) do update set label = excluded.label returning *"),
			bind("", "", id, "l"+id), false)
	}
	return one(parse("", "delete from people where email = $1"), bind("", "", "cnry-pipe-"+fmt.Sprint(7100+(i*7)%400)), false)
}

func one(p *pgproto3.Parse, b *pgproto3.Bind, described bool) []pgproto3.FrontendMessage {
	m := []pgproto3.FrontendMessage{p, b}
	if described {
		m = append(m, describe('P', ""))
	}
	return append(m, execute("", 0))
}

// pipeline sends a thousand statements without waiting and returns all that comes back.
func pipeline(t *testing.T, c *rawConn, syncEvery int, special map[int][]pgproto3.FrontendMessage) []string {
	t.Helper()
	var out []byte
	syncs := 0
	for i := range 1000 {
		messages, ok := special[i]
		if !ok {
			messages = mixed(i)
		}
		out = append(out, encode(messages...)...)
		if (i+1)%syncEvery == 0 {
			out = append(out, encode(sync)...)
			syncs++
		}
	}
	written := make(chan error, 1)
	go func() {
		_, err := c.Write(out)
		written <- err
	}()
	trace := c.until('Z', syncs)
	if err := <-written; err != nil {
		t.Error(err)
	}
	return append(trace, c.quietly(200*time.Millisecond)...)
}

func TestPipelineOfAThousand(t *testing.T) {
	statement := func(sql string) []pgproto3.FrontendMessage { return one(parse("", sql), bind("", ""), true) }
	// What the proxy refuses stands beside what the plain server finds wrong.
	for name, c := range map[string]struct {
		every            int
		proxied, atPlain map[int][]pgproto3.FrontendMessage
	}{
		"one Sync":       {every: 1000},
		"a Sync each":    {every: 1},
		"a Sync for ten": {every: 10},
		"refusals and errors": {every: 20,
			proxied: map[int][]pgproto3.FrontendMessage{
				105: statement("select id from people where email < 'b'"), 333: statement("select 1/0"), 334: statement("select id from people order by email"),
				500: statement("select id from people where ssn = $1 or true"), 777: statement("selec"), 999: statement("select email || 'x' from people")},
			atPlain: map[int][]pgproto3.FrontendMessage{
				105: statement("select nosuch"), 333: statement("select 1/0"), 334: statement("select nosuch"),
				500: statement("select nosuch"), 777: statement("selec"), 999: statement("select nosuch")}},
		"transactions": {every: 1,
			proxied: map[int][]pgproto3.FrontendMessage{
				100: statement("begin"), 120: statement("select id from people where email < 'b'"), 150: statement("rollback"),
				200: statement("begin"), 210: statement("savepoint a"), 220: statement("select id from people where email < 'b'"),
				225: statement("rollback to a"), 250: statement("commit"), 400: statement("begin"), 500: statement("select 1/0"), 600: statement("commit")},
			atPlain: map[int][]pgproto3.FrontendMessage{
				100: statement("begin"), 120: statement("select nosuch"), 150: statement("rollback"),
				200: statement("begin"), 210: statement("savepoint a"), 220: statement("select nosuch"),
				225: statement("rollback to a"), 250: statement("commit"), 400: statement("begin"), 500: statement("select 1/0"), 600: statement("commit")}},
	} {
		t.Run(name, func(t *testing.T) {
			frameRows(t)
			defer noFrameRows(t)
			want := pipeline(t, plainSession(t), c.every, c.atPlain)
			got := pipeline(t, appSession(t), c.every, c.proxied)
			onlyTypesOfErrors(got)
			onlyTypesOfErrors(want)
			sameTrace(t, got, want)
			if len(want) < 1000 {
				t.Errorf("only %d frames", len(want))
			}
		})
	}
}

// onlyTypesOfErrors leaves an error's wording out, where a refusal stands beside an error.
func onlyTypesOfErrors(trace []string) {
	for i, l := range trace {
		if strings.HasPrefix(l, "E ERROR") {
			trace[i] = l[:7]
		}
	}
}

// TestPipelineByAClient does it with pgconn's pipeline mode, which checks the order of answers itself.
func TestPipelineByAClient(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	ctx := context.Background()
	c := connect(shared.DSN("app", password("app"), "shop", ""))
	defer c.Close(ctx)
	p := c.StartPipeline(ctx)
	for i := range 1000 {
		if i%2 == 0 {
			p.SendQueryParams("select email, id from people where email = $1", [][]byte{fmt.Appendf(nil, "cnry-frame-%d", 1+i%20)}, nil, nil, nil)
		} else {
			p.SendQueryParams("select $1::text, $2::int4", [][]byte{fmt.Appendf(nil, "plain-%d", i), []byte("5")}, nil, nil, nil)
		}
		if i%7 == 0 {
			p.SendPipelineSync()
		} else {
			p.SendFlushRequest()
		}
	}
	p.SendPipelineSync()
	if err := p.Flush(); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		r, err := p.GetResults()
		if err != nil {
			t.Fatal(i, err)
		}
		got := r.(*pgconn.ResultReader).Read()
		want := fmt.Sprintf("cnry-frame-%d", 1+i%20)
		if i%2 == 1 {
			want = fmt.Sprintf("plain-%d", i)
		}
		if got.Err != nil || len(got.Rows) != 1 || string(got.Rows[0][0]) != want {
			t.Fatalf("statement %d: %v %q, want %s", i, got.Err, got.Rows, want)
		}
		if i%7 == 0 {
			if _, err := p.GetResults(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
