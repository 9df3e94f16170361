package metrics

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Reloaded is what was loaded again.
type Reloaded string

// What can be loaded again without a restart.
const (
	ReloadPolicy       Reloaded = "policy"
	ReloadConfig       Reloaded = "config"
	ReloadCertificates Reloaded = "certificates"
)

type reloads map[Reloaded]reload

type reload struct{ ok, at prometheus.Gauge }

func newReloads(r registrar) reloads {
	ok := r.gaugeVec("reload_success", "1 if the latest load succeeded, 0 if it failed and the one before is still in force.", "what")
	at := r.gaugeVec("reload_timestamp_seconds", "When the load now in force succeeded, in seconds since 1970.", "what")
	all := make(reloads)
	for _, what := range []Reloaded{ReloadPolicy, ReloadConfig, ReloadCertificates} {
		all[what] = reload{ok.WithLabelValues(string(what)), at.WithLabelValues(string(what))}
	}
	return all
}

// Reload notes the result of loading what, the first load included: err nil means that it is in force since now.
func (m *Metrics) Reload(what Reloaded, now time.Time, err error) {
	r, known := m.reload[what]
	if !known {
		return
	}
	if err != nil {
		r.ok.Set(0)
		return
	}
	r.ok.Set(1)
	r.at.Set(float64(now.UnixMilli()) / 1e3)
}

// Certificate is one certificate in use. Leg is "client" for the one shown to clients, "upstream" for the one shown to
// the server; other names are not shown.
type Certificate struct {
	Leg      string
	NotAfter time.Time
}

// WatchPlanCache gives the source of the plan-cache counters, called at each scrape. Both numbers must only grow.
func (m *Metrics) WatchPlanCache(f func() (hits, misses uint64)) { m.planCache.source.Store(&f) }

// WatchAudit gives the source of the audit lag, called at each scrape: events not yet durable, and the age of the oldest.
func (m *Metrics) WatchAudit(f func() (events int64, age time.Duration)) { m.auditLag.source.Store(&f) }

// WatchCertificates gives the source of the certificates' ends, called at each scrape.
func (m *Metrics) WatchCertificates(f func() []Certificate) { m.certificates.source.Store(&f) }

// Host is a server behind the proxy, named by its upstream's name and its address in the configuration.
type Host struct {
	Upstream, Address string
	Up, Primary       bool // as far as was seen
	Sessions          int64
}

// WatchHosts gives the source of what is known of the servers, called at each scrape.
func (m *Metrics) WatchHosts(f func() []Host) { m.hosts.source.Store(&f) }

func newHosts(r registrar) *pulled[func() []Host] {
	hosts := &pulled[func() []Host]{
		descs: []*prometheus.Desc{
			desc("upstream_host_up", "1 if the server could be reached when it was tried last.", "upstream", "host"),
			desc("upstream_host_primary", "1 if the server was a primary when somebody logged in last.", "upstream", "host"),
			desc("upstream_host_sessions", "Sessions that are on the server.", "upstream", "host"),
		},
		collect: func(f func() []Host, d []*prometheus.Desc, out chan<- prometheus.Metric) {
			for _, h := range f() {
				for i, v := range []float64{boolean(h.Up), boolean(h.Primary), float64(h.Sessions)} {
					out <- prometheus.MustNewConstMetric(d[i], prometheus.GaugeValue, v, h.Upstream, h.Address)
				}
			}
		},
	}
	r.reg.MustRegister(hosts)
	return hosts
}

func boolean(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// pulled is a collector that asks someone else when it is scraped. Until there is a source it shows nothing.
type pulled[F any] struct {
	descs   []*prometheus.Desc
	source  atomic.Pointer[F]
	collect func(f F, descs []*prometheus.Desc, out chan<- prometheus.Metric)
}

func (p *pulled[F]) Describe(out chan<- *prometheus.Desc) {
	for _, d := range p.descs {
		out <- d
	}
}

func (p *pulled[F]) Collect(out chan<- prometheus.Metric) {
	if f := p.source.Load(); f != nil {
		p.collect(*f, p.descs, out)
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

func newPulled(r registrar) (
	cache *pulled[func() (uint64, uint64)],
	lag *pulled[func() (int64, time.Duration)],
	certs *pulled[func() []Certificate],
) {
	cache = &pulled[func() (uint64, uint64)]{
		descs: []*prometheus.Desc{
			desc("plan_cache_hits_total", "Statements whose plan was in the cache."),
			desc("plan_cache_misses_total", "Statements whose plan had to be made."),
		},
		collect: func(f func() (uint64, uint64), d []*prometheus.Desc, out chan<- prometheus.Metric) {
			hits, misses := f()
			out <- prometheus.MustNewConstMetric(d[0], prometheus.CounterValue, float64(hits))
			out <- prometheus.MustNewConstMetric(d[1], prometheus.CounterValue, float64(misses))
		},
	}
	lag = &pulled[func() (int64, time.Duration)]{
		descs: []*prometheus.Desc{
			desc("audit_lag_events", "Audit events handed in and not yet durable."),
			desc("audit_lag_seconds", "Age of the oldest audit event that is not yet durable, in seconds."),
		},
		collect: func(f func() (int64, time.Duration), d []*prometheus.Desc, out chan<- prometheus.Metric) {
			events, age := f()
			out <- prometheus.MustNewConstMetric(d[0], prometheus.GaugeValue, float64(events))
			out <- prometheus.MustNewConstMetric(d[1], prometheus.GaugeValue, age.Seconds())
		},
	}
	certs = &pulled[func() []Certificate]{
		descs: []*prometheus.Desc{
			desc("certificate_expiry_timestamp_seconds", "When the certificate ends, in seconds since 1970.", "leg"),
		},
		collect: collectCertificates,
	}
	r.reg.MustRegister(cache, lag, certs)
	return cache, lag, certs
}

func collectCertificates(f func() []Certificate, d []*prometheus.Desc, out chan<- prometheus.Metric) {
	first := make(map[string]time.Time) // of several on a leg, the one that ends first
	for _, c := range f() {
		if c.Leg != "client" && c.Leg != "upstream" {
			continue
		}
		if t, ok := first[c.Leg]; !ok || c.NotAfter.Before(t) {
			first[c.Leg] = c.NotAfter
		}
	}
	for leg, t := range first {
		out <- prometheus.MustNewConstMetric(d[0], prometheus.GaugeValue, float64(t.Unix()), leg)
	}
}
