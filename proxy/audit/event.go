package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Kind says what happened. The zero value is refused.
type Kind string

// The kinds that the proxy appends. docs/audit.md says when.
const (
	SessionStart     Kind = "session.start"
	SessionEnd       Kind = "session.end"
	SessionKilled    Kind = "session.killed" // by an operator; session.end follows
	SignInFailed     Kind = "sign_in.failed"
	StatementDecided Kind = "statement.decided" // before the statement is sent
	StatementDone    Kind = "statement.done"    // its outcome; Decided names the first event
	StatementRefused Kind = "statement.refused" // never sent
	IntegrityFailed  Kind = "integrity.failed"  // a sealed cell did not authenticate
	PolicyReloaded   Kind = "policy.reloaded"
	PolicyFailed     Kind = "policy.reload_failed"
	KeysLoaded       Kind = "keys.loaded"
	KeysUsed         Kind = "keys.used" // per session: Columns with counts
)

// The kinds that only the log itself appends.
const (
	StatementLost Kind = "statement.lost" // decided, but what became of it is not known, or it was never sent
	LogOpened     Kind = "log.opened"
	LogClosed     Kind = "log.closed"
	LogRecovered  Kind = "log.recovered" // opened after a stop that did not close it
	LogResumed    Kind = "log.resumed"   // writing works again after it failed
	LogRotated    Kind = "log.rotated"   // first line of each further segment
	LogAlive      Kind = "log.alive"     // so that silence shows
	LogBreak      Kind = "log.break_accepted"
)

// appendable are the kinds that Append takes.
var appendable = map[Kind]bool{
	SessionStart: true, SessionEnd: true, SessionKilled: true, SignInFailed: true,
	StatementDecided: true, StatementDone: true, StatementRefused: true,
	IntegrityFailed: true, PolicyReloaded: true, PolicyFailed: true, KeysLoaded: true, KeysUsed: true,
}

// Event is one line of the record. Its fields are names, counts and verdicts; there is none for a value, and Statement must be
// normalised text without literals. Field order is the order in the line.
type Event struct {
	V    int       `json:"v"`    // 1; set by the log
	Seq  int64     `json:"seq"`  // place in the log, from 0 without gaps; set by the log
	Time time.Time `json:"time"` // UTC; the time of writing unless set
	Kind Kind      `json:"kind"`

	Session     string   `json:"session,omitempty"` // unique over the life of the log
	User        string   `json:"user,omitempty"`
	Database    string   `json:"database,omitempty"`
	Roles       []string `json:"roles,omitempty"`
	Addr        string   `json:"addr,omitempty"`   // the client's address and port
	Method      string   `json:"method,omitempty"` // of signing in
	TLS         string   `json:"tls,omitempty"`    // client's leg: "1.3"
	UpstreamTLS string   `json:"upstream_tls,omitempty"`

	// N numbers the statements of a session, from 1 without gaps, so that a missing one shows: each decided and each refused
	// one takes the next. Set by the log, for done and lost too.
	N int64 `json:"n,omitempty"`
	// Decided is the Seq of the statement.decided that a done, lost or integrity.failed belongs to.
	Decided     int64    `json:"decided,omitempty"`
	Verb        string   `json:"verb,omitempty"`
	Statement   string   `json:"statement,omitempty"`   // normalised, without literals and comments
	Cut         bool     `json:"cut,omitempty"`         // Statement was longer than MaxStatement; set by the log
	Fingerprint string   `json:"fingerprint,omitempty"` // of the normalised text, to find equal ones
	Tables      []string `json:"tables,omitempty"`
	Columns     []Column `json:"columns,omitempty"`
	Verdict     string   `json:"verdict,omitempty"`
	Rules       []string `json:"rules,omitempty"`
	Code        string   `json:"code,omitempty"` // of the refusal, see docs/errors.md
	SQLState    string   `json:"sqlstate,omitempty"`
	Result      *Result  `json:"result,omitempty"`
	Policy      string   `json:"policy,omitempty"` // version in force
	Reason      string   `json:"reason,omitempty"` // why; never the text of a server's error, which quotes values

	Log *LogInfo `json:"log,omitempty"` // of log.* events
}

// Column is one column that a statement touched and what was done with it.
type Column struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Action string `json:"action"` // opened, masked, sealed, null, looked up …
	Count  int64  `json:"count,omitempty"`
}

// Result is what a statement did, or in session.end all of them together.
type Result struct {
	Outcome    string  `json:"outcome"` // ok, error, cancelled …
	Statements int64   `json:"statements,omitempty"`
	Rows       int64   `json:"rows"`
	Opened     int64   `json:"opened"`
	Masked     int64   `json:"masked"`
	Sealed     int64   `json:"sealed"`
	Millis     float64 `json:"ms"`
}

// LogInfo is what the log says of itself.
type LogInfo struct {
	Origin   string          `json:"origin,omitempty"`   // opened: first line of every checkpoint
	Key      string          `json:"key,omitempty"`      // opened: the verifier key
	Software string          `json:"software,omitempty"` // opened
	Kept     int64           `json:"kept,omitempty"`     // recovered: lines beyond the last checkpoint
	Torn     int64           `json:"torn,omitempty"`     // recovered: bytes of an unfinished last line, moved to a file
	Moved    string          `json:"moved,omitempty"`    // recovered, break_accepted: name of that file or folder
	Head     string          `json:"head,omitempty"`     // break_accepted: the old log's last checkpoint, as found
	Open     []OpenStatement `json:"open,omitempty"`     // rotated: statements decided and not yet done
}

// OpenStatement is a statement that was decided and is not yet done.
type OpenStatement struct {
	Decided int64  `json:"decided"`
	Session string `json:"session"`
	N       int64  `json:"n"`
}

const (
	version = 1
	// MaxStatement is the length in bytes at which Event.Statement is cut.
	MaxStatement = 32 << 10
	// MaxLine is the length in bytes of the longest line that Append takes.
	MaxLine = 1 << 20
)

// ErrTooLong is wrapped by Append for an event longer than MaxLine.
var ErrTooLong = errors.New("audit event too long")

// appendLine appends ev as one line with its newline.
func appendLine(buf *bytes.Buffer, ev *Event) error {
	start := buf.Len()
	ev.V = version
	if len(ev.Statement) > MaxStatement {
		ev.Statement, ev.Cut = ev.Statement[:MaxStatement], true
	}
	enc := json.NewEncoder(buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(ev); err != nil {
		buf.Truncate(start)
		return fmt.Errorf("audit event %s: %w", ev.Kind, err)
	}
	if n := buf.Len() - start; n > MaxLine && ev.Log == nil {
		buf.Truncate(start)
		return fmt.Errorf("audit event %s of %d bytes: %w", ev.Kind, n, ErrTooLong)
	}
	return nil
}
