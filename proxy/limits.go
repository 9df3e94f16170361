package proxy

import (
	"errors"
	"time"

	"github.com/pgveil/pgveil/policy/sql"
)

// Limits bound what a session or the whole may use. Zero values are not allowed but where said.
type Limits struct {
	Sessions            int           // at the same time
	PerUser             int           // sessions of one user
	PerAddress          int           // sessions from one address, see sourceOf
	Strangers           int           // connections that have not signed in
	StrangersPerAddress int           // those from one address
	SignInDelay         time.Duration // of the answer to a sign-in after several that have failed; 0: none
	Handshake           time.Duration // from accept to the end of sign-in
	Message             int           // bytes of a message that must be read whole
	Statement           int           // bytes of a text of SQL
	Pipeline            int           // answers owed to a session before its client is not read any more
	Prepared            int           // prepared statements, and cursors, of a session by name
	Held                int           // bytes that a session keeps from one message to the next
	Catalog             time.Duration // age at which the catalog is read again
	Plans               int           // bytes of the plan cache
	Drain               time.Duration // that transactions are given to finish when the server stops
	Delay               time.Duration // 0: none; before that, in which clients are still taken while Stopping says that they should not come
}

var errUnlimited = errors.New("proxy: limits must be set")

// set reports whether every limit that must be is.
func (l Limits) set() bool {
	for _, n := range []int{l.Sessions, l.PerUser, l.PerAddress, l.Strangers, l.StrangersPerAddress, int(l.Handshake), l.Message, l.Statement,
		l.Pipeline, l.Prepared, l.Held, l.Plans} {
		if n <= 0 {
			return false
		}
	}
	return true
}

// SetLimits makes l the limits of connections and statements from now on. Catalog and Plans stay as they were.
func (s *Server) SetLimits(l Limits) error {
	if !l.set() {
		return errUnlimited
	}
	s.limits.Store(&l)
	return nil
}

// limitRefusals documents the codes of limits for which the server has no words.
func limitRefusals() []sql.RefusalDoc {
	return []sql.RefusalDoc{
		{Code: codeAddressFull, SQLSTATE: "53300", Title: "Too many connections from one address",
			Fix: "Close some of them, or wait a moment. An operator can raise limits.max_connections_per_address, or " +
				"limits.max_unauthenticated_per_address for connections that have not signed in."},
		{Code: codeThrottled, SQLSTATE: "53300", Title: "Too many failed sign-ins from one address",
			Fix: "Wait, or try from elsewhere: the failures are forgotten ten minutes after the latest. It is said before a password is asked, and " +
				"whether the password would have been right is not looked at. See limits.sign_in_delay."},
		{Code: refusalStatement.Code, SQLSTATE: refusalStatement.SQLSTATE, Title: "The text of a statement is too long", Fix: refusalStatement.Hint},
		{Code: refusalNames.Code, SQLSTATE: refusalNames.SQLSTATE, Title: "A session has too many prepared statements or cursors", Fix: refusalNames.Hint},
		{Code: refusalHeld.Code, SQLSTATE: refusalHeld.SQLSTATE, Title: "The names of a session take too much memory", Fix: refusalHeld.Hint},
	}
}
