package proxy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/wire"
)

// copyFailed is what CopyFail tells the server where it is the proxy that ends a COPY. The server's error quotes it.
const copyFailed = refusedName + " by the proxy"

// copyStarts answers CopyInResponse: whose data the client's next CopyData are is certain now.
func (s *session) copyStarts(a answer, typ byte) error {
	if a.run == nil {
		return desync(a.kind, typ)
	}
	if a.run.plan.plain(a.index()) {
		s.ledger.copyStarted(nil)
		return s.up.Forward(s.client)
	}
	st := a.run.statement()
	if typ != 'G' || st == nil || st.Statement == nil || st.Statement.Copy == nil || !st.Statement.Copy.In {
		return desync(a.kind, typ)
	}
	in, err := s.server.newCopyIn(a.run.plan, a.index(), s.server.limits.Load().Message)
	if err != nil {
		return err
	}
	in.csvMarker = s.version < 18
	frame, err := s.up.Frame()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	if err := copyWitness(frame[5:], in.desc); err != nil {
		in.fail(s.rowError(a, err))
	}
	a.run.in = in
	s.ledger.copyStarted(in)
	return s.client.Write(frame)
}

// copyWitness compares the server's CopyInResponse or CopyOutResponse with what analysis found.
func copyWitness(body []byte, c *sql.Copy) error {
	r := wire.NewReader(body)
	binary, n := r.Byte() == 1, int(uint16(r.Int16()))
	switch {
	case r.Err() != nil:
		return r.Err()
	case binary != (c.Format == sql.CopyBinary):
		return errors.New("the server copies in another format than expected")
	case n != len(c.Columns):
		return fmt.Errorf("the server copies %d columns, %d were expected", n, len(c.Columns))
	}
	return nil
}

// copyData takes a CopyData of the client's.
func (s *session) copyData() error {
	in, state, err := s.copying()
	if err != nil {
		return err
	}
	switch {
	case state == copyNone && !s.copyRaw:
		return s.client.Discard()
	case state != copySealed:
		return s.client.Forward(s.up)
	}
	var failed error
	err = s.client.Pieces(func(piece []byte) error {
		if failed == nil {
			failed = s.sealCopy(in, piece, false)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("client read: %w", err)
	}
	return s.copyFail(in, failed)
}

// sealCopy sends the sealed rows of a piece of the client's data. Small pieces share a CopyData while they wait to be sent.
func (s *session) sealCopy(in *copyIn, piece []byte, final bool) error {
	if in.failed.Load() != nil {
		return errCopyFailed
	}
	out := s.up.Out()
	at, keep := in.frame, len(out)
	if in.frameEnd != len(out) || in.frameEnd == in.frame {
		out, at = wire.Begin(out, 'd')
	}
	empty := len(out)
	out, err := in.appendSealed(out, piece, final, s.settings.Load())
	if err != nil {
		s.copyRefused(in, err) // before the server can say what it thinks of a row that was cut
	}
	if len(out) == empty {
		return errors.Join(err, s.up.SetOut(out[:keep]))
	}
	in.frame, in.frameEnd = at, len(out)
	return errors.Join(err, s.up.SetOut(wire.End(out, at)))
}

var errCopyFailed = errors.New("the COPY has failed")

// copyEnd takes the client's CopyDone or CopyFail.
func (s *session) copyEnd(typ byte) error {
	in, state, err := s.copying()
	if err != nil {
		return err
	}
	if state == copySealed && typ == 'c' {
		if err := s.sealCopy(in, nil, true); err != nil {
			return errors.Join(s.client.Discard(), s.copyFail(in, err))
		}
	}
	if state == copySealed && typ == 'f' {
		return s.giveUpCopy(in)
	}
	return s.pass(answer{kind: kindCopyEnd})
}

// copyFail ends a COPY whose data can't be sealed. A nil error does nothing.
func (s *session) copyFail(in *copyIn, cause error) error {
	if cause == nil {
		return nil
	}
	s.copyRefused(in, cause)
	frame, at := wire.Begin(nil, 'f')
	err := s.send(answer{kind: kindCopyEnd}, wire.End(wire.AppendCString(frame, copyFailed), at))
	if errors.Is(err, errDropped) { // the server has failed by itself
		return nil
	}
	return err
}

// copyRefused keeps the first reason why a COPY ends.
func (s *session) copyRefused(in *copyIn, cause error) {
	if in.failed.Load() == nil {
		s.server.metrics.Refusal(codeOf(in.fail(cause).Message))
	}
}

// codeOf is the code at the end of a message of ours.
func codeOf(message string) string {
	i := strings.LastIndex(message, "[PV")
	if i < 0 {
		return "PV010"
	}
	return strings.TrimSuffix(message[i+1:], "]")
}

// copying says what the client's CopyData are for. While that is for the server to say it waits.
func (s *session) copying() (*copyIn, copyState, error) {
	in, state := s.ledger.copying()
	if state != copyUnsure {
		return in, state, nil
	}
	if err := s.up.Flush(); err != nil {
		return nil, copyNone, err
	}
	in, state = s.ledger.awaitCopy()
	return in, state, nil
}

// copyState says what CopyData are for.
type copyState uint8

const (
	copyNone   copyState = iota // for nothing: a server drops them
	copyPlain                   // for a COPY that may have them as they are
	copySealed                  // for a COPY whose rows are sealed
	copyUnsure                  // a sensitive COPY has been sent and may begin
)

// copying says what CopyData that come now are for.
func (l *ledger) copying() (*copyIn, copyState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.copyingLocked()
}

func (l *ledger) copyingLocked() (*copyIn, copyState) {
	switch {
	case l.copyIn && l.sealed != nil:
		return l.sealed, copySealed
	case l.copyIn:
		return nil, copyPlain
	case l.skipping:
		return nil, copyNone
	}
	for i := l.first; i < len(l.queue); i++ {
		if r := l.queue[i].run; r != nil && r.copies() {
			return nil, copyUnsure
		}
	}
	return nil, copyNone
}

// awaitCopy waits until it is certain what CopyData are for, or the session ends.
func (l *ledger) awaitCopy() (*copyIn, copyState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		in, state := l.copyingLocked()
		if state != copyUnsure {
			return in, state
		}
		if l.ended {
			return nil, copyNone
		}
		l.change.Wait()
	}
}

// copies reports whether a text that is not plain may take CopyData.
func (r *run) copies() bool {
	if r.plan.Plain {
		return false
	}
	for i := range r.plan.Statements {
		if r.plan.Statements[i].Verb == "copy" {
			return true
		}
	}
	return false
}

// copyOutStarts answers CopyOutResponse.
func (s *session) copyOutStarts(a answer) error {
	if a.run == nil {
		return desync(a.kind, 'H')
	}
	a.run.out = nil
	if a.run.plan.plain(a.index()) {
		return s.up.Forward(s.client)
	}
	frame, err := s.up.Frame()
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	st := a.run.statement()
	if st == nil || st.Statement == nil || st.Statement.Copy == nil || st.Statement.Copy.In {
		return desync(a.kind, 'H')
	}
	if err := copyWitness(frame[5:], st.Statement.Copy); err != nil {
		return s.ownError(a, err)
	}
	if a.run.out, err = s.server.newCopyOut(a.run.plan, a.index(), s.server.limits.Load().Message); err != nil {
		return s.ownError(a, err)
	}
	a.run.shape = a.run.out.shape
	return s.client.Write(frame)
}

// copyOutData shows a CopyData of the server's: one for one, since a client may take each for a row.
func (s *session) copyOutData(a answer) error {
	if a.run == nil {
		return desync(a.kind, 'd')
	}
	if a.run.out == nil {
		if !a.run.plan.plain(a.index()) {
			return desync(a.kind, 'd')
		}
		return s.up.Forward(s.client)
	}
	s.inCopy, s.rowsOf = true, a
	var failed, lost error
	show := func(piece []byte) error {
		if failed == nil {
			failed, lost = s.showCopy(a.run, piece, false)
		}
		return lost
	}
	var err error
	if s.up.Size() <= copyWhole { // what comes as one message leaves as one
		var body []byte
		if body, err = s.up.Body(); err == nil {
			err = show(body)
		}
	} else {
		err = s.up.Pieces(show)
	}
	if lost != nil {
		return lost
	}
	if err != nil {
		return fmt.Errorf("upstream read: %w", err)
	}
	if failed != nil {
		s.inCopy = false
		return s.ownError(a, failed)
	}
	return nil
}

// copyWhole is up to which size, in bytes, a CopyData from the server is waited for whole. The server makes one of each row; longer ones are
// shown as they come.
const copyWhole = 64 << 10

// showCopy appends what the client sees of a piece of data to what is pending for it. failed says that the data can't be shown, lost that
// the client can't be reached.
func (s *session) showCopy(r *run, piece []byte, final bool) (failed, lost error) {
	out := s.client.Out()
	keep := len(out)
	out, at := wire.Begin(out, 'd')
	before := r.out.rows
	out, failed = r.out.appendShown(out, piece, final, s.settings.Load(), &s.scratch)
	r.rows += r.out.rows - before
	s.scratch.trim()
	if failed != nil || len(out) == at+5 {
		return failed, s.client.SetOut(out[:keep])
	}
	return nil, s.client.SetOut(wire.End(out, at))
}

// copyOutEnds answers the server's CopyDone.
func (s *session) copyOutEnds(a answer) error {
	if a.run == nil || a.run.out == nil {
		return s.up.Forward(s.client)
	}
	failed, lost := s.showCopy(a.run, nil, true)
	a.run.out = nil
	if lost != nil {
		return lost
	}
	if failed != nil {
		return errors.Join(s.up.Discard(), s.ownError(a, failed))
	}
	return s.up.Forward(s.client)
}

// copyError is our own error in place of the server's, nil if the server's is its own.
func (r *run) copyError(body []byte) *wire.Error {
	if r == nil || r.in == nil {
		return nil
	}
	if strings.Contains(wire.ErrorField(body, 'M'), copyFailed) || r.in.short.Load() && wire.ErrorField(body, 'C') == "22P04" {
		return r.in.failed.Load()
	}
	return nil
}

// majorVersion reads server_version, as "15.3 (Debian 15.3-1)" or "18beta1"; 0 if it can't be read.
func majorVersion(v string) int {
	n := 0
	for i := 0; i < len(v) && v[i] >= '0' && v[i] <= '9' && n < 1000; i++ {
		n = n*10 + int(v[i]-'0')
	}
	return n
}
