package proxy

import "testing"

// A mark of CopyDone must not look like an answer that is owed once the COPY is over.
func TestLedgerOwesNothingAfterCopy(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindQuery})
	l.copyStarted(nil)
	l.owe(answer{kind: kindCopyEnd})
	l.settle()
	if l.owed() {
		t.Error("something is owed after a COPY in the simple protocol")
	}
	l.owe(answer{kind: kindCopyEnd}) // too late, as after an error
	if l.owed() {
		t.Error("something is owed for a CopyDone that the server ignores")
	}
	for _, k := range []kind{kindExecute, kindCopyEnd, kindSync} {
		l.owe(answer{kind: k})
	}
	l.failed()
	if !sameKinds(owedKinds(l), kindSync) {
		t.Errorf("still owed: %v", owedKinds(l))
	}
}

// The CopyDone of one COPY does not end the next one of the same Query, whether the client has waited for it or not.
func TestLedgerSeveralCopiesInAQuery(t *testing.T) {
	for _, ahead := range []int{0, 1} {
		l := newLedger()
		l.owe(answer{kind: kindQuery})
		for range ahead {
			l.owe(answer{kind: kindCopyEnd})
		}
		for i := range 3 {
			l.copyDone() // of a statement that is no COPY
			l.copyStarted(nil)
			if open := i >= ahead; l.copyIn != open {
				t.Errorf("COPY %d after %d CopyDone sent ahead: open %v", i, ahead, l.copyIn)
			}
			if i >= ahead {
				l.owe(answer{kind: kindCopyEnd})
			}
			l.copyDone()
		}
		if !sameKinds(owedKinds(l), kindQuery) {
			t.Errorf("owed: %v", owedKinds(l))
		}
	}
}

// A COPY that fails before the server reads leaves the Sync behind it to be answered.
func TestLedgerSyncOfACopyThatFails(t *testing.T) {
	for name, eaten := range map[string]bool{"ignored": true, "read": false} {
		t.Run(name, func(t *testing.T) {
			l := newLedger()
			l.owe(answer{kind: kindExecute})
			l.owe(answer{kind: kindSync})
			l.copyStarted(nil)
			l.failed()
			if !eaten {
				if !l.unowed(true) {
					t.Error("the answer to the first Sync is not expected")
				}
				if l.dropping() {
					t.Error("messages are dropped that the server reads")
				}
			}
			l.owe(answer{kind: kindSync})
			if l.unowed(true) {
				t.Error("the second Sync's answer is not its own")
			}
			l.settle()
			l.owe(answer{kind: kindQuery})
			if l.unowed(true) {
				t.Error("a Query's answer is taken for a Sync's")
			}
			if got := l.unowed(false); got != eaten {
				t.Errorf("one more answer to a Sync: %v", got)
			}
		})
	}
}

func TestLedgerSyncOfACopyThatSucceeds(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindExecute})
	l.owe(answer{kind: kindSync})
	l.copyStarted(nil)
	l.owe(answer{kind: kindCopyEnd})
	l.owe(answer{kind: kindSync})
	l.copyDone()
	l.settle()
	if !sameKinds(owedKinds(l), kindSync) || l.unowed(true) {
		t.Errorf("still owed: %v", owedKinds(l))
	}
	l.settle()
	if l.unowed(true) {
		t.Error("an answer is expected that nobody asked for")
	}
}

// What a client prepares behind DEALLOCATE ALL in a pipeline is there when that is done.
func TestLedgerForgetsOnlyWhatWasThere(t *testing.T) {
	l := newLedger()
	old, fresh := &statement{}, &statement{}
	l.owe(answer{kind: kindParse, name: "old", stmt: old})
	l.settle()
	l.owe(answer{kind: kindQuery})
	l.owe(answer{kind: kindParse, name: "new", stmt: fresh})
	l.forget()
	if s, _ := l.statement([]byte("new"), 0); s != fresh {
		t.Error("a new statement was forgotten: values would be sent unsealed")
	}
	if s, _ := l.statement([]byte("old"), 0); s != nil {
		t.Error("an old statement was kept")
	}
}

// Batches behind a failed one have their own idea of the names.
func TestLedgerFailedBatchLeavesLaterNames(t *testing.T) {
	l := newLedger()
	old, lost, fresh := &statement{}, &statement{}, &statement{}
	oldPortal, lostPortal, freshPortal := &portal{}, &portal{}, &portal{}
	l.owe(answer{kind: kindParse, stmt: old})
	l.settle()
	l.owe(answer{kind: kindBind, portal: oldPortal})
	l.settle()
	for _, a := range []answer{{kind: kindParse, stmt: lost}, {kind: kindBind, portal: lostPortal}, {kind: kindExecute}, {kind: kindSync},
		{kind: kindParse, stmt: fresh}, {kind: kindBind, portal: freshPortal}, {kind: kindSync}} {
		l.owe(a)
	}
	l.failed()
	if s, _ := l.statement(nil, 0); s != fresh {
		t.Error("the statement of a later batch was forgotten: its values would be sealed as another's, or not at all")
	}
	if p, _ := l.portal(nil, 0); p != freshPortal {
		t.Error("the portal of a later batch was forgotten")
	}
	l.settle() // the first Sync
	l.failed()
	if s, _ := l.statement(nil, 0); s != old {
		t.Error("what was replaced by two failed batches is not back")
	}
	if p, _ := l.portal(nil, 0); p != oldPortal {
		t.Error("the portal replaced by two failed batches is not back")
	}
}

func TestLedgerFailedBatchLeavesLaterClose(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindParse, name: "s", stmt: &statement{}})
	l.settle()
	for _, a := range []answer{{kind: kindParse}, {kind: kindClose, name: "s", closes: 'S'}, {kind: kindSync},
		{kind: kindClose, name: "s", closes: 'S'}, {kind: kindSync}} {
		l.owe(a)
	}
	l.failed()
	if s, _ := l.statement([]byte("s"), 0); s != nil {
		t.Error("a statement is back that a later batch has closed")
	}
}

// A portal ends with its transaction, but one that was bound since does not.
func TestLedgerPortalsEndWithTheirTransaction(t *testing.T) {
	l := newLedger()
	l.owe(answer{kind: kindBind, name: "p", portal: &portal{}})
	l.owe(answer{kind: kindSync})
	l.settle()
	l.owe(answer{kind: kindBind, name: "p", portal: &portal{}})
	l.settle()
	l.transactionEnded() // of the Sync; the second Bind is unanswered
	if po, _ := l.portal([]byte("p"), 0); po == nil {
		t.Error("a newer portal was forgotten")
	}
	l.settle()
	l.transactionEnded()
	if po, sure := l.portal([]byte("p"), 0); po != nil || !sure {
		t.Error("a portal outlives its transaction")
	}
}
