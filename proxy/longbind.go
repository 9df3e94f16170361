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
	head, err := s.client.Peek(peeked)
	if err != nil {
		return true, fmt.Errorf("client read: %w", err)
	}
	a, unread, err := s.unreadBind(head)
	switch {
	case errors.Is(err, errDropped):
		if err := s.client.Discard(); err != nil {
			return true, fmt.Errorf("client read: %w", err)
		}
		return true, nil
	case err != nil:
		return true, err
	case !unread:
		return false, nil
	}
	return true, s.pass(a)
}

// unreadBind is what a Bind that begins with head will be answered, if it may go to the server unread.
func (s *session) unreadBind(head []byte) (a answer, unread bool, err error) {
	if err := s.attend(); err != nil {
		return a, false, err
	}
	r := wire.NewReader(head)
	portalName, name := r.CString(), r.CString()
	if r.Err() != nil || s.room(portalName, true, 0) != nil {
		return a, false, nil
	}
	a = answer{kind: kindBind, name: string(portalName)}
	st, err := s.statement(name)
	if err != nil {
		return a, false, err
	}
	if st != nil {
		p, err := s.revalidate(name, st)
		if err != nil && refusedBy(err) == nil {
			return a, false, err
		}
		if err != nil || !p.Plain {
			return a, false, nil
		}
		a.portal = &portal{stmt: st, plan: p, batch: s.batch}
	}
	return a, true, nil
}
