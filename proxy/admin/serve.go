package admin

import (
	"encoding/json"
	"net/http"
	"strings"
)

// wantsJSON reports whether the request prefers JSON to a page. What says nothing of HTML is a program.
func wantsJSON(r *http.Request) bool {
	switch r.URL.Query().Get("format") {
	case "json":
		return true
	case "html":
		return false
	}
	return !strings.Contains(r.Header.Get("Accept"), "text/html")
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.Encode(v) // who has left reads no error
}
