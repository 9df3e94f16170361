package proxy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// TestKeptIsExact: whatever happens to names, the bytes counted are those of the names that there are.
func TestKeptIsExact(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := newLedger()
		name := func() string { return []string{"", "a", "b", "c"}[r.IntN(4)] }
		for range 300 {
			switch r.IntN(12) {
			case 0, 1:
				l.owe(answer{kind: kindParse, name: name(), stmt: &statement{text: strings.Repeat("x", r.IntN(50))}, bytes: r.IntN(100)})
			case 2:
				l.owe(answer{kind: kindParse, name: name()})
			case 3, 4:
				l.owe(answer{kind: kindBind, name: name(), portal: &portal{}})
			case 5:
				l.owe(answer{kind: kindClose, name: name(), closes: "SP"[r.IntN(2)]})
			case 6:
				l.owe(answer{kind: kindSync})
			case 7, 8:
				if l.owed() {
					l.settle()
				}
			case 9:
				if l.owed() {
					l.failed()
				}
			case 10:
				l.forget()
				l.transactionEnded()
			case 11:
				l.keepStatement(name(), &statement{text: "kept", certain: true})
				l.keepPortal(name(), &portal{certain: true})
			}
			want := len(l.portals) * nameBytes
			for _, s := range l.statements {
				want += s.size()
			}
			if l.kept != want {
				t.Fatalf("seed %d: %d bytes are counted, %d are kept", seed, l.kept, want)
			}
			if owed := len(l.queue) - l.first; l.owedBytes() < owed*answerBytes || owed == 0 && l.owedBytes() != 0 {
				t.Fatalf("seed %d: %d bytes for %d answers", seed, l.owedBytes(), owed)
			}
		}
	}
}

// TestRoom: one more name of each kind, where there are as many as there may be.
func TestRoom(t *testing.T) {
	l := newLedger()
	for i := range 3 {
		l.owe(answer{kind: kindParse, name: fmt.Sprint("s", i), stmt: &statement{text: "select 1"}})
	}
	l.owe(answer{kind: kindBind, name: "p", portal: &portal{}})
	l.keepPlain("plain")
	for _, c := range []struct {
		name   string
		portal bool
		want   int
	}{{"new", false, 4}, {"s1", false, 3}, {"plain", false, 3}, {"new", true, 1}, {"p", true, 0}, {"s1", true, 1}} {
		if n, held := l.keeps([]byte(c.name), c.portal); n != c.want || held < 5*nameBytes {
			t.Errorf("%+v: %d names, %d bytes", c, n, held)
		}
	}
}
