package metrics

import "github.com/prometheus/client_golang/prometheus"

// Limit is a limit that was reached.
type Limit string

// The limits, by their metric's label.
const (
	LimitSessions        Limit = "sessions"                   // limits.max_connections
	LimitUser            Limit = "sessions_of_user"           // limits.max_connections_per_user
	LimitRole            Limit = "sessions_of_role"           // connections of a role's limits in the policy
	LimitAddress         Limit = "sessions_of_address"        // limits.max_connections_per_address
	LimitStrangers       Limit = "unauthenticated"            // limits.max_unauthenticated
	LimitStrangersOf     Limit = "unauthenticated_of_address" // limits.max_unauthenticated_per_address
	LimitSignInDelayed   Limit = "sign_in_delayed"            // an answer was held back after failed sign-ins
	LimitSignInRefused   Limit = "sign_in_refused"            // it would have been held back for too long
	LimitStatement       Limit = "statement_bytes"            // limits.max_statement_bytes
	LimitPrepared        Limit = "prepared_statements"        // limits.max_prepared_statements
	LimitSessionBytes    Limit = "session_bytes"              // limits.max_session_bytes
	LimitPipeline        Limit = "pipeline"                   // the client was not read until answers had come
	LimitIdle            Limit = "idle"                       // idle of a role's limits
	LimitIdleTransaction Limit = "idle_in_transaction"        // idle_in_transaction of a role's limits
	LimitStatementTime   Limit = "statement"                  // statement of a role's limits
	LimitStatementEnded  Limit = "statement_session_ended"    // and the statement could not be cancelled
)

var limits = []string{
	string(LimitSessions), string(LimitUser), string(LimitRole), string(LimitAddress), string(LimitStrangers), string(LimitStrangersOf),
	string(LimitSignInDelayed), string(LimitSignInRefused), string(LimitStatement), string(LimitPrepared), string(LimitSessionBytes),
	string(LimitPipeline), string(LimitIdle), string(LimitIdleTransaction), string(LimitStatementTime), string(LimitStatementEnded),
}

// Limit counts one time that a limit was reached.
func (m *Metrics) Limit(l Limit) { m.limits.inc(string(l)) }

// newLimits makes what counts limits: the counter, and the number of connections that have not signed in.
func newLimits(r registrar) (reached bounded, strangers prometheus.Gauge) {
	return newBounded(r.counterVec("limits_reached_total", "Times that a limit was reached, by limit.", "limit"), limits),
		r.gauge("connections_unauthenticated", "Connections that have not signed in.")
}
