// Package admin is the listener for operators: pages and JSON about sessions, plans and the program itself, and the few things that can
// be changed while it runs. It shows no statement's text and no value, and what a client chose is escaped.
//
// It proves nobody's identity: who reaches its socket may use it. It listens on a loopback address or a Unix socket only. Against a
// browser on the same machine that a foreign page steers, it answers only requests that name a loopback host (DNS rebinding) and that no
// other site has made, and changes something only for a token that its own pages hold or for a header that no form can send.
package admin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/pgveil/pgveil/proxy"
)

// Header must be sent, with any value, by programs that change something.
const Header = "X-Pgveil-Admin"

// Proxy is what is shown and steered; proxy.Server is one.
type Proxy interface {
	Sessions() []proxy.SessionInfo
	Kill(id, by string) bool
	Plans(latest int) proxy.PlansInfo
	Draining() bool
}

// Options is what the listener is made of. All fields are needed.
type Options struct {
	Proxy  Proxy
	Level  zap.AtomicLevel
	Log    *zap.Logger
	Gather prometheus.Gatherer
	About  func() About
	Now    func() time.Time
}

// About is what runs. It is shown as it is.
type About struct {
	Version  string    `json:"version"`
	Go       string    `json:"go"`
	Revision string    `json:"revision,omitempty"` // of the source
	PID      int       `json:"pid"`
	Started  time.Time `json:"started"`
	// Config is a digest of the configuration in force, defaults included: equal for two proxies that are configured alike.
	Config   string `json:"config"`
	Policy   string `json:"policy"` // its version
	Draining bool   `json:"draining"`
	Reload   Reload `json:"reload"`
}

// Reload is how the latest load of the files went, the first included.
type Reload struct {
	At    time.Time `json:"at"`
	Why   string    `json:"why"`
	Error string    `json:"error,omitempty"` // empty: it is in force
	Since time.Time `json:"in_force_since"`
}

// pages is the listener's state.
type pages struct {
	Options
	token string // that our own forms send
}

// New makes the pages.
func New(o Options) http.Handler {
	var token [16]byte
	rand.Read(token[:]) // never fails
	p := &pages{Options: o, token: hex.EncodeToString(token[:])}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/debug/", http.StatusFound) })
	mux.HandleFunc("GET /debug/{$}", p.index)
	mux.HandleFunc("GET /debug/style.css", p.style)
	mux.HandleFunc("GET /debug/about", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, p.About()) })
	mux.HandleFunc("GET /debug/sessions", p.sessions)
	mux.HandleFunc("POST /debug/sessions/kill", p.kill)
	mux.HandleFunc("GET /debug/plans", p.plans)
	mux.HandleFunc("GET /debug/stats", p.stats)
	mux.HandleFunc("GET /debug/log", p.level)
	mux.HandleFunc("PUT /debug/log", p.setLevel)
	mux.HandleFunc("POST /debug/log", p.setLevel)
	mux.HandleFunc("GET /debug/pprof/{$}", p.profiles)
	mux.HandleFunc("GET /debug/pprof/{name}", p.profile)
	return p.guard(mux)
}

// guard lets through what an operator may have sent.
func (p *pages) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
		switch {
		case !loopbackHost(r.Host):
			http.Error(w, "the Host header names no loopback address", http.StatusForbidden)
		case elsewhere(r):
			http.Error(w, "another site has made this request", http.StatusForbidden)
		case r.Method != http.MethodGet && r.Method != http.MethodHead && !p.meant(r):
			http.Error(w, "a change needs the header "+Header+", or the token of this listener's own pages", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// loopbackHost reports whether a Host header names this machine by a name that no DNS server can give to another.
func loopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if name == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && ip.IsLoopback()
}

// elsewhere reports whether a browser says that a page of another site has made the request.
func elsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
	default:
		return true
	}
	origin := r.Header.Get("Origin")
	return origin != "" && origin != "http://"+r.Host
}

// meant reports whether a request that changes something was sent on purpose.
func (p *pages) meant(r *http.Request) bool {
	if r.Header.Get(Header) != "" {
		return true
	}
	return subtle.ConstantTimeCompare([]byte(r.PostFormValue("token")), []byte(p.token)) == 1
}
