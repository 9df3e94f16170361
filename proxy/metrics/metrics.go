// Package metrics is what the proxy counts: the Prometheus collectors, and the small HTTP server that shows them together
// with liveness and readiness.
//
// No label holds a string that a client chose. Verbs, outcomes and stages outside the lists below are counted as "other";
// tables and columns are those of the configuration. docs/metrics.md lists every metric, and a test compares.
package metrics

import (
	"runtime/debug"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics holds every collector of one proxy. Make it with New. All methods may be called by many goroutines at once.
type Metrics struct {
	// SessionsActive is the number of sessions that were authenticated and have not ended.
	SessionsActive prometheus.Gauge
	// Sessions counts sessions that were authenticated and joined to the upstream.
	Sessions prometheus.Counter
	// BytesInbound and BytesOutbound count payload bytes from and to clients, without TLS overhead.
	BytesInbound, BytesOutbound prometheus.Counter
	// SealSeconds and OpenSeconds observe, in seconds, the time spent on one message: a Bind or Query that carried values to
	// seal, a row with cells to open. A sample is enough; never observe once a value.
	SealSeconds, OpenSeconds prometheus.Observer
	// AddedInbound and AddedOutbound observe, in seconds, how long a batch of frames stayed in the proxy: from its first
	// byte read to its last byte written, waiting for either peer not counted.
	AddedInbound, AddedOutbound prometheus.Observer

	// Strangers is the number of connections that have not signed in.
	Strangers prometheus.Gauge

	signIns    bounded
	limits     bounded
	upstream   bounded
	refusals   codes
	statements map[string]*[verdicts]prometheus.Counter
	columns    columnVecs
	reload     reloads

	planCache    *pulled[func() (hits, misses uint64)]
	auditLag     *pulled[func() (events int64, age time.Duration)]
	certificates *pulled[func() []Certificate]
	hosts        *pulled[func() []Host]
}

// New makes the collectors and registers them with reg. Like prometheus.MustRegister it panics when reg already holds them:
// one registry is one proxy.
func New(reg prometheus.Registerer) *Metrics {
	r := registrar{reg}
	m := &Metrics{
		SessionsActive: r.gauge("sessions_active", "Sessions that are authenticated and have not ended."),
		Sessions:       r.counter("sessions_total", "Sessions that were authenticated and joined to the upstream."),
		SealSeconds: r.histogram("seal_seconds",
			"Time to seal the values of one message, in seconds; one message in 16 is observed.", cipherBuckets),
		OpenSeconds: r.histogram("open_seconds",
			"Time to open the cells of one row and show them, in seconds; one row in 64 is observed.", cipherBuckets),
		signIns: newBounded(r.counterVec("sign_ins_total", "Attempts to sign in, by outcome.", "outcome"),
			outcomes),
		upstream: newBounded(r.counterVec("upstream_errors_total", "Failures of the upstream, by stage.", "stage"),
			stages),
		refusals: codes{vec: r.counterVec("refusals_total", "Statements refused, by code.", "code")},
		columns:  newColumnVecs(r),
		reload:   newReloads(r),
	}
	bytes := r.counterVec("bytes_total", "Bytes of protocol messages read from clients (inbound) and written to them (outbound).",
		"direction")
	m.BytesInbound, m.BytesOutbound = bytes.WithLabelValues("inbound"), bytes.WithLabelValues("outbound")
	added := r.histogramVec("added_latency_seconds",
		"Time a batch of frames stays in the proxy, in seconds; waiting for either peer is not counted. One batch in 16 is observed.",
		latencyBuckets, "direction")
	m.AddedInbound, m.AddedOutbound = added.WithLabelValues("inbound"), added.WithLabelValues("outbound")

	vec := r.counterVec("statements_total", "Statements, by verb and verdict.", "verb", "verdict")
	m.statements = make(map[string]*[verdicts]prometheus.Counter, len(verbs)+1)
	for _, verb := range append(verbs, other) {
		var row [verdicts]prometheus.Counter
		for v := range row {
			row[v] = vec.WithLabelValues(verb, Verdict(v).String())
		}
		m.statements[verb] = &row
	}

	m.planCache, m.auditLag, m.certificates = newPulled(r)
	m.hosts = newHosts(r)
	m.limits, m.Strangers = newLimits(r)
	r.buildInfo()
	return m
}

// Verdict is what the proxy decided for a statement. The zero value is Refused.
type Verdict uint8

// The verdicts.
const (
	Refused   Verdict = iota
	Plain             // touches nothing protected, forwarded untouched
	Protected         // values sealed, opened or masked
	Failed            // the upstream answered with an error
	verdicts  = 4
)

// String is the verdict's label.
func (v Verdict) String() string {
	switch v {
	case Plain:
		return "plain"
	case Protected:
		return "protected"
	case Failed:
		return "failed"
	default:
		return "refused"
	}
}

// Statement counts one statement. verb is the analysis' lower-case statement kind; an unknown one is counted as "other".
func (m *Metrics) Statement(verb string, v Verdict) {
	row, ok := m.statements[verb]
	if !ok {
		row = m.statements[other]
	}
	if v >= verdicts {
		v = Refused
	}
	row[v].Inc()
}

// Verb is verb if it is one of the statement kinds that have series of their own, else "other".
func Verb(verb string) string {
	if slices.Contains(verbs, verb) {
		return verb
	}
	return other
}

// SignIn counts one attempt to sign in.
func (m *Metrics) SignIn(o Outcome) { m.signIns.inc(string(o)) }

// UpstreamError counts one failure of the upstream.
func (m *Metrics) UpstreamError(s Stage) { m.upstream.inc(string(s)) }

// Refusal counts one refused statement by its code ("PV101") or SQLSTATE. Anything not shaped like one is counted as "other".
func (m *Metrics) Refusal(code string) { m.refusals.inc(code) }

// registrar makes collectors with our prefix and registers them.
type registrar struct{ reg prometheus.Registerer }

const prefix = "pgveil_"

func (r registrar) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})
	r.reg.MustRegister(g)
	return g
}

func (r registrar) gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels)
	r.reg.MustRegister(g)
	return g
}

func (r registrar) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	r.reg.MustRegister(c)
	return c
}

func (r registrar) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, labels)
	r.reg.MustRegister(c)
	return c
}

func (r registrar) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(histogramOpts(name, help, buckets))
	r.reg.MustRegister(h)
	return h
}

func (r registrar) histogramVec(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	h := prometheus.NewHistogramVec(histogramOpts(name, help, buckets), labels)
	r.reg.MustRegister(h)
	return h
}

// Classic buckets, in seconds. Sealing a value takes about a microsecond and a batch of rows may hold thousands of cells;
// a batch of frames takes tens of microseconds, and a second only when something is wrong.
var (
	cipherBuckets  = []float64{1e-6, 5e-6, 2e-5, 1e-4, 5e-4, 2e-3, 1e-2, 5e-2, 0.25}
	latencyBuckets = []float64{1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 5e-2, 0.25, 1}
)

// histogramOpts gives classic buckets for any scraper and native ones (about 10 % wide) for those that ask.
func histogramOpts(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name:                            prefix + name,
		Help:                            help,
		Buckets:                         buckets,
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  100,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

// buildInfo registers pgveil_build_info, always 1, from what the Go tool chain stored in the binary.
func (r registrar) buildInfo() {
	version, revision, goVersion := "unknown", "unknown", "unknown"
	if b, ok := debug.ReadBuildInfo(); ok {
		goVersion = b.GoVersion
		if b.Main.Version != "" {
			version = b.Main.Version
		}
		for _, s := range b.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	r.gaugeVec("build_info", "Always 1; the labels say what is running.", "version", "revision", "go_version").
		WithLabelValues(version, revision, goVersion).Set(1)
}
