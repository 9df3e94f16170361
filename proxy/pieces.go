package proxy

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/wire"
)

// A text of several statements of which an earlier one changes what a later one means, such as CREATE TABLE and INSERT, can't be judged at
// once. It is carried out in pieces: each statement is a batch's Parse, Bind, Describe and Execute, judged when those in front of it are done,
// and one Sync ends them all. That is one transaction, as the text would be (docs/adr/0016-texts.md).

// severalTexts is why a text is not planned: its statements must be, one by one.
type severalTexts struct {
	refusal *sql.Refusal // of the whole
	pieces  []sql.Span
}

func (e *severalTexts) Error() string { return e.refusal.Error() }

// Unwrap gives the refusal to those who can't send a text in pieces.
func (e *severalTexts) Unwrap() error { return e.refusal }

// inPieces is why p, which is refused, is not the last word on text; nil if it is.
func inPieces(p *policy.Plan, text string) error {
	all := make([]*sql.Statement, len(p.Statements))
	refused := -1
	for i := range p.Statements {
		all[i] = p.Statements[i].Statement
		if refused < 0 && len(p.Statements[i].Refusals) > 0 {
			refused = i
		}
	}
	pieces, refusal := sql.Pieces(all, refused)
	switch {
	case refusal != nil:
		return at(refusal, text)
	case pieces == nil:
		return nil
	}
	return &severalTexts{refusal: at(p.Refusal, text), pieces: pieces}
}

// endsFirst takes a text that could not be planned in an aborted transaction for one in pieces, if its first statement ends that. It is err otherwise.
func (s *session) endsFirst(err error, text []byte) error {
	var buf [12]byte
	switch string(firstWord(text, buf[:])) {
	case "rollback", "abort", "commit", "end":
		if refusedBy(err) != refusalAborted || single(text) {
			return err
		}
	default:
		return err
	}
	split := sql.Split
	if s.escapes(text) {
		split = sql.SplitEscaping
	}
	pieces, refusal := split(string(text))
	switch {
	case refusal != nil:
		return at(refusal, string(text))
	case len(pieces) < 2:
		return err
	}
	return &severalTexts{refusal: refusalAborted, pieces: pieces}
}

// piece is one statement of a text that is carried out in pieces.
type piece struct {
	before int  // characters of the text in front of it
	behind bool // others come before it
}

// queryPieces carries out a simple Query in pieces.
func (s *session) queryPieces(text string, pieces []sql.Span) error {
	s.batch++
	s.inBatch = true
	err := s.implicitBlock()
	counted, characters := 0, 0
	for i, at := range pieces {
		if err != nil {
			break
		}
		characters += utf8.RuneCountInString(text[counted:at.Start])
		counted = at.Start
		s.piece = &piece{before: characters, behind: i > 0}
		err = s.queryPiece(text[at.Start:at.End])
	}
	s.piece = nil
	if err == nil {
		err = s.lookForMade()
	}
	if err != nil && !errors.Is(err, errDropped) {
		return err
	}
	s.endBatch()
	return s.send(answer{kind: kindSync}, wire.AppendFrame(nil, 'S', nil))
}

// endBatch follows a Sync that is about to be sent.
func (s *session) endBatch() {
	s.revert()
	s.inBatch, s.ended, s.executed, s.lingering = false, false, false, false
	s.batch++
	s.ddlOpen = s.ddlOpen || s.ddlInTransaction
}

// implicitBlock makes the server take all that follows for a part of something, as it does the statements of a text, in which VACUUM and its like
// are errors: otherwise it would for a batch's second message only (PreventInTransactionBlock in src/backend/access/transam/xact.c). SHOW takes
// no snapshot, so SET TRANSACTION may still come.
func (s *session) implicitBlock() error {
	if s.transaction() != 'I' {
		return nil
	}
	_, err := s.ask("SHOW transaction_isolation")
	if err != nil {
		return s.asked(err)
	}
	return nil
}

// queryPiece carries out one statement. What is refused of it makes the server raise an error, behind which all else is dropped.
func (s *session) queryPiece(text string) error {
	if err := s.waitForAnswers('Q'); err != nil {
		return err
	}
	if err := s.lookForMade(); err != nil {
		return err
	}
	named := wire.AppendCString(nil, "")
	steps := []struct {
		do   func(frame, body []byte) error
		typ  byte
		body []byte
	}{
		{s.parse, 'P', append(wire.AppendCString(wire.AppendCString(nil, ""), text), 0, 0)},
		{s.bind, 'B', []byte{0, 0, 0, 0, 0, 0, 0, 0}},
		{s.describe, 'D', append([]byte{'P'}, named...)},
		{s.execute, 'E', wire.AppendInt32(named, 0)},
	}
	for _, step := range steps {
		frame := wire.AppendFrame(nil, step.typ, step.body)
		if err := step.do(frame, frame[5:]); err != nil {
			return err
		}
		if s.ledger.dropping() {
			return errDropped
		}
	}
	return nil
}

// dropPiece takes from the server what a piece has left under the empty name, before the client speaks of that: its Query leaves nothing there
// (exec_simple_query in src/backend/tcop/postgres.c).
func (s *session) dropPiece(what byte) error {
	return s.send(answer{kind: kindClose, closes: what, own: true}, wire.AppendFrame(nil, 'C', []byte{what, 0}))
}

// place moves the position of the error that begins at start of out from the piece's text to the whole one.
func (p *piece) place(out []byte, start int) []byte {
	if p == nil || p.before == 0 || len(out) < start+5 {
		return out
	}
	r := wire.NewReader(append([]byte(nil), out[start+5:]...))
	out, at := wire.Begin(out[:start], 'E')
	for {
		field := r.Byte()
		if field == 0 || r.Err() != nil {
			break
		}
		v := string(r.CString())
		if n := 0; field == 'P' {
			if _, err := fmt.Sscan(v, &n); err == nil {
				v = fmt.Sprint(n + p.before)
			}
		}
		out = wire.AppendCString(append(out, field), v)
	}
	return wire.End(append(out, 0), at)
}
