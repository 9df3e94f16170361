package metrics

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// other is the label of everything outside a list.
const other = "other"

// verbs are the statement kinds that have their own series.
var verbs = []string{
	"select", "select into", "insert", "update", "delete", "merge", "copy", "truncate",
	"begin", "start", "commit", "rollback", "rollback to", "savepoint", "release",
	"set", "reset", "show", "discard", "prepare", "execute", "deallocate", "declare cursor", "fetch", "close", "explain",
	"create table", "create table as", "alter table", "alter table rename", "drop table", "create index", "drop index",
	"create view", "drop view", "create materialized view", "refresh materialized view", "drop materialized view",
	"grant", "revoke", "lock", "listen", "notify", "unlisten", "vacuum", "analyze", "call", "do", "empty", "unknown",
}

// Outcome is how an attempt to sign in ended.
type Outcome string

// The outcomes. A wrong password and an unknown user are the same one, as they are for the client.
const (
	SignedIn        Outcome = "ok"
	WrongPassword   Outcome = "wrong_password"
	NotAllowed      Outcome = "not_allowed"     // proven, but may not use this database, method or address
	TLSRequired     Outcome = "tls_required"    // spoke in clear where TLS is demanded
	ProtocolError   Outcome = "protocol_error"  // not a PostgreSQL client, or a broken one
	SignInTimeout   Outcome = "timeout"         // did not finish in time
	TooManySessions Outcome = "too_many"        // a limit was reached
	UpstreamFailed  Outcome = "upstream_failed" // proven, but the upstream could not be reached or refused
	ClientLeft      Outcome = "client_left"     // closed the connection before the end
	Throttled       Outcome = "throttled"       // turned away after too many failures from its address
)

var outcomes = []string{
	string(SignedIn), string(WrongPassword), string(NotAllowed), string(TLSRequired), string(ProtocolError),
	string(SignInTimeout), string(TooManySessions), string(UpstreamFailed), string(ClientLeft), string(Throttled),
}

// Stage is where the upstream failed.
type Stage string

// The stages, in the order in which a session meets them.
const (
	StageDial    Stage = "dial"
	StageTLS     Stage = "tls"
	StageLogin   Stage = "login"
	StageCatalog Stage = "catalog"
	StageIO      Stage = "io"
	StageCancel  Stage = "cancel"
)

var stages = []string{
	string(StageDial), string(StageTLS), string(StageLogin), string(StageCatalog), string(StageIO), string(StageCancel),
}

// bounded is a counter with one label whose values are a fixed list, and "other".
type bounded map[string]prometheus.Counter

func newBounded(vec *prometheus.CounterVec, values []string) bounded {
	b := make(bounded, len(values)+1)
	for _, v := range values {
		b[v] = vec.WithLabelValues(v)
	}
	b[other] = vec.WithLabelValues(other)
	return b
}

func (b bounded) inc(value string) {
	c, ok := b[value]
	if !ok {
		c = b[other]
	}
	c.Inc()
}

// maxCodes bounds the series of refusals_total; it is above the number of codes in docs/errors.md.
const maxCodes = 128

// codes is a counter by refusal code. Codes come from our own source, not from a client; shape and number are bounded all the
// same, so that a mistake elsewhere can't turn into a series a statement.
type codes struct {
	vec  *prometheus.CounterVec
	seen sync.Map // code → prometheus.Counter
	mu   sync.Mutex
	n    int // codes in seen, under mu
}

func (c *codes) inc(code string) {
	if v, ok := c.seen.Load(code); ok {
		v.(prometheus.Counter).Inc()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !isCode(code) || c.n >= maxCodes {
		c.vec.WithLabelValues(other).Inc()
		return
	}
	counter := c.vec.WithLabelValues(code)
	if _, loaded := c.seen.LoadOrStore(code, counter); !loaded {
		c.n++
	}
	counter.Inc()
}

// isCode reports whether s is five upper-case letters and digits: a code of docs/errors.md or an SQLSTATE.
func isCode(s string) bool {
	if len(s) != 5 {
		return false
	}
	for i := range len(s) {
		if (s[i] < '0' || s[i] > '9') && (s[i] < 'A' || s[i] > 'Z') {
			return false
		}
	}
	return true
}
