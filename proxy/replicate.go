package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/wire"
)

// Refusals of replication connections; wire refuses those that the configuration doesn't permit, with PV320.
var (
	errNoReplicator = &wire.Error{Severity: "FATAL", Code: "42501", Message: "no role of this user may open replication connections [PV321]",
		Hint: "An operator can permit it: replicate: true for a role in the policy. A physical connection belongs to the database \"replication\"."}
	refusalReplication = &sql.Refusal{Code: "PV322", SQLSTATE: "0A000", At: -1,
		Message: "only replication commands can be run on a replication connection",
		Hint:    "Run SQL on an ordinary connection: here it would show and store bytes as they are, sealed or not."}
)

// replicationDatabase is what a physical replication connection, which has no database, belongs to in the policy, as in pg_hba.conf.
const replicationDatabase = "replication"

// subjectOf is who asks, from where and for what.
func subjectOf(o wire.Opening, user, method string) policy.Subject {
	s := policy.Subject{User: user, Database: o.Startup.Database, Method: method, Addr: o.Addr}
	if o.Startup.Replication == wire.PhysicalReplication {
		s.Database = replicationDatabase
	}
	return s
}

// mayOpen judges the kind of session, once it is known who asks.
func (s *Server) mayOpen(o wire.Opening, user, method string) error {
	if o.Startup.Replication == wire.NoReplication {
		return nil
	}
	rules := s.World().Policy
	if !rules.Replicates(rules.RolesOf(subjectOf(o, user, method))) {
		return errNoReplicator
	}
	return nil
}

// walsender is a replication connection, whose messages pass unread but for the texts of commands. Nothing that comes on it is opened:
// it is the server's own storage, in which protected columns are sealed.
type walsender struct {
	*session
	mu   sync.Mutex
	owed []*command // answers that end in ReadyForQuery, in order
}

// command is one Query.
type command struct {
	refusal *sql.Refusal
	run     *run
}

// inbound carries the client's messages.
func (w *walsender) inbound() error {
	for {
		typ, size, err := w.client.Next()
		if err != nil {
			return fmt.Errorf("client read: %w", err)
		}
		if w.enter(w.server.world.Load()); !w.world.Policy.Replicates(w.roles) {
			return errNoReplicator
		}
		switch typ {
		case 'd', 'c', 'f':
			err = w.client.Forward(w.up)
		case 'Q':
			err = w.query(size)
		case 'X':
			return w.terminate()
		default: // the server would refuse these, but only after it has been sent them
			return &fatal{sqlstate: "08P01", message: "extended query protocol not supported in a replication connection"}
		}
		if err != nil {
			return err
		}
	}
}

func (w *walsender) query(size int) error {
	frame, err := w.client.Frame()
	c := &command{}
	switch {
	case errors.Is(err, wire.ErrTooLong):
		c.refusal = refusalLong
		err = w.client.Discard()
	case err == nil:
		text, ok := cString(frame[5:])
		name := replicationCommand(string(text))
		if !ok || name == "" {
			c.refusal = refusalReplication
			break
		}
		c.run = &run{plan: w.nameless("(" + name + ")")}
		c.refusal = w.decide(c.run)
	}
	if err != nil {
		return fmt.Errorf("client read: %w", err)
	}
	if c.refusal != nil {
		c.run = nil
		w.refused(c.refusal)
		frame = appendRefusedQuery(nil, c.refusal.Code)
	}
	w.mu.Lock()
	w.owed = append(w.owed, c)
	w.mu.Unlock()
	return w.up.Write(frame)
}

// outbound carries the server's messages.
func (w *walsender) outbound() error {
	for {
		typ, _, err := w.up.Next()
		if err != nil {
			return fmt.Errorf("upstream read: %w", err)
		}
		if err := w.answer(typ); err != nil {
			return err
		}
	}
}

func (w *walsender) answer(typ byte) error {
	w.mu.Lock()
	var c *command
	if len(w.owed) > 0 {
		c = w.owed[0]
		if typ == 'Z' {
			w.owed = w.owed[1:]
		}
	}
	w.mu.Unlock()
	switch {
	case typ == 'E' && c != nil && c.refusal != nil:
		body, err := w.up.Body()
		if err != nil {
			return fmt.Errorf("upstream read: %w", err)
		}
		if severity := wire.ErrorField(body, 'V'); severity == "FATAL" || severity == "PANIC" {
			return w.client.SetOut(wire.AppendFrame(w.client.Out(), 'E', body))
		}
		return w.client.SetOut(appendRefusal(w.client.Out(), c.refusal))
	case typ == 'E' && c != nil && c.run != nil:
		head, err := w.up.Peek(peeked)
		if err != nil {
			return fmt.Errorf("upstream read: %w", err)
		}
		w.done(c.run, "error", wire.ErrorField(head, 'C'))
	case typ == 'Z' && c != nil && c.run != nil:
		w.done(c.run, "ok", "")
	}
	return w.up.Forward(w.client)
}

// secureSearchPath is the one statement of SQL that PostgreSQL's own programs send: ALWAYS_SECURE_SEARCH_PATH_SQL,
// src/include/common/connect.h.
const secureSearchPath = "SELECT pg_catalog.set_config('search_path', '', false);"

// replicationCommand is the command of replication that text is, in capitals; empty if it is none. The server takes a text for one by its
// first word, and then never for SQL: replication_scanner_is_replication_command, src/backend/replication/repl_scanner.l.
func replicationCommand(text string) string {
	if text == secureSearchPath {
		return "SET SEARCH_PATH"
	}
	text = strings.TrimLeft(text, " \t\n\r\f")
	end := 0
	for end < len(text) && (text[end] == '_' || text[end]|0x20 >= 'a' && text[end]|0x20 <= 'z') {
		end++
	}
	if end < len(text) && (text[end] >= 0x80 || text[end] == '$' || text[end] >= '0' && text[end] <= '9') {
		return "" // the word goes on
	}
	switch word := string(bytes.ToUpper([]byte(text[:end]))); word {
	case "BASE_BACKUP", "START_REPLICATION", "CREATE_REPLICATION_SLOT", "DROP_REPLICATION_SLOT", "ALTER_REPLICATION_SLOT",
		"READ_REPLICATION_SLOT", "IDENTIFY_SYSTEM", "TIMELINE_HISTORY", "UPLOAD_MANIFEST":
		return word
	case "SHOW": // a command of replication since PostgreSQL 15, and SQL that reads a setting before
		if !strings.ContainsAny(strings.TrimSuffix(text, ";"), ";'\"") {
			return word
		}
	}
	return ""
}
