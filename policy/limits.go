package policy

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pgveil/pgveil/policy/yamlfile"
)

// RoleLimits is "limits" of a role: what the sessions of those who hold it may use up. Of each, zero says nothing, and NoLimit that
// there is none.
type RoleLimits struct {
	// Idle is how long, in seconds, a session may be idle outside of a transaction, IdleInTransaction within one.
	Idle, IdleInTransaction int
	// Statement is how long, in seconds, a statement may take.
	Statement int
	// Connections is how many sessions a user who holds the role may have at a time.
	Connections int
}

// NoLimit is "off".
const NoLimit = -1

// Limits are the limits of a subject that holds the roles: of each kind the largest that a role states, as rules add up too. Zero: no
// limit.
func (p *Policy) Limits(set RoleSet) RoleLimits {
	var all RoleLimits
	for i, r := range p.rules.Roles {
		if !set.has(i) {
			continue
		}
		all.Idle = looser(all.Idle, r.Limits.Idle)
		all.IdleInTransaction = looser(all.IdleInTransaction, r.Limits.IdleInTransaction)
		all.Statement = looser(all.Statement, r.Limits.Statement)
		all.Connections = looser(all.Connections, r.Limits.Connections)
	}
	return RoleLimits{Idle: max(all.Idle, 0), IdleInTransaction: max(all.IdleInTransaction, 0), Statement: max(all.Statement, 0),
		Connections: max(all.Connections, 0)}
}

// looser is the one of two limits that allows more.
func looser(a, b int) int {
	switch {
	case a == NoLimit || b == NoLimit:
		return NoLimit
	default:
		return max(a, b)
	}
}

func (l RoleLimits) canonical() string {
	return fmt.Sprintf("idle %d in transaction %d statement %d connections %d", l.Idle, l.IdleInTransaction, l.Statement, l.Connections)
}

func limitsKeys() []string {
	return []string{"idle", "idle_in_transaction", "statement", "connections"}
}

func (l *loader) limits(n *yaml.Node, role string) RoleLimits {
	what := "limits of role " + role
	entries, _ := l.mapping(n, what, limitsKeys())
	var r RoleLimits
	for key, to := range map[string]*int{"idle": &r.Idle, "idle_in_transaction": &r.IdleInTransaction, "statement": &r.Statement} {
		if e, ok := entries[key]; ok {
			*to = l.span(e.value, key+" in "+what)
		}
	}
	if e, ok := entries["connections"]; ok {
		r.Connections = l.count(e.value, "connections in "+what)
	}
	return r
}

// maxSpan is the longest time limit, in seconds: a year.
const maxSpan = 366 * 24 * 3600

// span reads a time limit: a number of seconds, minutes or hours. Sessions are looked at a few times a second, so that a shorter one
// would promise too much.
func (l *loader) span(n *yaml.Node, what string) int {
	if off(n) {
		return NoLimit
	}
	for unit, seconds := range map[string]int{"s": 1, "m": 60, "h": 3600} {
		number, ok := strings.CutSuffix(n.Value, unit)
		if v, err := strconv.Atoi(number); ok && n.Kind == yaml.ScalarNode && err == nil && v > 0 && v <= maxSpan/seconds {
			return v * seconds
		}
	}
	l.report(place(n), "%s must be a time such as 30s, 5m or 1h, or off, found %s", what, shown(n))
	return 0
}

// maxConnections is the largest number of connections that a limit may have.
const maxConnections = 1_000_000

func (l *loader) count(n *yaml.Node, what string) int {
	if off(n) {
		return NoLimit
	}
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || err != nil || v < 1 || v > maxConnections {
		l.report(place(n), "%s must be a number from 1 to %d, or off, found %s", what, maxConnections, shown(n))
		return 0
	}
	return v
}

// off is the word, which YAML 1.1 would read as false.
func off(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && strings.EqualFold(n.Value, "off") }

func shown(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return strconv.Quote(n.Value)
	}
	return yamlfile.Kind(n)
}
