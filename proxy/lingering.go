package proxy

// From PostgreSQL 18 on, a simple Query does not end the transaction of the batch that is open in front of it, if that batch has executed
// something: the transaction goes on, with status T, until Sync (start_xact_command and exec_execute_message in
// src/backend/tcop/postgres.c). So there a statement of the proxy's own must neither begin such a transaction nor end one.

// lingers is the first of these versions.
const lingers = 18

// endOpen is called before a Query in a batch that has no error. Where the client has executed nothing in it, but the proxy may, a Sync
// of the proxy's own ends the batch, so that the Query is a transaction of its own as it would be without the proxy.
func (s *session) endOpen() error {
	if s.major < lingers || s.executed {
		return nil
	}
	s.endBatch()
	_, err := s.put()
	return err
}

// remain is called behind a Query in a batch.
func (s *session) remain() {
	s.lingering = s.major >= lingers && s.executed
}

// stillOpen is called before a message that follows such a Query: if the transaction is there, the batch isn't over.
func (s *session) stillOpen() error {
	if err := s.quiet(); err != nil {
		return err
	}
	s.inBatch = s.transaction() == 'T'
	s.executed, s.lingering = s.inBatch, false
	return nil
}
