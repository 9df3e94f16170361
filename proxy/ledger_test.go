package proxy

import (
	"testing"
	"time"
)

func owedKinds(l *ledger) (kinds []kind) {
	for _, a := range l.queue[l.first:] {
		kinds = append(kinds, a.kind)
	}
	return kinds
}

func sameKinds(a []kind, b ...kind) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestLedgerAnswersInOrder(t *testing.T) {
	l := newLedger()
	for range 3 { // more than once round the slice
		for _, k := range []kind{kindParse, kindBind, kindExecute, kindSync} {
			l.owe(answer{kind: k})
		}
		for _, k := range []kind{kindParse, kindBind, kindExecute, kindSync} {
			a, ok := l.next()
			if !ok || a.kind != k {
				t.Fatalf("next is %v, want %v", a.kind, k)
			}
			l.settle()
		}
	}
	if l.owed() {
		t.Error("something is owed after everything was answered")
	}
}

func TestLedgerErrorSkipsToSync(t *testing.T) {
	l := newLedger()
	old, fresh := &statement{certain: true}, &statement{}
	l.owe(answer{kind: kindParse, name: "s", stmt: old})
	l.settle()
	l.owe(answer{kind: kindExecute})
	l.owe(answer{kind: kindParse, name: "s", stmt: fresh})
	l.owe(answer{kind: kindQuery}) // skipped as well: the server ignores it before Sync
	l.owe(answer{kind: kindSync})
	l.owe(answer{kind: kindBind})
	if s, _ := l.statement([]byte("s"), 0); s != fresh {
		t.Fatal("a statement is not known to the messages behind its Parse")
	}
	l.failed()
	if !sameKinds(owedKinds(l), kindSync, kindBind) {
		t.Errorf("still owed: %v", owedKinds(l))
	}
	if s, _ := l.statement([]byte("s"), 0); s != old {
		t.Error("a Parse that the server skipped changed the meaning of its name")
	}
	if l.dropping() {
		t.Error("messages are dropped although Sync was sent")
	}
}

func TestLedgerDropsUntilSync(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindParse, name: "s", stmt: &statement{}})
	l.failed()
	if !l.dropping() {
		t.Fatal("messages behind an error are not dropped")
	}
	if l.owe(answer{kind: kindParse, name: "s", stmt: &statement{}}) {
		t.Error("a message that the server skips is owed an answer")
	}
	if s, _ := l.statement([]byte("s"), 0); s != nil {
		t.Error("a skipped Parse defined a name")
	}
	if !l.owe(answer{kind: kindSync}) || l.dropping() {
		t.Error("Sync doesn't end the dropping")
	}
}

func TestLedgerErrorOfSimpleQueryKeepsTheRest(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindQuery})
	l.owe(answer{kind: kindParse})
	l.failed()
	if !sameKinds(owedKinds(l), kindQuery, kindParse) || l.dropping() {
		t.Errorf("owed: %v", owedKinds(l))
	}
}

func TestLedgerCloseIsUndone(t *testing.T) {
	l := newLedger()
	s, p := &statement{certain: true}, &portal{certain: true}
	l.statements["s"], l.portals["p"] = s, p
	l.owe(answer{kind: kindExecute})
	l.owe(answer{kind: kindClose, closes: 'S', name: "s"})
	l.owe(answer{kind: kindClose, closes: 'P', name: "p"})
	l.owe(answer{kind: kindBind, name: "p", portal: &portal{}})
	l.owe(answer{kind: kindSync})
	l.failed()
	if l.statements["s"] != s || l.portals["p"] != p {
		t.Error("a Close that the server skipped has closed something")
	}
}

// A name that was given in an earlier batch may mean something else to the server, if that batch failed.
func TestLedgerIsNotSureOfUnansweredNames(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindParse, name: "s", stmt: &statement{batch: 1}})
	if _, sure := l.statement([]byte("s"), 1); !sure {
		t.Error("not sure in the same batch, where a failed Parse makes the server skip what follows")
	}
	if _, sure := l.statement([]byte("s"), 2); sure {
		t.Error("sure of a name whose Parse is unanswered, in a later batch")
	}
	if _, sure := l.statement([]byte("other"), 1); sure {
		t.Error("sure that a name is unknown while a Close of it may be skipped")
	}
	l.settle()
	if _, sure := l.statement([]byte("s"), 2); !sure {
		t.Error("not sure of a confirmed name")
	}
}

func TestLedgerCopyIgnoresEarlySyncs(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindExecute})
	l.owe(answer{kind: kindSync}) // libpq sends it at once; the server is copying by then
	l.copyStarted(nil)
	if !sameKinds(owedKinds(l), kindExecute) {
		t.Fatalf("owed: %v", owedKinds(l))
	}
	l.owe(answer{kind: kindSync})
	l.owe(answer{kind: kindCopyEnd})
	l.owe(answer{kind: kindSync})
	if !sameKinds(owedKinds(l), kindExecute, kindCopyEnd, kindSync) {
		t.Errorf("owed: %v", owedKinds(l))
	}
	l.settle()
	if a, _ := l.next(); a.kind != kindSync {
		t.Errorf("next is %v", a.kind)
	}
}

func TestLedgerCopySentInAdvance(t *testing.T) {
	l := newLedger()
	for _, k := range []kind{kindExecute, kindSync, kindCopyEnd, kindSync} {
		l.owe(answer{kind: k})
	}
	l.copyStarted(nil)
	if !sameKinds(owedKinds(l), kindExecute, kindCopyEnd, kindSync) || l.copyIn {
		t.Errorf("owed: %v, copyIn %v", owedKinds(l), l.copyIn)
	}
}

func TestLedgerSkipTellsWhetherItIsTrue(t *testing.T) {
	for _, c := range []struct {
		name  string
		kinds []kind
		want  bool
		drops bool
	}{
		{"simple query", []kind{kindQuery, kindQuery}, true, false},
		{"alone in its batch", []kind{kindExecute, kindClose, kindSync, kindExecute}, true, false},
		{"batch still open", []kind{kindExecute}, true, true},
		{"another execution behind", []kind{kindExecute, kindBind, kindExecute, kindSync}, false, false},
		{"nothing owed", nil, false, false},
	} {
		l := newLedger()
		for _, k := range c.kinds {
			l.owe(answer{kind: k})
		}
		if got := l.skip(); got != c.want || l.dropping() != c.drops {
			t.Errorf("%s: skip %v, dropping %v", c.name, got, l.dropping())
		}
	}
}

func TestLedgerQuiet(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindQuery})
	done := make(chan bool)
	go func() { done <- l.quiet() }()
	select {
	case <-done:
		t.Fatal("quiet while an answer is owed")
	case <-time.After(10 * time.Millisecond):
	}
	l.settle()
	if !<-done {
		t.Error("not quiet although all was answered")
	}
	l.owe(answer{kind: kindQuery})
	go func() { done <- l.quiet() }()
	l.end()
	if <-done {
		t.Error("quiet at the session's end")
	}
}

// The server cuts names silently: two that differ behind the cut are one.
func TestLedgerCutsNamesAsTheServer(t *testing.T) {
	l := newLedger()
	long := "a234567890123456789012345678901234567890123456789012345678901234"[:63]
	st, po := &statement{}, &portal{}
	l.owe(answer{kind: kindParse, name: long + "1", stmt: st})
	l.owe(answer{kind: kindBind, name: long + "1", portal: po})
	for _, name := range []string{long, long + "2", long + "11"} {
		if s, _ := l.statement([]byte(name), 0); s != st {
			t.Errorf("statement %q is another", name)
		}
		if p, _ := l.portal([]byte(name), 0); p != po {
			t.Errorf("portal %q is another", name)
		}
	}
	if s, _ := l.statement([]byte(long[:62]), 0); s != nil {
		t.Error("a shorter name is the same")
	}
	l.owe(answer{kind: kindClose, closes: 'S', name: long + "3"})
	if s, _ := l.statement([]byte(long), 0); s != nil {
		t.Error("Close of a long name does not close")
	}
}

// A client that only writes must not fill the memory.
func TestLedgerCrowd(t *testing.T) {
	l := newLedger()
	for range crowd {
		if l.crowded(crowd, 1<<30) {
			t.Fatal("crowded too early")
		}
		l.owe(answer{kind: kindSync})
	}
	if !l.crowded(crowd, 1<<30) {
		t.Fatal("not crowded")
	}
	thin := make(chan int)
	go func() {
		l.thin(crowd/2, 1<<30)
		l.mu.Lock()
		defer l.mu.Unlock()
		thin <- len(l.queue) - l.first
	}()
	for range crowd/2 - 1 {
		l.settle()
	}
	select {
	case n := <-thin:
		t.Fatalf("goes on with %d owed", n)
	case <-time.After(20 * time.Millisecond):
	}
	l.settle()
	if n := <-thin; n != crowd/2 {
		t.Errorf("%d owed", n)
	}
	for l.owed() {
		l.settle()
	}
	if cap(l.queue) >= crowd {
		t.Error("the crowd's memory is kept")
	}
}
