package admin

import (
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/pgveil/pgveil/proxy"
)

// Sessions is the answer of /debug/sessions.
type Sessions struct {
	Draining bool                `json:"draining"`
	Sessions []proxy.SessionInfo `json:"sessions"`
}

func (p *pages) sessions(w http.ResponseWriter, r *http.Request) {
	all := Sessions{Draining: p.Proxy.Draining(), Sessions: p.Proxy.Sessions()}
	if all.Sessions == nil {
		all.Sessions = []proxy.SessionInfo{}
	}
	if wantsJSON(r) {
		writeJSON(w, all)
		return
	}
	out := newPage(fmt.Sprintf("%d sessions", len(all.Sessions)))
	if all.Draining {
		out.element("p", "The proxy is stopping: sessions end with their transactions.")
	}
	out.head("session", "state", "for", "waits for", "statement", "user", "roles", "database", "client", "application", "upstream", "age", "in", "out", "")
	for i := range all.Sessions {
		s := &all.Sessions[i]
		out.row([]string{s.ID, s.State, Seconds(s.StateAge), s.Waiting, s.Statement, s.User, strings.Join(s.Roles, ", "), s.Database, s.Client,
			s.Application, s.Upstream, Seconds(s.Age), Bytes(float64(s.BytesIn)), Bytes(float64(s.BytesOut))},
			func() { out.form("/debug/sessions/kill", p.token, "end", [2]string{"id", s.ID}) })
	}
	out.end()
	out.element("p", "A statement is shown by its kind. Application names are what clients call themselves.")
	out.write(w)
}

// kill ends one session.
func (p *pages) kill(w http.ResponseWriter, r *http.Request) {
	id := r.FormValue("id")
	by := "an operator by the admin listener"
	if !p.Proxy.Kill(id, by) {
		http.Error(w, "there is no such session", http.StatusNotFound)
		return
	}
	p.Log.Info("a session is ended by an operator", zap.String("session", id))
	if wantsJSON(r) {
		writeJSON(w, map[string]string{"ended": id})
		return
	}
	http.Redirect(w, r, "/debug/sessions", http.StatusSeeOther)
}
