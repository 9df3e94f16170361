package chaos

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/stack"
)

var (
	chaosFor   = flag.Duration("chaos-for", 0, "how long TestChaos breaks things; 0: what "+envFor+" says, or 60s")
	chaosSeed  = flag.Uint64("chaos-seed", 1, "the seed of what TestChaos draws")
	chaosOnly  = flag.String("chaos-only", "", "of the faults, only those whose name holds this")
	chaosLoad  = flag.Int("chaos-clients", 12, "clients that do transfers")
	chaosEvery = flag.Bool("chaos-every-byte", false, "cut handshakes at every byte within TLS too")
)

// envFor names the environment variable that, if set, is how long TestChaos breaks things, where flags can't be given to one package of many.
// Handshakes are then cut at every byte, too.
const envFor = "PGVEIL_TEST_CHAOS"

// program is the pgveil that is tried.
var program string

func TestMain(m *testing.M) {
	if os.Getenv(envClock) != "" {
		tellClock()
		return
	}
	flag.Parse()
	if *chaosFor == 0 {
		*chaosFor = 60 * time.Second
		if d := os.Getenv(envFor); d != "" {
			var err error
			if *chaosFor, err = time.ParseDuration(d); err != nil {
				panic(fmt.Sprintf("%s: %v", envFor, err))
			}
			*chaosEvery = true
		}
	}
	dir, err := os.MkdirTemp("", "pgveil-chaos-")
	if err != nil {
		panic(err)
	}
	if program, err = stack.Build(dir); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// open makes a stand and its bank, and ends both when the test does.
func open(t *testing.T, proxies int) *Bank {
	t.Helper()
	return opened(t, proxies, false)
}

func opened(t *testing.T, proxies int, pair bool) *Bank {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgveil-chaos-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the proxies' files are kept in %s", dir)
		} else {
			os.RemoveAll(dir)
		}
	})
	s, err := NewStand(dir, program, proxies, pair, t.Logf)
	if s != nil {
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := NewBank(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Whatever breaks: no money is lost or made, what was acknowledged is there, what failed is not, nothing shows in clear, nothing is left over.
func TestChaos(t *testing.T) {
	t.Parallel() // most of its time is waiting
	again := fmt.Sprintf("go test ./e2e/chaos -run 'TestChaos$' -v -chaos-seed %d -chaos-for %v -chaos-clients %d", *chaosSeed, *chaosFor, *chaosLoad)
	t.Logf("seed %d; again: %s", *chaosSeed, again)
	b := open(t, 3)
	b.Run(*chaosLoad, *chaosSeed)
	var samples Samples
	report := Run(b, Plan{Seed: *chaosSeed, For: *chaosFor, Only: *chaosOnly, Faults: Faults(), Still: func(since time.Duration) {
		if err := samples.Take(b.Stand.Proxies[2], since); err != nil {
			t.Error(err)
		}
	}})
	b.Stop()
	for _, w := range append(report.Wrong, b.Examine(true)...) {
		t.Error(w)
	}
	done, undone, unknown := b.Count()
	t.Logf("%d rounds; %d transfers acknowledged, %d failed, %d unknown; %d readings; %d recorded statements; errors: %v", report.Rounds, done, undone, unknown,
		b.Reads.Load(), len(b.Acknowledged), b.Errors)
	t.Log(samples.Report())
	if done < 20*report.Rounds/2 || b.Reads.Load() < int64(report.Rounds) || len(b.Acknowledged) < report.Rounds {
		t.Error("too little was done for this to say anything")
	}
	if t.Failed() {
		t.Logf("again: %s", again)
	}
}

// Every fault stands in the table of docs by its name.
func TestFaultsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/adr/0032-chaos.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range Faults() {
		if !strings.Contains(string(text), f.Name) {
			t.Errorf("%q is not in docs/adr/0032-chaos.md", f.Name)
		}
	}
}
