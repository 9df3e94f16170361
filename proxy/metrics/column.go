package metrics

import "github.com/prometheus/client_golang/prometheus"

// ColumnCounters are the counters of one protected column, looked up once when a plan is made, so that no row pays for a label.
// Add once a message or batch of rows.
type ColumnCounters struct {
	Sealed, Opened, Masked prometheus.Counter
	// IntegrityFailed counts cells that claimed to be sealed and did not authenticate.
	IntegrityFailed prometheus.Counter
}

type columnVecs struct{ sealed, opened, masked, failed *prometheus.CounterVec }

func newColumnVecs(r registrar) columnVecs {
	vec := func(name, help string) *prometheus.CounterVec { return r.counterVec(name, help, "table", "column") }
	return columnVecs{
		sealed: vec("values_sealed_total", "Values sealed for a protected column."),
		opened: vec("values_opened_total", "Cells of a protected column opened and shown in clear."),
		masked: vec("values_masked_total", "Cells of a column shown masked."),
		failed: vec("integrity_failures_total", "Cells of a protected column that did not authenticate."),
	}
}

// Column returns the counters of one column, the same ones each time. table is "schema.name"; both strings must come from the
// configuration, never from a statement.
func (m *Metrics) Column(table, column string) *ColumnCounters {
	v := &m.columns
	return &ColumnCounters{
		Sealed:          v.sealed.WithLabelValues(table, column),
		Opened:          v.opened.WithLabelValues(table, column),
		Masked:          v.masked.WithLabelValues(table, column),
		IntegrityFailed: v.failed.WithLabelValues(table, column),
	}
}
