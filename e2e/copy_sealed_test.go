package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestCopySealed: a role with sealed gets cells and can put them back into their column, and into no other.
func TestCopySealed(t *testing.T) {
	app, _ := dialogue(t)
	ctx := context.Background()
	inAll(t, []*pgconn.PgConn{app}, "insert into people (id, name, email, ssn) values (1, 'a', 'cnry-1', 'cnry-s'), (2, 'b', null, null)")
	direct("shop", "grant all on people to keeper")
	defer direct("shop", "revoke insert on people from keeper")
	keeper := session(t, shared.Stack, "keeper")
	for _, o := range []string{"", "csv", "binary"} {
		var out bytes.Buffer
		if _, err := keeper.CopyTo(ctx, &out, "copy people (id, name, email, ssn) to stdout "+o); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "cnry") || o != "binary" && !strings.Contains(out.String(), "c57e91") {
			t.Errorf("keeper got %q", out.String())
		}
		inAll(t, []*pgconn.PgConn{app}, "truncate people, logins")
		if _, err := keeper.CopyFrom(ctx, bytes.NewReader(out.Bytes()), "copy people (id, name, ssn, email) from stdin "+o); !strings.Contains(copyError(err), "22023") {
			t.Errorf("cells in each other's columns: %v", err)
		}
		if _, err := keeper.CopyFrom(ctx, bytes.NewReader(out.Bytes()), "copy people (id, name, email, ssn) from stdin "+o); err != nil {
			t.Errorf("%s: %v", o, err)
		}
		if got := contentsOf(app, "select id, email, ssn from people order by id"); !strings.Contains(got, `"1" "cnry-1" "cnry-s"`) || !strings.Contains(got, `"2" NULL NULL`) {
			t.Errorf("%s: restored %s", o, got)
		}
	}
	for _, data := range []string{"7\tx\tcnry\n", "7\tx\t\\\\x636e7279\n", "7\tx\t\\\\x\n"} {
		if _, err := keeper.CopyFrom(ctx, strings.NewReader(data), "copy people (id, name, email) from stdin"); !strings.Contains(copyError(err), "22023") {
			t.Errorf("%q: %v", data, err)
		}
	}
	if got := rowsOf(t, keeper, "select email from people where id = 1"); len(got) != 1 || !strings.Contains(string(got[0][0]), "c57e91") {
		t.Errorf("select gives %q", got)
	}
	refusedAs(t, keeper, "select id from people where email = 'cnry-1'")
	refusedAs(t, keeper, "insert into people (id, name, email) values (9, 'x', 'cnry')")
}

// manyRows writes n rows.
type manyRows struct {
	n, i int
	rest []byte
}

func (m *manyRows) Read(b []byte) (int, error) {
	for len(m.rest) < len(b) && m.i < m.n {
		m.i++
		m.rest = fmt.Appendf(m.rest, "%d\tName %d\tcnry%d@example.test\t%09d\n", m.i, m.i, m.i, m.i*7919%1000000000)
	}
	if len(m.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b, m.rest)
	m.rest = m.rest[:copy(m.rest, m.rest[n:])]
	return n, nil
}

var peakLine = regexp.MustCompile(`VmHWM:\s+([0-9]+) kB`)

// TestCopyMemory: many rows go in and out and the proxy's memory stays small.
func TestCopyMemory(t *testing.T) {
	app, _ := dialogue(t)
	ctx := context.Background()
	const n = 200000
	if tag, err := app.CopyFrom(ctx, &manyRows{n: n}, "copy people (id, name, email, ssn) from stdin"); err != nil || tag.RowsAffected() != n {
		t.Fatal(tag, err)
	}
	if tag, err := app.CopyTo(ctx, io.Discard, "copy people (id, name, email, ssn) to stdout"); err != nil || tag.RowsAffected() != n {
		t.Fatal(tag, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", shared.Stack.PID()))
	if err != nil {
		t.Fatal(err)
	}
	m := peakLine.FindSubmatch(status)
	if m == nil {
		t.Fatal("the proxy's status does not say its peak memory")
	}
	kb, _ := strconv.Atoi(string(m[1]))
	t.Logf("peak resident memory: %d MiB", kb>>10)
	if kb > 100<<10 {
		t.Errorf("the proxy has used %d MiB", kb>>10)
	}
}
