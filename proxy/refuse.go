package proxy

import (
	"fmt"
	"strings"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/metrics"
	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/wire"
)

// refusedName is what the server is sent in place of a statement that is refused: a syntax error in every version, so that the
// server's transaction and the client's idea of it stay the same. The server's error is replaced by ours.
const refusedName = "pgveil_refused"

// Refusals that belong to the protocol, not to a statement.
var (
	refusalFormat = &sql.Refusal{Code: "PV003", SQLSTATE: "08P01", Message: "invalid message format", At: -1}
	refusalCall   = &sql.Refusal{Code: "PV004", SQLSTATE: "0A000", At: -1,
		Message: "function calls by OID are not supported, but for those of large objects",
		Hint:    "Call the function with SELECT."}
	refusalSettings = &sql.Refusal{Code: "PV005", SQLSTATE: "0A000", At: -1,
		Message: "this statement may touch a protected table and can't be read in the session's encoding",
		Hint:    "Use client_encoding UTF8."}
	refusalCatalog = &sql.Refusal{Code: "PV006", SQLSTATE: "55000", At: -1,
		Message: "the server's catalog could not be read, so the statement can't be understood",
		Hint:    "In an aborted transaction, roll back first. The proxy's log has the reason."}
	refusalAborted = &sql.Refusal{Code: "PV006", SQLSTATE: "25P02", At: -1,
		Message: "current transaction is aborted, commands ignored until end of transaction block"}
	refusalReplan = &sql.Refusal{Code: "PV007", SQLSTATE: "0A000", At: -1,
		Message: "cached plan must not change result type",
		Hint:    "The schema or the policy has changed since the statement was prepared. Prepare it again."}
	refusalUnmade = &sql.Refusal{Code: "PV012", SQLSTATE: "0A000", At: -1,
		Message: "the PREPARE of this statement was refused", Hint: "Run the statement by the driver's own means for prepared statements."}
	refusalNoSuch = &sql.Refusal{Code: "PV012", SQLSTATE: "26000", At: -1,
		Message: "the prepared statement does not exist", Hint: "Its arguments could be values of a protected column, so they were not sent. Prepare it again."}
	refusalName = &sql.Refusal{Code: "PV013", SQLSTATE: "0A000", At: -1,
		Message: "a prepared statement or portal over a protected table can't have a name beyond ASCII",
		Hint:    "The server may take two such names for one. Choose another name."}
	refusalLong = &sql.Refusal{Code: "PV011", SQLSTATE: "54000", At: -1,
		Message: "the message is longer than the proxy reads whole", Hint: "Raise limits.max_message_bytes."}
	refusalLike = &sql.Refusal{Code: "PV014", SQLSTATE: "0A000", At: -1,
		Message: "LIKE on a column with search: range can only have a pattern that is text, or text with % behind it",
		Hint:    "Order tells what a text begins with, not what it holds. Use 'abc%', or search in the application."}
	refusalShown = &sql.Refusal{Code: "PV221", SQLSTATE: "0A000", At: -1,
		Message: "a value beside a protected numeric(p,s) or char(n) has not its scale or length, by which it would be shown",
		Hint:    "Give the value the column's scale or length, with a cast to its type: $1::numeric(10,2)."}
	refusalAsText = &sql.Refusal{Code: "PV226", SQLSTATE: "0A000", At: -1,
		Message: "a parameter that is compared with a citext column is declared as another type, by which PostgreSQL would compare with regard to case",
		Hint:    "Leave the parameter's type to the server (JDBC: stringtype=unspecified), declare citext, or write $1::citext; $1::text for an exact comparison."}
	refusalEscape = &sql.Refusal{Code: "PV222", SQLSTATE: "0A000", At: -1,
		Message: "protected values within JSON can't be read with this bytea_output",
		Hint:    "SET bytea_output = hex, which is the default."}
	refusalGrams = &sql.Refusal{Code: "PV020", SQLSTATE: "0A000", At: -1,
		Message: "LIKE on a column with search: match needs a pattern with three characters in a row",
		Hint:    "Ask for more of the text: '%abc%'. Whole values are found with =."}
	refusalAudit = &sql.Refusal{Code: "PV008", SQLSTATE: "58030", At: -1,
		Message: "audit log unavailable; nothing was sent to the database",
		Hint:    "Statements of this role are only carried out when they can be recorded first."}
)

// Refusals documents the codes of this package, for docs/errors.md.
func Refusals() []sql.RefusalDoc {
	return append([]sql.RefusalDoc{
		{Code: "PV001", SQLSTATE: "22P02", Title: "A value does not fit its protected column",
			Fix: "The SQLSTATE is the one PostgreSQL gives for the same value: 22P02, 22003, 22001, 22007 and others. " +
				"The message leaves the value out on purpose."},
		{Code: "PV002", SQLSTATE: "58000", Title: "A value could not be sealed",
			Fix: "A fault in the proxy or its keys. See the proxy's log."},
		{Code: "PV003", SQLSTATE: "08P01", Title: "A message is malformed", Fix: "The driver is broken or not speaking to PostgreSQL."},
		{Code: refusalCall.Code, SQLSTATE: refusalCall.SQLSTATE, Title: "Function call by OID", Fix: refusalCall.Hint},
		{Code: refusalSettings.Code, SQLSTATE: refusalSettings.SQLSTATE,
			Title: "The session's client_encoding hides what the statement is", Fix: refusalSettings.Hint},
		{Code: refusalCatalog.Code, SQLSTATE: refusalCatalog.SQLSTATE, Title: "The catalog can't be read", Fix: refusalCatalog.Hint},
		{Code: refusalReplan.Code, SQLSTATE: refusalReplan.SQLSTATE, Title: "A prepared statement is out of date", Fix: refusalReplan.Hint},
		{Code: refusalAudit.Code, SQLSTATE: refusalAudit.SQLSTATE, Title: "The record can't be written", Fix: refusalAudit.Hint},
		{Code: "PV009", SQLSTATE: "XX001", Title: "A stored value can't be opened",
			Fix: "The cell was altered, truncated, moved from another column or sealed by keys that this proxy does not have. " +
				"The audit log has the event. Restore the value from a backup."},
		{Code: "PV010", SQLSTATE: "XX000", Title: "The server's result is not what was planned",
			Fix: "The server describes other columns than the analysis found, for example because the schema changed a moment ago. " +
				"No row was shown. Try again; if it stays, report it."},
		{Code: refusalLong.Code, SQLSTATE: refusalLong.SQLSTATE, Title: "A message is too long", Fix: refusalLong.Hint},
		{Code: refusalNoSuch.Code, SQLSTATE: refusalNoSuch.SQLSTATE, Title: "EXECUTE of a statement over a protected table that was not prepared, or is no longer",
			Fix: "Prepare it again. The arguments could be values of a protected column, so they were not sent."},
		{Code: refusalName.Code, SQLSTATE: refusalName.SQLSTATE, Title: "A name of a prepared statement or portal beyond ASCII", Fix: refusalName.Hint},
		{Code: refusalLike.Code, SQLSTATE: refusalLike.SQLSTATE, Title: "A LIKE or ILIKE pattern that the column's search can't answer", Fix: refusalLike.Hint},
		{Code: refusalGrams.Code, SQLSTATE: refusalGrams.SQLSTATE, Title: "A LIKE pattern too short to be searched for", Fix: refusalGrams.Hint},
		{Code: refusalContains.Code, SQLSTATE: refusalContains.SQLSTATE, Title: "A document is searched for a protected path that has search: none", Fix: refusalContains.Hint},
		{Code: "PV100", SQLSTATE: "0A000", Title: "The statement was not understood",
			Fix: "This is a defect of pgveil: please report the statement's form, without values."},
		{Code: refusalShown.Code, SQLSTATE: refusalShown.SQLSTATE,
			Title: "A value beside numeric(p,s) or char(n), in COALESCE, CASE or UNION, has another scale or length", Fix: refusalShown.Hint},
		{Code: refusalEscape.Code, SQLSTATE: refusalEscape.SQLSTATE, Title: "JSON that holds protected values under bytea_output = escape", Fix: refusalEscape.Hint},
		{Code: refusalAsText.Code, SQLSTATE: refusalAsText.SQLSTATE, Title: "A parameter that is compared with a citext column is declared as text or another type", Fix: refusalAsText.Hint},
		{Code: refusalPooler.Code, SQLSTATE: refusalPooler.SQLSTATE, Title: "A connection pooler between the proxy and the server",
			Fix: refusalPooler.Hint + " The server's process number is not the one that the login named; statements that touch nothing protected are carried out."},
		{Code: codeMoved, SQLSTATE: errMoved.sqlstate, Title: "A pooler that was to pool sessions has put a session on another server session", Fix: errMoved.hint},
		{Code: "PV254", SQLSTATE: "54000", Title: "A row of COPY is too long", Fix: "Raise limits.max_message_bytes."},
		{Code: "PV255", SQLSTATE: "22P04", Title: "COPY data have not the form that the statement says",
			Fix: "The checks, and the SQLSTATE, are the server's own; the proxy makes them where it must find the columns of a row."},
		{Code: refusalStored.Code, SQLSTATE: refusalStored.SQLSTATE, Title: "A value that should be a stored cell of its column is none",
			Fix: refusalStored.Hint},
		{Code: "PV320", SQLSTATE: "0A000", Title: "A replication connection where the configuration permits none",
			Fix: "An operator can permit them: replication: permit in the configuration, and replicate: true for the role in the policy."},
		{Code: "PV321", SQLSTATE: errNoReplicator.Code, Title: "A replication connection by a user without a role that may replicate", Fix: errNoReplicator.Hint},
		{Code: refusalReplication.Code, SQLSTATE: refusalReplication.SQLSTATE, Title: "SQL on a replication connection", Fix: refusalReplication.Hint},
		{Code: upstream.CodeUnfit, SQLSTATE: "08001", Title: "No server is of the wanted kind",
			Fix: "The servers that could be reached are not what target_session_attrs asks for: all are standbys, say. After a failover it can take a " +
				"moment until one is promoted; connect_rounds lets clients wait for it."},
		{Code: CodeNoRoute, SQLSTATE: "3D000", Title: "No server for this user and database",
			Fix: "A route with to: none fits. The routes are in the configuration; pgveil check shows them."},
	}, limitRefusals()...)
}

// fatal ends the session with an error for the client.
type fatal struct {
	sqlstate, message, hint string
}

func (f *fatal) Error() string { return f.message }

func (f *fatal) wire() *wire.Error {
	return &wire.Error{Severity: "FATAL", Code: f.sqlstate, Message: f.message, Hint: f.hint}
}

// refuse makes the server raise an error where the client's message would have stood, and owes the client r in its place.
func (s *session) refuse(k kind, r *sql.Refusal) error {
	return s.refuseNamed(answer{kind: k, refusal: r})
}

func (s *session) refuseParse(name string, r *sql.Refusal) error {
	return s.refuseNamed(answer{kind: kindParse, name: name, refusal: r})
}

func (s *session) refuseBind(portal string, r *sql.Refusal) error {
	return s.refuseNamed(answer{kind: kindBind, name: portal, refusal: r})
}

func (s *session) refuseNamed(a answer) error {
	s.refused(a.refusal)
	if simple(a.kind) {
		if a.kind == kindQuery {
			s.batch++
		}
		return s.send(a, appendRefusedQuery(nil, a.refusal.Code))
	}
	name := refusedName
	if a.kind == kindParse && a.name == "" {
		name = ""
	}
	return s.send(a, appendRefusedParse(nil, name, a.refusal.Code))
}

func appendRefusedQuery(dst []byte, code string) []byte {
	dst, at := wire.Begin(dst, 'Q')
	return wire.End(wire.AppendCString(dst, refusedName+" "+code), at)
}

// appendRefusedParse makes a Parse fail. The server forgets the unnamed statement even when a Parse of it fails, so name is empty
// only where the client meant to replace that.
func appendRefusedParse(dst []byte, name, code string) []byte {
	dst, at := wire.Begin(dst, 'P')
	dst = wire.AppendCString(wire.AppendCString(dst, name), refusedName+" "+code)
	return wire.End(wire.AppendInt16(dst, 0), at)
}

// appendRefusal appends the ErrorResponse for r, whose At counts characters.
func appendRefusal(dst []byte, r *sql.Refusal) []byte {
	return wire.AppendError(dst, "ERROR", r.SQLSTATE, r.Message+" ["+r.Code+"]", "", r.Hint, r.At+1)
}

// appendRaised appends what the client gets for r where the server has raised body in its place. What the server would have said of the
// client's own text is told like that.
func appendRaised(dst []byte, r *sql.Refusal, body []byte) []byte {
	switch message, words := r.ToClient(); words {
	case sql.WordsServer:
		return wire.AppendError(dst, "ERROR", r.SQLSTATE, message, r.Detail, r.ServerHint, r.At+1)
	case sql.WordsScanner:
		return appendAs(dst, body, message, r.At)
	}
	return appendRefusal(dst, r)
}

// appendAs appends an ErrorResponse with this message and place, which counts characters, and all else of body.
func appendAs(dst, body []byte, message string, place int) []byte {
	dst, at := wire.Begin(dst, 'E')
	fields := wire.NewReader(body)
	for field := fields.Byte(); field != 0 && fields.Err() == nil; field = fields.Byte() {
		v := string(fields.CString())
		switch field {
		case 'M':
			v = message
		case 'P':
			if v = fmt.Sprint(place + 1); place < 0 {
				continue
			}
		}
		dst = wire.AppendCString(append(dst, field), v)
	}
	return wire.End(append(dst, 0), at)
}

// refused counts and records a refusal.
func (s *session) refused(r *sql.Refusal) {
	s.server.metrics.Refusal(r.Code)
	s.server.metrics.Statement("other", metrics.Refused)
	s.recordRefusal(r)
	s.traceRefused(r)
}

// newPositions prepares the way back from places in rewritten to places in text.
func newPositions(p *policy.Plan, text, rewritten string) *positions {
	return &positions{text: text, rewritten: rewritten, plan: p}
}

// mapError rewrites the server's error about a rewritten text: its position points into the client's text, and sealed cells that
// it quotes are left out. p may be nil.
func mapError(dst, body []byte, p *positions) []byte {
	dst, at := wire.Begin(dst, 'E')
	r := wire.NewReader(body)
	for {
		field := r.Byte()
		if field == 0 || r.Err() != nil {
			break
		}
		v := string(r.CString())
		switch {
		case field == 'P' && p != nil:
			if v = p.back(v); v == "" {
				continue
			}
		case field == 'M' || field == 'D' || field == 'H' || field == 'W':
			v = leaveOutCells(v, p != nil)
		}
		dst = wire.AppendCString(append(dst, field), v)
	}
	return wire.End(append(dst, 0), at)
}

// back maps a position of the server's, in characters from 1, into the client's text; empty if it can't be.
func (p *positions) back(position string) string {
	n := 0
	if _, err := fmt.Sscan(position, &n); err != nil {
		return ""
	}
	if m := p.plan.MapPosition(p.text, p.rewritten, n); m > 0 {
		return fmt.Sprint(m)
	}
	return ""
}

// escapedEnd is how a cell ends under bytea_output = escape.
const escapedEnd = `\305~\221`

// escapes reports whether a byte is written in s as it is under bytea_output = escape.
func escapes(s string) bool {
	for i := 0; i+3 < len(s); i++ {
		if s[i] == '\\' && s[i+1]-'0' < 4 && s[i+2]-'0' < 8 && s[i+3]-'0' < 8 {
			return true
		}
	}
	return false
}

// leaveOutCells replaces each sealed cell in hex form by a word: it is no use to a reader. With cut it does so to what the server
// has cut off in the description of a row, too (ExecBuildSlotValueDescription in src/backend/executor/execMain.c).
func leaveOutCells(s string, cut bool) string {
	const sign, end, dots, width = `\x`, "c57e91", "...", 64
	if strings.Contains(s, escapedEnd) || cut && strings.Contains(s, dots) && escapes(s) {
		return "(sealed)" // under bytea_output = escape nobody can tell where a cell begins
	}
	if !strings.Contains(s, end) && !(cut && strings.Contains(s, dots)) {
		return s
	}
	var b strings.Builder
	for {
		i := strings.Index(s, sign)
		if i < 0 {
			return b.String() + s
		}
		b.WriteString(s[:i])
		s = s[i:]
		n := len(sign)
		for n < len(s) && strings.IndexByte("0123456789abcdef", s[n]) >= 0 {
			n++
		}
		if cut && n == width && strings.HasPrefix(s[n:], dots) {
			b.WriteString("(sealed)")
			n += len(dots)
		} else if strings.HasSuffix(s[:n], end) {
			b.WriteString("(sealed)")
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
}
