package admin

import (
	"net/http"
	"time"
)

// Stats are the counters that pgveil top makes rates of. All but Sessions only grow.
type Stats struct {
	At       time.Time          `json:"at"`
	Sessions float64            `json:"sessions"`
	Verdicts map[string]float64 `json:"statements"` // by verdict
	BytesIn  float64            `json:"bytes_in"`
	BytesOut float64            `json:"bytes_out"`
	Hits     float64            `json:"plan_cache_hits"`
	Misses   float64            `json:"plan_cache_misses"`
	Sealed   float64            `json:"cells_sealed"`
	Opened   float64            `json:"cells_opened"`
	// Added is the time that batches of frames have stayed in the proxy, both ways: how many at most so many seconds.
	Added []Bucket `json:"added_latency"`
}

// Bucket is one of a histogram: Count observations were at most Le seconds.
type Bucket struct {
	Le    float64 `json:"le"`
	Count uint64  `json:"count"`
}

func (p *pages) stats(w http.ResponseWriter, _ *http.Request) {
	s, err := p.gather()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	writeJSON(w, s)
}

// gather sums the metrics up.
func (p *pages) gather() (Stats, error) {
	families, err := p.Gather.Gather()
	if err != nil {
		return Stats{}, err
	}
	s := Stats{At: p.Now(), Verdicts: map[string]float64{}}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			label := func(name string) string {
				for _, l := range m.GetLabel() {
					if l.GetName() == name {
						return l.GetValue()
					}
				}
				return ""
			}
			count := m.GetCounter().GetValue()
			switch f.GetName() {
			case "pgveil_sessions_active":
				s.Sessions = m.GetGauge().GetValue()
			case "pgveil_statements_total":
				s.Verdicts[label("verdict")] += count
			case "pgveil_bytes_total":
				if label("direction") == "inbound" {
					s.BytesIn += count
				} else {
					s.BytesOut += count
				}
			case "pgveil_plan_cache_hits_total":
				s.Hits = count
			case "pgveil_plan_cache_misses_total":
				s.Misses = count
			case "pgveil_values_sealed_total":
				s.Sealed += count
			case "pgveil_values_opened_total":
				s.Opened += count
			case "pgveil_added_latency_seconds":
				for i, b := range m.GetHistogram().GetBucket() {
					if i == len(s.Added) {
						s.Added = append(s.Added, Bucket{Le: b.GetUpperBound()})
					}
					s.Added[i].Count += b.GetCumulativeCount()
				}
			}
		}
	}
	return s, nil
}
