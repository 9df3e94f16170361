package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	copyPeopleIn  = "copy people (id, name, email, ssn, age) from stdin"
	copyPeopleOut = "copy (select id, name, email, ssn, age from people where id >= 7000 order by id) to stdout"
	seePeople     = "select id, name, email, ssn, age from people where id > 7020 order by id"
	forgetPeople  = "delete from people where id > 7020"
)

// copyScripts are COPY over a protected table, frame by frame; see scripts. Rows 7001 to 7020 of people exist.
var copyScripts = []struct {
	name  string
	steps []step
}{
	{"out", []step{
		do(query(copyPeopleOut)), do(query(copyPeopleOut + " csv header; select 1; " + copyPeopleOut + " binary")),
		do(query("copy (select email, ssn from people where id = 7001) to stdout; select nosuch; select 1")),
		do(query("copy (select email, 1 / (id - 7003) from people where id > 7000 order by id) to stdout")),
		do(query("select email from people where id = 7001")),
		do(query("begin"), query("copy (select email, 1 / (id - 7003) from people where id > 7000 order by id) to stdout"), query(copyPeopleOut)),
		do(query("rollback")),
	}},
	{"out, extended", []step{
		do(parse("", copyPeopleOut), bind("", ""), describe('P', ""), execute("", 0), sync),
		do(parse("o", copyPeopleOut+" binary"), describe('S', "o"), bind("", "o"), execute("", 0), bind("", "o"), execute("", 0), sync),
		do(parse("", "select email from people where id = $1"), bind("", "", "7001"), execute("", 0), bind("", "o"), execute("", 0),
			parse("", "select ssn from people where email = $1"), bindBinary("", "", "cnry-frame-2"), execute("", 0), sync),
		do(parse("", "copy (select email, 1 / (id - 7003) from people where id > 7000 order by id) to stdout"), bind("", ""), execute("", 0),
			parse("", "select ssn from people where id = 7001"), bind("", ""), execute("", 0), sync),
		do(bind("", "o"), execute("", 0), sync),
		do(closing('S', "o"), sync),
	}},
	{"in, simple", []step{
		upTo('G', 1, query(copyPeopleIn)), do2(1, copyData("7021\tx\tcnry-21\tcnry-s\t7\n70"), copyData("22\ty\t\\N\t\\N\t\\N\n"), copied), do(query(seePeople)),
		upTo('G', 1, query(copyPeopleIn+" csv; "+seePeople+"; select 7")), do2(1, copyData("7023,x,\"cnry"), copyData("-23\",,8\n"), copied),
		upTo('G', 1, query(copyPeopleIn+"; copy things (id, label) from stdin; "+copyPeopleIn+"; "+copyPeopleOut)),
		upTo('G', 1, copyData("7024\tx\tcnry-24\t\t1"), copied), upTo('G', 1, copyData("7024\tplain\n"), copied),
		do2(1, copyData("7025\tx\tcnry-25\t\t2\n"), copied),
		do(query(seePeople + "; select id, label from things; delete from things; " + forgetPeople)),
	}},
	{"in, simple, statements after a failure", []step{
		upTo('G', 1, query(copyPeopleIn+"; select 1; "+seePeople)), do2(1, copyData("7021\tx\tcnry-21\t\t1\n7001\tx\tcnry-22\t\t1\n"), copied), do(query(seePeople)),
		upTo('G', 1, query(copyPeopleIn+"; select 1; "+seePeople)), do2(1, copyData("7021\tx\tcnry-21\t\tcnry\n7022\tx\tcnry-22\t\t1\n"), copied), do(query(seePeople)),
		upTo('G', 1, query(copyPeopleIn+"; select 1; "+seePeople)), do2(1, copyData("7021\tx\tcnry-21\t\t1\n"), &pgproto3.CopyFail{Message: "enough"}), do(query(seePeople)),
		upTo('G', 1, query(copyPeopleIn+"; "+copyPeopleIn)), upTo('G', 1, copyData("7021\tx\tcnry-21\t\t1\n"), copied),
		do2(1, copyData("7022\tx\tcnry-22\t\tcnry\n"), copyData("7023\tx\tcnry-23\t\t1\n"), copied), do(query(seePeople)),
	}},
	{"in a transaction", []step{
		do(query("begin")), upTo('G', 1, query(copyPeopleIn)), do2(1, copyData("7021\tx\tcnry-21\t\t1\n"), copied),
		do(query("savepoint a")), upTo('G', 1, query(copyPeopleIn)), do2(1, copyData("7022\tx\tcnry-22\t\t1\n"), copied), do(query(seePeople)),
		do(query("rollback to a")), do(query(seePeople)), upTo('G', 1, query(copyPeopleIn)), do2(1, copyData("7022\tx\tcnry-22\t\tcnry\n"), copied),
		do(query(seePeople)), do(query("rollback to a")), do(query(seePeople)),
		upTo('G', 1, query(copyPeopleIn)), do2(1, copyData("7021\tx\tcnry-22\t\t1\n"), copied), do(query(seePeople)), do(query("rollback to a; release a")), do(query(seePeople)),
		upTo('G', 1, query(copyPeopleIn)), do2(1, copyData("7023\tx\tcnry-23\t\t1\n"), copied), do(query("commit")), do(query(seePeople)), do(query(forgetPeople)),
	}},
	{"in, extended", []step{
		upTo('G', 1, parse("", copyPeopleIn), bind("", ""), describe('P', ""), execute("", 0), sync),
		do2(1, copyData("7021\tx\tcnry-21\t\t1\n"), flush, copyData("7022\tx\tcnry"), copyData("-22\t\t1\n"), copied, sync), do(query(seePeople)),
		upTo('G', 1, parse("i", copyPeopleIn), describe('S', "i"), bind("", "i"), execute("", 0), flush),
		do2(1, sync, copyData("7023\tx\tcnry-23\t\t1\n"), sync, copied, sync),
		do2(1, bind("", "i"), execute("", 0), copyData("7024\tx\tcnry-24\t\t1\n"), copied, sync),
		do2(2, bind("", "i"), execute("", 0), sync, copyData("7025\tx\tcnry-25\t\t1\n"), copied, sync,
			parse("", seePeople), bind("", ""), execute("", 0), sync),
		do(bind("", "none"), sync), do(query(forgetPeople)),
	}},
	{"in a pipeline", []step{
		do2(1, parse("i", copyPeopleIn), parse("s", "select email from people where id = $1"), bind("", "s", "7001"), execute("", 0),
			bind("", "i"), execute("", 0), copyData("7021\tx\tcnry-21\t\t1\n"), copied,
			bind("", "s", "7021"), execute("", 0), parse("", "select ssn, age from people where email = $1"), bindBinary("", "", "cnry-21"), execute("", 0),
			bind("", "i"), execute("", 0), copyData("7022\tx\tcnry-22\t\t"), copyData("2\n"), copied, bind("", "s", "7022"), execute("", 0), sync),
		do2(1, bind("", "i"), execute("", 0), copyData("7023\tx\tcnry-23\t\tcnry\n"), copied, bind("", "s", "7001"), execute("", 0), sync),
		do2(1, bind("", "s", "7001"), execute("", 0), bind("", "i"), execute("", 0), copyData("7023\tx\tcnry-21\t\t1\n"), copied,
			bind("", "s", "7001"), execute("", 0), sync),
		do2(1, bind("", "none"), bind("", "i"), execute("", 0), copyData("7023\tx\tcnry-24\t\t1\n"), copied, sync),
		do(bind("", "s", "7021"), execute("", 0), bind("", "s", "7023"), execute("", 0), sync), do(query(forgetPeople)), do(query("deallocate all")),
	}},
	{"in, extended, fails", []step{
		upTo('G', 1, parse("", copyPeopleIn), bind("", ""), execute("", 0), sync),
		do2(1, copyData("7021\tx\tcnry-21\t\tcnry\n"), copyData("7022\tx\tcnry-22\t\t1\n"), copied, sync), do(query(seePeople)),
		upTo('G', 1, parse("", copyPeopleIn), bind("", ""), execute("", 0), sync),
		do2(1, copyData("seven\tx\tcnry-21\t\t1\n"), copyData("7022\tx\tcnry-22\t\t1\n"), copied, sync), do(query(seePeople)),
		upTo('G', 1, parse("", copyPeopleIn), bind("", ""), execute("", 0), sync),
		do2(1, copyData("7021\tx\tcnry-21\t\t1\n"), &pgproto3.CopyFail{Message: "enough"}, sync), do(query(seePeople)),
		upTo('G', 1, parse("", copyPeopleIn), bind("", ""), execute("", 0), flush),
		do2(1, copyData("7021\tx\tcnry-21\t\tcnry\n"), &pgproto3.CopyFail{Message: "enough"}, sync), do(query(seePeople)),
		silence(copyData("late cnry\n"), copied, &pgproto3.CopyFail{}),
		do(query("select email from people where id = 7001")),
	}},
}

// TestCopyFrames: COPY over a protected table is, frame by frame, what it is on a plain server: in pipelines, with Sync anywhere, among other
// statements, in transactions, and whoever finds an error. The sweep looks for what the sessions sent.
func TestCopyFrames(t *testing.T) {
	defer noFrameRows(t)
	for _, s := range copyScripts {
		t.Run(s.name, func(t *testing.T) {
			frameRows(t)
			want := plainSession(t).record(t, s.steps, nil)
			got := appSession(t).record(t, s.steps, nil)
			sameTrace(t, got, want)
			if slices.Contains(want, "END") {
				t.Errorf("the script ends the plain session:\n%s", strings.Join(want, "\n"))
			}
		})
	}
}

// TestCopyTerminated: a client that leaves in the middle of its rows leaves none of them.
func TestCopyTerminated(t *testing.T) {
	frameRows(t)
	defer noFrameRows(t)
	for name, end := range map[string]func(c *rawConn){
		"Terminate": func(c *rawConn) { c.send(t, &pgproto3.Terminate{}) }, "close": func(c *rawConn) { c.Close() }, "reset": (*rawConn).reset,
	} {
		c := appSession(t)
		c.send(t, query(copyPeopleIn))
		c.until('G', 1)
		c.send(t, copyData("7021\tx\tcnry-21\t\t1\n7022\tx\tcn"))
		end(c)
		noCopies(t, name)
		if got := contentsOf(session(t, shared.Stack, "app"), seePeople); strings.Contains(got, "702") {
			t.Errorf("%s: %s", name, got)
		}
	}
	c := appSession(t)
	c.send(t, query("copy (select p.email from people p, generate_series(1, 1000000)) to stdout"))
	c.until('d', 3)
	c.reset()
	noCopies(t, "COPY TO")
}

// noCopies waits until no session of the database shop is within a COPY.
func noCopies(t *testing.T, of string) {
	t.Helper()
	su := directly(t)
	within(t, of+": no COPY goes on", func() bool {
		return string(rowsOf(t, su, "select count(*) from pg_stat_activity where datname = 'shop' and query ilike 'copy %' and state <> 'idle'")[0][0]) == "0"
	})
}
