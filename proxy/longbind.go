package proxy

import (
	"errors"
	"fmt"

	"github.com/pgveil/pgveil/proxy/wire"
)

// longBind is the length, in bytes, from which on a Bind is not read whole before it is known that it must be.
const longBind = 64 << 10

// bindUnread hands on the Bind announced, in pieces, if its statement touches nothing sensitive. If it is not done the message is still
// to be read.
func (s *session) bindUnread() (done bool, err error) {
	drop := func() (bool, error) {
		if err := s.client.Discard(); err != nil {
			return true, fmt.Errorf("client read: %w", err)
		}
		return true, nil
	}
	head, err := s.client.Peek(peeked)
	if err != nil {
		return true, fmt.Errorf("client read: %w", err)
	}
	if s.ledger.dropping() {
		return drop()
	}
	s.span = nil
	if s.lingering {
		if err := s.stillOpen(); errors.Is(err, errDropped) {
			return drop()
		} else if err != nil {
			return true, err
		}
	}
	r := wire.NewReader(head)
	portalName, name := r.CString(), r.CString()
	if r.Err() != nil || s.room(portalName, true, 0) != nil {
		return false, nil
	}
	a := answer{kind: kindBind, name: string(portalName)}
	st, err := s.statement(name)
	if errors.Is(err, errDropped) {
		return drop()
	}
	if err != nil {
		return true, err
	}
	if st != nil {
		p, err := s.revalidate(name, st)
		switch {
		case errors.Is(err, errDropped):
			return drop()
		case refusedBy(err) != nil:
			return false, nil
		case err != nil:
			return true, err
		case !p.Plain:
			return false, nil
		}
		a.portal = &portal{stmt: st, plan: p, batch: s.batch}
	}
	return true, s.pass(a)
}
