package proxy

import (
	"bytes"
	"strings"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/policy/sql"
)

// plainPlan is for what was never analysed and touches nothing sensitive.
var plainPlan = plainPlanOf("other", sideEffect{})

// unreadPlans are the plans of texts that are forwarded unread and do nothing besides what their first word says.
var unreadPlans = map[string]*policy.Plan{
	"select": plainPlanOf("select", sideEffect{}), "insert": plainPlanOf("insert", sideEffect{}),
	"update": plainPlanOf("update", sideEffect{}), "delete": plainPlanOf("delete", sideEffect{}),
	"with": plainPlanOf("select", sideEffect{}), "values": plainPlanOf("values", sideEffect{}),
	"table": plainPlanOf("table", sideEffect{}), "begin": plainPlanOf("begin", sideEffect{}),
	"start": plainPlanOf("begin", sideEffect{}), "savepoint": plainPlanOf("savepoint", sideEffect{}),
	"release": plainPlanOf("release", sideEffect{}),
	"commit":  plainPlanOf("commit", sideEffect{ends: true}), "end": plainPlanOf("commit", sideEffect{ends: true}),
	"rollback": plainPlanOf("rollback", sideEffect{ends: true}), "abort": plainPlanOf("rollback", sideEffect{ends: true}),
}

func plainPlanOf(verb string, e sideEffect) *policy.Plan {
	return &policy.Plan{Allowed: true, Plain: true, Statements: []policy.StatementPlan{{Verb: verb}},
		ChangesSettings: e.settings, ChangesPath: e.path, EndsTransaction: e.ends, ChangesSchema: e.schema, OwnSchema: e.own}
}

// unreadPlan is the plan of a text that, by cat, may be forwarded unread. Ordinary texts get one that exists already.
func unreadPlan(cat *sql.Catalog, text []byte) *policy.Plan {
	var buf [12]byte
	word := firstWord(text, buf[:])
	if p, ok := unreadPlans[string(word)]; ok && single(text) && !setsConfig(text) {
		return p
	}
	return withKeepsNames(plainPlanOf(string(word), sideEffects(text)), cat, text)
}

// unread is unreadPlan for the session's subject: what a privileged one sends is recorded all the same.
func (s *session) unread(cat *sql.Catalog, text []byte) *policy.Plan {
	p := unreadPlan(cat, text)
	if !s.privileged {
		return p
	}
	recorded := *p
	recorded.Privileged, recorded.Normalized = true, "(a text in which constants can't be told from the rest)"
	if !s.odd.Load() {
		recorded.Normalized = sql.Normalize(string(text))
	}
	return &recorded
}

// sideEffect is what a text may do besides its result.
type sideEffect struct {
	settings bool // some run-time setting may change
	path     bool // search_path or role among them
	ends     bool // a transaction may end
	schema   bool // relations may come, go or change
	own      bool // temporary ones of the session's alone
}

// sideEffects tells from the words of a text what it may do. It errs on the side of yes. What a function changes from inside
// is not seen, except by set_config in the text.
func sideEffects(text []byte) sideEffect {
	var buf [12]byte
	if p, ok := unreadPlans[string(firstWord(text, buf[:]))]; ok && single(text) {
		c := setsConfig(text)
		return sideEffect{settings: c, path: c, ends: p.EndsTransaction}
	}
	lower := strings.ToLower(string(text))
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(lower, w) {
				return true
			}
		}
		return false
	}
	settings := has("set", "discard", "do", "call", "execute")
	path := settings && has("search_path", "role", "authorization", "set_config", "discard", "reset", "call", "do", "schema", "execute")
	discards, others := has("discard"), has("create", "alter", "drop", "into", "import", "do", "call")
	return sideEffect{settings: settings, path: path, ends: has("commit", "end", "rollback", "abort", "prepare"),
		schema: discards || others, own: discards && !others}
}

// single reports whether a text is surely one statement.
func single(text []byte) bool {
	return bytes.IndexByte(bytes.TrimRight(text, "; \t\r\n"), ';') < 0
}

// control reports whether a text is of the kind for which nothing is asked of the server first: it touches no table, and it is SET
// TRANSACTION, which the server refuses after any query of the same transaction, the proxy's own included, or it may end an aborted
// transaction, in which the server answers no query.
func control(text []byte) bool {
	var buf [12]byte
	switch string(firstWord(text, buf[:])) {
	case "set", "commit", "end", "rollback", "abort", "savepoint", "release":
		return single(text)
	}
	return len(bytes.TrimSpace(text)) == 0
}

// begins reports whether a text begins a transaction and does nothing else. With ISOLATION LEVEL the server refuses it after any query of
// the same batch, the proxy's own included, so none is made for it within one. Outside of one the catalog's age counts, as
// within the transaction it won't.
func begins(text []byte) bool {
	var buf [12]byte
	switch string(firstWord(text, buf[:])) {
	case "begin", "start":
		return single(text)
	}
	return false
}

// setsConfig reports whether the word set_config stands in a text.
func setsConfig(text []byte) bool {
	const before, after = "set", "config"
	for i := 0; ; {
		n := bytes.IndexByte(text[i:], '_')
		if n < 0 {
			return false
		}
		i += n
		if i >= len(before) && len(text)-i > len(after) && foldEqual(text[i-len(before):i], before) &&
			foldEqual(text[i+1:i+1+len(after)], after) {
			return true
		}
		i++
	}
}

func foldEqual(b []byte, lower string) bool {
	for i, c := range b {
		if c|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// firstWord is a text's first word in lower case, in buf if it fits. It skips white space and comments; what it can't skip
// makes it return nothing.
func firstWord(b, buf []byte) []byte {
	for {
		b = b[blanks(b):]
		switch {
		case bytes.HasPrefix(b, []byte("--")):
			i := bytes.IndexByte(b, '\n')
			if i < 0 {
				return nil
			}
			b = b[i:]
		case bytes.HasPrefix(b, []byte("/*")):
			b = b[2:]
			i := bytes.Index(b, []byte("*/"))
			if i < 0 || bytes.Contains(b[:i], []byte("/*")) {
				return nil
			}
			b = b[i+2:]
		default:
			n := 0
			for n < len(b) && n < len(buf) && (b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z') {
				buf[n] = b[n] | 0x20
				n++
			}
			return buf[:n]
		}
	}
}

// blanks is how many bytes stand in front of what may be a text's first word or comment.
func blanks(b []byte) int {
	for i, c := range b {
		switch c {
		case ' ', '\t', '\r', '\n', '\f', '(', ';':
		default:
			return i
		}
	}
	return len(b)
}
