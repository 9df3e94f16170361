package metrics

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// checkTimeout bounds one readiness check.
	checkTimeout = 2 * time.Second
	// checkEvery is how long an answer of /readyz is used again, so that whoever asks often does not load the upstream.
	checkEvery = time.Second
)

// Check is one condition of being ready. Func returns nil when it holds and heeds its context; its error is shown to whoever can
// reach the metrics port and must not hold a value or a secret.
type Check struct {
	Name string
	Func func(context.Context) error
	// Now says that the check costs nothing and is made for each request.
	Now bool
}

// Routes serves /metrics from g, /healthz (200 while the process can answer) and /readyz (200 if every check holds, else
// 503; a JSON object with the reason of each).
func Routes(g prometheus.Gatherer, checks ...Check) http.Handler {
	r := &readiness{checks: checks}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(g, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second, EnableOpenMetrics: true,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "ok\n")
	})
	mux.Handle("GET /readyz", r)
	return mux
}

// readiness runs the checks and remembers the answer for a moment.
type readiness struct {
	checks []Check

	mu    sync.Mutex
	at    time.Time
	ready bool
	body  []byte
}

func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	ready, body := r.answer(context.WithoutCancel(req.Context()))
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	w.Write(body)
}

// stillReady makes the checks that are not to wait.
func (r *readiness) stillReady(ctx context.Context) bool {
	for _, c := range r.checks {
		if c.Now && r.ready && c.Func(ctx) != nil {
			return false
		}
	}
	return true
}

// answer holds the lock while the checks run: those who ask meanwhile share the answer.
func (r *readiness) answer(ctx context.Context) (bool, []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.body != nil && time.Since(r.at) < checkEvery && r.stillReady(ctx) {
		return r.ready, r.body
	}
	failed := make([]error, len(r.checks))
	var wg sync.WaitGroup
	for i, c := range r.checks {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, checkTimeout)
			defer cancel()
			failed[i] = c.Func(ctx)
		})
	}
	wg.Wait()
	state := struct {
		Ready  bool              `json:"ready"`
		Checks map[string]string `json:"checks"`
	}{true, make(map[string]string)}
	for i, c := range r.checks {
		state.Checks[c.Name] = "ok"
		if failed[i] != nil {
			state.Ready = false
			state.Checks[c.Name] = failed[i].Error()
		}
	}
	body, err := json.Marshal(state)
	if err != nil {
		return false, nil
	}
	r.at, r.ready, r.body = time.Now(), state.Ready, append(body, '\n')
	return r.ready, r.body
}
