package metrics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// used is a registry in which every metric has at least one series.
func used(t *testing.T) (*prometheus.Registry, *Metrics) {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	m := New(reg)
	m.Column("public.customers", "email")
	m.Refusal("PV101")
	m.WatchPlanCache(func() (uint64, uint64) { return 7, 3 })
	m.WatchAudit(func() (int64, time.Duration) { return 5, 1500 * time.Millisecond })
	day := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	m.WatchHosts(func() []Host {
		return []Host{{Upstream: "default", Address: "db:5432", Up: true, Primary: true, Sessions: 3}}
	})
	m.WatchCertificates(func() []Certificate {
		return []Certificate{{"client", day.AddDate(0, 1, 0)}, {"client", day}, {"upstream", day}, {"made up", day}}
	})
	return reg, m
}

func TestDocumented(t *testing.T) {
	reg, _ := used(t)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var registered []string
	for _, f := range families {
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		registered = append(registered, fmt.Sprintf("%s %s [%s]", f.GetName(), strings.ToLower(f.GetType().String()), strings.Join(labels, ", ")))
	}
	doc, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(pgveil_[a-z_]+)` \\| ([a-z]+) \\| ([a-z_, ]*) ?\\|").FindAllStringSubmatch(string(doc), -1) {
		documented = append(documented, fmt.Sprintf("%s %s [%s]", m[1], m[2], strings.TrimSpace(m[3])))
	}
	if !slices.Equal(registered, documented) {
		t.Errorf("registered:\n%s\n\ndocumented:\n%s", strings.Join(registered, "\n"), strings.Join(documented, "\n"))
	}
	for _, list := range [][]string{outcomes, stages, verbs} {
		for _, word := range list {
			if !bytes.Contains(doc, []byte("`"+word+"`")) {
				t.Errorf("docs/metrics.md does not name %q", word)
			}
		}
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
}

// series counts the series of all metrics.
func series(t *testing.T, reg *prometheus.Registry) int {
	t.Helper()
	n, err := testutil.GatherAndCount(reg)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestBounded(t *testing.T) {
	reg, m := used(t)
	before := series(t, reg)
	for i := range 1000 {
		made := fmt.Sprintf("alice@example.test %d", i)
		m.Statement(made, Plain)
		m.Statement("select", Verdict(100+i%100))
		m.SignIn(Outcome(made))
		m.UpstreamError(Stage(made))
		m.Refusal(made)
		m.Reload(Reloaded(made), time.Now(), nil)
	}
	if grown := series(t, reg) - before; grown != 1 { // refusals_total{code="other"}
		t.Errorf("strings of a client made %d series, want 1", grown)
	}
	for i := range 1000 {
		m.Refusal(fmt.Sprintf("Q%04d", i))
	}
	if grown := series(t, reg) - before; grown != maxCodes {
		t.Errorf("codes made %d series, want %d", grown, maxCodes)
	}
	for name, want := range map[string]float64{
		`verb="other",verdict="plain"`:    1000,
		`verb="select",verdict="refused"`: 1000,
		`outcome="other"`:                 1000,
		`stage="other"`:                   1000,
	} {
		if got := value(t, reg, name); got != want {
			t.Errorf("{%s} is %v, want %v", name, got, want)
		}
	}
	var text bytes.Buffer
	text.WriteString(scrape(t, Routes(reg)))
	if strings.Contains(text.String(), "alice") {
		t.Error("a client's string is shown")
	}
}

// value finds the one series whose labels hold the text.
func value(t *testing.T, reg *prometheus.Registry, labels string) float64 {
	t.Helper()
	m := regexp.MustCompile(`(?m)^\w+\{[^}]*` + regexp.QuoteMeta(labels) + `[^}]*\} (\S+)$`).FindStringSubmatch(scrape(t, Routes(reg)))
	if m == nil {
		t.Fatalf("no series {%s}", labels)
	}
	var f float64
	fmt.Sscan(m[1], &f)
	return f
}

func TestPulled(t *testing.T) {
	reg, m := used(t)
	m.Reload(ReloadPolicy, time.Unix(1000, 0), nil)
	m.Reload(ReloadPolicy, time.Unix(2000, 0), errors.New("line 3"))
	text := scrape(t, Routes(reg))
	for _, line := range []string{
		"pgveil_plan_cache_hits_total 7", "pgveil_plan_cache_misses_total 3",
		"pgveil_audit_lag_events 5", "pgveil_audit_lag_seconds 1.5",
		`pgveil_certificate_expiry_timestamp_seconds{leg="client"} 1.7987616e+09`,
		`pgveil_reload_success{what="policy"} 0`, `pgveil_reload_timestamp_seconds{what="policy"} 1000`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %q in\n%s", line, text)
		}
	}
	if strings.Contains(text, "made up") {
		t.Error("an unknown leg is shown")
	}
}

func TestHotPathAllocatesNothing(t *testing.T) {
	_, m := used(t)
	c := m.Column("public.customers", "email")
	if n := testing.AllocsPerRun(100, func() {
		m.Statement("select", Protected)
		m.BytesInbound.Add(100)
		m.AddedInbound.Observe(2e-5)
		m.OpenSeconds.Observe(2e-5)
		c.Opened.Add(50)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkHotPath(b *testing.B) {
	m := New(prometheus.NewRegistry())
	c := m.Column("public.customers", "email")
	b.Run("statement", func(b *testing.B) {
		for b.Loop() {
			m.Statement("select", Protected)
		}
	})
	b.Run("latency", func(b *testing.B) {
		for b.Loop() {
			m.AddedInbound.Observe(2e-5)
		}
	})
	b.Run("column", func(b *testing.B) {
		for b.Loop() {
			c.Opened.Add(50)
		}
	})
}

// scrape asks /metrics.
func scrape(t *testing.T, h http.Handler) string {
	t.Helper()
	code, body := ask(t, h, http.MethodGet, "/metrics")
	if code != http.StatusOK {
		t.Fatalf("status %d", code)
	}
	return body
}

type answer struct {
	http.ResponseWriter
	header http.Header
	code   int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(code int)        { a.code = code }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

func ask(t *testing.T, h http.Handler, method, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a := &answer{header: make(http.Header), code: http.StatusOK}
	h.ServeHTTP(a, req)
	return a.code, a.body.String()
}

func TestReady(t *testing.T) {
	var fail atomic.Bool
	var asked atomic.Int32
	h := Routes(prometheus.NewRegistry(),
		Check{Name: "audit", Func: func(context.Context) error { return nil }},
		Check{Name: "upstream", Func: func(ctx context.Context) error {
			asked.Add(1)
			if _, ok := ctx.Deadline(); !ok {
				return errors.New("no deadline")
			}
			if fail.Load() {
				return errors.New("ok")
			}
			return nil
		}})
	for range 5 {
		if code, body := ask(t, h, http.MethodGet, "/readyz"); code != http.StatusOK || body != `{"ready":true,"checks":{"audit":"ok","upstream":"ok"}}`+"\n" {
			t.Fatalf("%d %s", code, body)
		}
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times within a second", n)
	}
	fail.Store(true)
	time.Sleep(checkEvery)
	code, body := ask(t, h, http.MethodGet, "/readyz")
	var state struct {
		Ready  bool
		Checks map[string]string
	}
	if err := json.Unmarshal([]byte(body), &state); err != nil || code != http.StatusServiceUnavailable || state.Ready {
		t.Errorf("%d %s %v", code, body, err)
	}
	if code, _ := ask(t, h, http.MethodGet, "/healthz"); code != http.StatusOK {
		t.Errorf("healthz: %d", code)
	}
	for _, bad := range [][2]string{{http.MethodPost, "/metrics"}, {http.MethodGet, "/debug/pprof/"}, {http.MethodGet, "/"}} {
		if code, _ := ask(t, h, bad[0], bad[1]); code == http.StatusOK {
			t.Errorf("%s %s is answered", bad[0], bad[1])
		}
	}
}
