package wire

import "strings"

// Replication is what the startup parameter of that name asks for. The zero value is an ordinary session.
type Replication string

// Kinds of replication connections: https://www.postgresql.org/docs/current/protocol-replication.html.
const (
	NoReplication       Replication = ""
	PhysicalReplication Replication = "true"
	LogicalReplication  Replication = "database"
)

// replicationOf reads the parameter's value: the word database, or a boolean as parse_bool (src/backend/utils/adt/bool.c) takes it.
func replicationOf(value string) (kind Replication, ok bool) {
	if value == string(LogicalReplication) {
		return LogicalReplication, true
	}
	v := strings.ToLower(value)
	starts := func(words ...string) bool {
		for _, w := range words {
			if v != "" && strings.HasPrefix(w, v) {
				return true
			}
		}
		return false
	}
	switch {
	case v == "1", v == "on", starts("true", "yes"):
		return PhysicalReplication, true
	case v == "0", v == "of", v == "off", starts("false", "no"):
		return NoReplication, true
	}
	return NoReplication, false
}

// replicationRefused is the answer where nobody may replicate.
func replicationRefused() *Error {
	return &Error{Severity: "FATAL", Code: "0A000", Message: "replication connections are not allowed through this proxy [PV320]",
		Hint: "An operator can permit them: replication: permit in the configuration, and replicate: true for the role in the policy."}
}
