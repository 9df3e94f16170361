package proxy

import (
	"errors"
	"slices"
)

// The savepoint around a reading of the catalog inside the client's transaction.
const (
	stepAside = "SAVEPOINT " + innerName
	stepBack  = "ROLLBACK TO SAVEPOINT " + innerName
	forget    = "RELEASE SAVEPOINT " + innerName
)

// asideTries is how often aside reads: what other sessions drop while the catalog is read makes a reading fail. One that fails because
// it waited for a lock would wait again, and one that was cancelled is not wanted.
const (
	asideTries       = 3
	lockNotAvailable = "55P03"
)

// aside is ask for statements that may fail, and that lock what they look at: inside the client's transaction it runs them in a
// subtransaction, which it rolls back in any case. So a failure doesn't abort the client's transaction, and the locks, which would
// otherwise be held to its end, are given back.
//
// Within a batch there is no such place: the batch may be a transaction of its own, in which SAVEPOINT is an error.
func (s *session) aside(texts ...string) ([][][]byte, error) {
	if err := s.quiet(); err != nil {
		return nil, err
	}
	if s.transaction() != 'T' || s.inBatch {
		return s.ask(texts...)
	}
	var rows [][][]byte
	var err error
	for range asideTries {
		rows, err = s.ask(slices.Concat([]string{stepAside}, texts, []string{stepBack, forget})...)
		var refused *innerError
		if !errors.As(err, &refused) || s.transaction() != 'E' {
			break
		}
		if _, back := s.put(stepBack, forget); back != nil || refused.sqlstate == lockNotAvailable || refused.cancelled() {
			return nil, err
		}
	}
	return rows, err
}
