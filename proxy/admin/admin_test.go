package admin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/pgveil/pgveil/policy"
	"github.com/pgveil/pgveil/proxy"
	"github.com/pgveil/pgveil/proxy/metrics"
)

// some is a proxy with one session, whose client is unkind.
type some struct{ killed []string }

const unkind = `"><script>alert(1)</script>&'`

func (s *some) Sessions() []proxy.SessionInfo {
	return []proxy.SessionInfo{{ID: "5f1d", State: proxy.StateActive, Age: 3, User: unkind, Roles: []string{"owner"}, Database: unkind,
		Client: "10.0.0.7", Application: unkind, Upstream: "default 10.0.0.9:5432", Statement: "select", Waiting: proxy.WaitingServer, BytesIn: 1500}}
}

func (s *some) Kill(id, _ string) bool {
	s.killed = append(s.killed, id)
	return id == "5f1d"
}

func (s *some) Plans(int) proxy.PlansInfo {
	return proxy.PlansInfo{Entries: 1, Hits: 3, Misses: 1, Catalogs: []proxy.CatalogInfo{{Database: unkind}},
		Latest: []policy.CachedPlan{{Text: "00ff", Verb: "select", Verdict: "refused", Code: "PV103", Bytes: 7}}}
}

func (s *some) Draining() bool { return false }

func listener(t *testing.T) (http.Handler, *some, zap.AtomicLevel) {
	t.Helper()
	reg := prometheus.NewRegistry()
	m := metrics.New(reg)
	m.Statement("select", metrics.Protected)
	m.Statement("insert", metrics.Protected)
	m.AddedInbound.Observe(3e-5)
	m.AddedOutbound.Observe(3e-5)
	m.Column("public.people", "email").Opened.Add(5)
	m.BytesInbound.Add(10)
	m.SessionsActive.Inc()
	s, level := &some{}, zap.NewAtomicLevel()
	now := time.Unix(1000, 0)
	return New(Options{Proxy: s, Level: level, Log: zap.NewNop(), Gather: reg, Now: func() time.Time { return now }, About: func() About {
		return About{Version: "v", Config: "sha256:00", Reload: Reload{At: now, Why: unkind, Error: unkind}}
	}}), s, level
}

// ask sends a request with headers, in pairs, and gives the answer's status and body.
func ask(h http.Handler, method, path string, headers ...string) (int, string, http.Header) {
	r := httptest.NewRequest(method, "http://127.0.0.1:9188"+path, nil)
	if method == http.MethodPost && strings.Contains(path, "#") {
		path, form, _ := strings.Cut(path, "#")
		r = httptest.NewRequest(method, "http://127.0.0.1:9188"+path, strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

func TestPages(t *testing.T) {
	h, _, _ := listener(t)
	for path, want := range map[string]string{
		"/debug/":                      "sessions active",
		"/debug/sessions":              "<td>1.50 kB</td>",
		"/debug/plans":                 "3 of 4 (75.0 %)",
		"/debug/pprof/":                "goroutine",
		"/debug/style.css":             "font",
		"/debug/sessions?format=json":  `"waiting_for": "server"`,
		"/debug/plans?format=json":     `"code": "PV103"`,
		"/debug/stats":                 `"protected": 2`,
		"/debug/about":                 `"config": "sha256:00"`,
		"/debug/log":                   `"level": "info"`,
		"/debug/pprof/heap?debug=1":    "heap profile",
		"/debug/pprof/goroutine":       "",
		"/debug/pprof/trace?seconds=1": "go 1.",
	} {
		code, body, header := ask(h, http.MethodGet, path, "Accept", "text/html,*/*;q=0.8")
		if code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d, without %q:\n%.300s", path, code, want, body)
		}
		if strings.Contains(body, "<script") && strings.Contains(header.Get("Content-Type"), "html") {
			t.Errorf("%s: a client's text is markup", path)
		}
		if !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, header)
		}
	}
	if _, body, _ := ask(h, http.MethodGet, "/debug/sessions", "Accept", "text/html"); strings.Count(body, "&lt;script&gt;") != 3 {
		t.Errorf("the client's texts aren't all shown:\n%s", body)
	}
	var all Sessions
	_, body, _ := ask(h, http.MethodGet, "/debug/sessions") // neither is asked for: a program
	if err := json.Unmarshal([]byte(body), &all); err != nil || len(all.Sessions) != 1 || all.Sessions[0].Application != unkind {
		t.Errorf("%v, %+v", err, all)
	}
	var s Stats
	_, body, _ = ask(h, http.MethodGet, "/debug/stats")
	if err := json.Unmarshal([]byte(body), &s); err != nil || s.Opened != 5 || s.BytesIn != 10 || s.Sessions != 1 || s.Added[len(s.Added)-1].Count != 2 {
		t.Errorf("%v, %+v", err, s)
	}
	for path, want := range map[string]int{
		"/":                                http.StatusFound,
		"/metrics":                         http.StatusNotFound,
		"/debug/nothing":                   http.StatusNotFound,
		"/debug/pprof/nothing":             http.StatusNotFound,
		"/debug/pprof/goroutine?debug=2":   http.StatusForbidden, // words of arguments
		"/debug/pprof/profile?seconds=100": http.StatusBadRequest,
		"/debug/pprof/profile?seconds=x":   http.StatusBadRequest,
		"/debug/pprof/trace?seconds=NaN":   http.StatusBadRequest,
		"/debug/sessions/kill?id=5f1d":     http.StatusMethodNotAllowed,
	} {
		if code, _, _ := ask(h, http.MethodGet, path); code != want {
			t.Errorf("%s: %d, want %d", path, code, want)
		}
	}
}

// What a foreign page can make a browser send is refused; what an operator sends isn't.
func TestGuard(t *testing.T) {
	h, s, level := listener(t)
	_, page, _ := ask(h, http.MethodGet, "/debug/sessions", "Accept", "text/html")
	token := regexp.MustCompile(`name="token" value="([0-9a-f]{32})"`).FindStringSubmatch(page)
	if token == nil {
		t.Fatalf("no token in\n%s", page)
	}
	other, _, _ := listener(t)
	_, page, _ = ask(other, http.MethodGet, "/debug/sessions", "Accept", "text/html")
	if strings.Contains(page, token[1]) {
		t.Error("two listeners have one token")
	}
	kill := "/debug/sessions/kill?id=5f1d"
	for _, test := range []struct {
		method, path string
		headers      []string
		want         int
	}{
		{"POST", kill, []string{Header, "1"}, 200},
		{"POST", kill, []string{Header, "1", "Host", "localhost:9188"}, 200},
		{"POST", kill, []string{Header, "1", "Host", "[::1]:9188"}, 200},
		{"POST", kill, []string{Header, "1", "Sec-Fetch-Site", "same-origin", "Origin", "http://127.0.0.1:9188"}, 200},
		{"POST", "/debug/sessions/kill#id=5f1d&token=" + token[1], []string{"Accept", "text/html"}, 303},
		{"POST", "/debug/sessions/kill?id=5f1d#token=" + token[1], []string{"Accept", "text/html"}, 303},
		{"POST", "/debug/sessions/kill?id=no", []string{Header, "1"}, 404},
		{"PUT", "/debug/log?level=debug", []string{Header, "1"}, 200},
		{"PUT", "/debug/log?level=panic", []string{Header, "1"}, 400},
		{"POST", "/debug/log#level=debug&token=" + token[1], []string{"Accept", "text/html"}, 303},

		{"POST", kill, nil, 403},
		{"POST", "/debug/sessions/kill?id=5f1d&token=" + token[1], nil, 403}, // in an address it would be in logs
		{"POST", "/debug/sessions/kill#id=5f1d&token=", nil, 403},
		{"POST", "/debug/sessions/kill#id=5f1d&token=" + token[1][1:], nil, 403},
		{"POST", kill, []string{Header, "1", "Host", "evil.example"}, 403},
		{"POST", kill, []string{Header, "1", "Host", "evil.example:9188"}, 403},
		{"POST", kill, []string{Header, "1", "Host", "127.0.0.1.evil.example"}, 403},
		{"POST", kill, []string{Header, "1", "Host", "localhost.evil.example"}, 403},
		{"POST", kill, []string{Header, "1", "Host", ""}, 403},
		{"POST", kill, []string{Header, "1", "Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", kill, []string{Header, "1", "Sec-Fetch-Site", "same-site"}, 403},
		{"POST", kill, []string{Header, "1", "Origin", "null"}, 403},
		{"POST", kill, []string{Header, "1", "Origin", "http://127.0.0.1:80"}, 403},
		{"GET", "/debug/sessions", []string{"Host", "10.0.0.1:9188"}, 403},
		{"GET", "/debug/pprof/profile?seconds=60", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"PUT", "/debug/log?level=debug", nil, 403},
		{"DELETE", "/debug/log", nil, 403},
	} {
		s.killed = nil
		level.SetLevel(zap.InfoLevel)
		code, body, _ := ask(h, test.method, test.path, test.headers...)
		if code != test.want {
			t.Errorf("%s %s %q: %d, want %d\n%.200s", test.method, test.path, test.headers, code, test.want, body)
		}
		if changed := len(s.killed) > 0 || level.Level() != zap.InfoLevel; changed && test.want == 403 {
			t.Errorf("%s %s %q: refused and done", test.method, test.path, test.headers)
		} else if !changed && (test.want == 200 || test.want == 303) {
			t.Errorf("%s %s %q: nothing was done", test.method, test.path, test.headers)
		}
	}
}

func TestWords(t *testing.T) {
	for s, want := range map[float64]string{0: "0.0s", 9.94: "9.9s", 59: "59s", 60: "1m0s", 3700: "1h1m", 90000: "1d1h"} {
		if got := Seconds(s); got != want {
			t.Errorf("%v seconds: %s, want %s", s, got, want)
		}
	}
	for n, want := range map[float64]string{0: "0 B", 999: "999 B", 1500: "1.50 kB", 23.4e6: "23.4 MB", 999e9: "999 GB", 5e12: "5.00 TB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%v bytes: %s, want %s", n, got, want)
		}
	}
}
