package config

// maxCount bounds what is counted in limits.
const maxCount = 1_000_000

// leastUnauthenticated is the least that max_unauthenticated is where the file does not say it.
const leastUnauthenticated = 100

// check reports numbers that can't be meant, and fills in those that follow from others.
func (l *Limits) check(d *decoder) {
	for _, c := range []struct {
		key   string
		value *int
		whole int // taken where the file says nothing
	}{
		{"max_connections", &l.MaxConnections, 0},
		{"max_connections_per_user", &l.MaxConnectionsPerUser, l.MaxConnections},
		{"max_connections_per_address", &l.MaxConnectionsPerAddress, l.MaxConnections},
		{"max_unauthenticated", &l.MaxUnauthenticated, max(l.MaxConnections, leastUnauthenticated)},
		{"max_pipeline", &l.MaxPipeline, 0},
		{"max_prepared_statements", &l.MaxPreparedStatements, 0},
	} {
		if c.whole > 0 && !d.has("limits", c.key) {
			*c.value = c.whole
		}
		counted(d, c.key, *c.value)
	}
	if !d.has("limits", "max_unauthenticated_per_address") {
		l.MaxUnauthenticatedPerAddress = (l.MaxUnauthenticated + 1) / 2
	}
	counted(d, "max_unauthenticated_per_address", l.MaxUnauthenticatedPerAddress)
	if !d.has("limits", "max_statement_bytes") {
		l.MaxStatementBytes = l.MaxMessageBytes
	}
}

func counted(d *decoder, key string, n int) {
	if (n < 1 || n > maxCount) && d.has("limits", key) && !d.wrong("limits", key) {
		d.problem([]string{"limits", key}, "expected a number from 1 to %d, found %d", maxCount, n)
	}
}
