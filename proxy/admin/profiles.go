package admin

import (
	"fmt"
	"net/http"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"time"
)

// LongestProfile bounds the time that a profile may take.
const LongestProfile = 60 * time.Second

func (p *pages) profiles(w http.ResponseWriter, _ *http.Request) {
	out := newPage("profiles")
	out.element("p", "For go tool pprof. They hold the places in the program and numbers, and nothing of what it works on.")
	out.head("profile", "entries")
	for _, prof := range pprof.Profiles() {
		name := prof.Name()
		out.row([]string{name, strconv.Itoa(prof.Count())}, func() { out.link("/debug/pprof/"+name+"?debug=1", "as text") })
	}
	out.row([]string{"profile", ""}, func() { out.link("/debug/pprof/profile?seconds=10", "CPU, 10 seconds") })
	out.row([]string{"trace", ""}, func() { out.link("/debug/pprof/trace?seconds=1", "execution, 1 second: for go tool trace") })
	out.end()
	out.write(w)
}

// profile writes one profile. A dump of goroutines with the words of their arguments is refused: a number that a column holds can be one.
func (p *pages) profile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	switch name {
	case "profile":
		p.during(w, r, 30*time.Second, func() error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile)
		return
	case "trace":
		p.during(w, r, time.Second, func() error { return trace.Start(w) }, trace.Stop)
		return
	}
	prof := pprof.Lookup(name)
	if prof == nil {
		http.Error(w, "there is no such profile", http.StatusNotFound)
		return
	}
	debug := 0
	switch r.FormValue("debug") {
	case "", "0":
	case "1":
		debug = 1
	default:
		http.Error(w, "debug is 0 or 1: a dump with the words of functions' arguments could hold a value", http.StatusForbidden)
		return
	}
	kind := "application/octet-stream"
	if debug > 0 {
		kind = "text/plain; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	prof.WriteTo(w, debug)
}

// during records for the seconds that are asked for, or until the one who asked has left.
func (p *pages) during(w http.ResponseWriter, r *http.Request, long time.Duration, start func() error, stop func()) {
	if s := r.FormValue("seconds"); s != "" {
		n, err := strconv.ParseFloat(s, 64)
		if err != nil || !(n > 0) || n > LongestProfile.Seconds() {
			http.Error(w, fmt.Sprintf("seconds is above 0 and at most %v", LongestProfile.Seconds()), http.StatusBadRequest)
			return
		}
		long = time.Duration(n * float64(time.Second))
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := start(); err != nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		http.Error(w, err.Error(), http.StatusConflict) // one is being recorded
		return
	}
	defer stop()
	select {
	case <-time.After(long):
	case <-r.Context().Done():
	}
}
