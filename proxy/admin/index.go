package admin

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

func (p *pages) index(w http.ResponseWriter, _ *http.Request) {
	a := p.About()
	now := p.Now()
	out := newPage("pgveil " + a.Version)
	out.head("", "")
	states := map[string]int{}
	for _, s := range p.Proxy.Sessions() {
		states[s.State]++
	}
	for _, state := range statesInOrder {
		if n := states[state]; n > 0 {
			out.row([]string{"sessions " + state, strconv.Itoa(n)}, nil)
		}
	}
	for _, row := range [][]string{
		{"stopping", yes(a.Draining)},
		{"runs for", Seconds(now.Sub(a.Started).Seconds())},
		{"process", strconv.Itoa(a.PID)},
		{"built with", a.Go},
		{"source", a.Revision},
		{"configuration", a.Config},
		{"policy", a.Policy},
		{"latest load", ago(now, a.Reload.At) + ", " + a.Reload.Why},
	} {
		out.row(row, nil)
	}
	if a.Reload.Error != "" {
		out.row([]string{"it failed", a.Reload.Error}, nil)
		out.row([]string{"in force since", ago(now, a.Reload.Since)}, nil)
	}
	out.row([]string{"log level", p.Level.Level().String()}, nil)
	out.end()
	out.mark("<p>Log from now on: ")
	for _, l := range levels {
		out.form("/debug/log", p.token, l.String(), [2]string{"level", l.String()})
		out.mark(" ")
	}
	out.mark("</p>\n<h2>For programs</h2>\n<p>")
	for _, l := range []string{"/debug/sessions?format=json", "/debug/plans?format=json", "/debug/stats", "/debug/about", "/debug/log"} {
		out.link(l, l)
		out.mark("<br>")
	}
	out.mark("</p>")
	out.write(w)
}

// statesInOrder are a session's states as the page lists them.
var statesInOrder = []string{"active", "idle in transaction", "idle in transaction (aborted)", "idle", "replicating", "signing in"}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func ago(now, then time.Time) string { return Seconds(now.Sub(then).Seconds()) + " ago" }

// levels are those of the configuration.
var levels = []zapcore.Level{zapcore.DebugLevel, zapcore.InfoLevel, zapcore.WarnLevel, zapcore.ErrorLevel}

// Level is the answer of /debug/log.
type Level struct {
	Level string `json:"level"`
}

func (p *pages) level(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, Level{p.Level.Level().String()})
}

// setLevel changes the log's level until the next start.
func (p *pages) setLevel(w http.ResponseWriter, r *http.Request) {
	word := r.FormValue("level")
	for _, l := range levels {
		if l.String() != word {
			continue
		}
		was := p.Level.Level()
		p.Level.SetLevel(l)
		p.Log.Log(max(l, zapcore.InfoLevel), "the log's level is another", zap.Stringer("was", was), zap.Stringer("is", l))
		if wantsJSON(r) {
			writeJSON(w, Level{word})
			return
		}
		http.Redirect(w, r, "/debug/", http.StatusSeeOther)
		return
	}
	http.Error(w, fmt.Sprintf("level is one of %v", levels), http.StatusBadRequest)
}
