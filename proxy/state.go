package proxy

import (
	"errors"
	"strings"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
)

// unsure reports whether the session's settings or search path may not be what they are believed to be.
func (s *session) unsure() bool {
	return !s.pathKnown || s.pathVolatile || s.settling || s.odd.Load()
}

// makeSure waits for settings that are on their way, refuses under settings in which text can't be read, and reads what the server
// does not report by itself if it may have changed.
func (s *session) makeSure() error {
	changing := s.settling || s.pathVolatile
	if changing || !s.pathKnown {
		if err := s.quiet(); err != nil {
			return err
		}
	}
	switch {
	case s.odd.Load():
		return refusalSettings
	case s.pathKnown && !changing:
		return nil
	case s.inBatch: // the status that the server reported last is that before the batch
	case s.transaction() == 'E' && s.pathKnown:
		return nil // the server will refuse whatever it is
	case s.transaction() == 'E':
		return refusalAborted
	}
	return s.readState()
}

// stateSettings are what reading text and values depends on. The server does not report bytea_output and extra_float_digits by itself, and the others only
// before ReadyForQuery (ReportChangedGUCOptions, src/backend/tcop/postgres.c): within a batch it must be asked.
var stateSettings = [...]string{"bytea_output", "extra_float_digits", "DateStyle", "TimeZone", "IntervalStyle", "client_encoding", "standard_conforming_strings"}

// stateQuery reads what text means in the session: the search path, the role, stateSettings, and that it is still the same session.
var stateQuery = sql.PathQuery + ", pg_catalog.pg_backend_pid(), pg_catalog.current_setting('" + strings.Join(stateSettings[:], "'), pg_catalog.current_setting('") + "')"

func (s *session) readState() error {
	rows, err := s.ask(stateQuery)
	if err != nil {
		return s.asked(err)
	}
	if len(rows) != 1 || len(rows[0]) != 3+len(stateSettings) {
		return refusalCatalog
	}
	if err := s.stays(rows[0][2]); err != nil {
		return err
	}
	path, err := sql.ParsePath(rows[0][0])
	if err != nil {
		return s.unreadable(err)
	}
	for i, name := range stateSettings {
		v := string(rows[0][3+i])
		switch {
		case oddEncoding(name, v):
			s.settling = true // until the server reports it
			return refusalSettings
		case name == stringsSetting:
			s.oldStrings.Store(v != "on")
			continue
		}
		if err := s.set(name, v); err != nil {
			s.log.Debug("a setting that values may need is not understood", zap.Error(err))
		}
	}
	s.path, s.pathID, s.pathKnown, s.settling = path, strings.Join(path, "\x00"), true, false
	open := s.transaction() != 'I' || s.inBatch
	s.pathVolatile, s.settingsOpen = s.pathVolatile && open, s.settingsOpen && open
	return nil
}

// asked says what becomes of the client's message when a statement of ours has failed.
func (s *session) asked(err error) error {
	var q *innerError
	if !errors.As(err, &q) {
		return err
	}
	if c, ok := cancelled(err); ok && !s.ledger.dropping() {
		return &sql.Refusal{Code: refusalCatalog.Code, SQLSTATE: c.sqlstate, Message: c.message, Words: sql.WordsServer, At: -1}
	}
	s.server.metrics.UpstreamError(metrics.StageCatalog)
	s.log.Warn("catalog query failed", zap.Error(err))
	if s.ledger.dropping() {
		return errDropped
	}
	if q.sqlstate == refusalAborted.SQLSTATE {
		return refusalAborted
	}
	return refusalCatalog
}

// effects notes what a statement that is about to be sent may change.
func (s *session) effects(p *policy.Plan) {
	switch {
	case !p.ChangesSchema:
	case p.OwnSchema:
		s.ddlOpen = true
	case p.Plain || p.KeepsNames:
		s.plainDDL, s.restless = true, s.restless || !p.KeepsNames
	default:
		s.ddlOpen, s.restless = true, true
	}
	s.temporaries.sent = s.temporaries.sent || p.ChangesSchema && makesTemporary(p)
	if p.ChangesPath {
		s.pathVolatile = true
	}
	if p.ChangesSettings {
		s.settling, s.settingsOpen = true, true
	}
	if p.EndsTransaction {
		if s.settingsOpen {
			s.settling, s.settingsOpen = true, false
		}
		s.ddlOpen = s.ddlOpen || s.ddlInTransaction
	}
}

// revert notes that the batch's own transaction, if it has one, ends: it takes back settings of which the server, that has not told of them,
// says nothing.
func (s *session) revert() {
	if s.settingsOpen && (s.transaction() == 'I' || s.ended) {
		s.settling = true
	}
}
