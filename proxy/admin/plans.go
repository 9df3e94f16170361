package admin

import (
	"fmt"
	"net/http"
	"strconv"
)

// shownPlans is about how many plans are shown.
const shownPlans = 200

func (p *pages) plans(w http.ResponseWriter, r *http.Request) {
	all := p.Proxy.Plans(shownPlans)
	if wantsJSON(r) {
		writeJSON(w, all)
		return
	}
	out := newPage("plans")
	out.head("", "")
	share := "none asked for"
	if asked := all.Hits + all.Misses; asked > 0 {
		share = fmt.Sprintf("%.1f %%", 100*float64(all.Hits)/float64(asked))
	}
	for _, row := range [][]string{
		{"plans", strconv.Itoa(all.Entries)},
		{"bytes", Bytes(float64(all.Bytes)) + " of " + Bytes(float64(all.MaxBytes))},
		{"found", fmt.Sprintf("%d of %d (%s)", all.Hits, all.Hits+all.Misses, share)},
		{"dropped for want of room", fmt.Sprint(all.Evicted)},
		{"catalogs that plans are of", strconv.Itoa(all.PlanCatalogs)},
	} {
		out.row(row, nil)
	}
	out.end()
	out.element("h2", "Catalogs")
	out.head("upstream", "database", "read", "size", "")
	for _, c := range all.Catalogs {
		stale := ""
		if c.Stale {
			stale = "to be read again"
		}
		out.row([]string{c.Upstream, c.Database, Seconds(c.Age) + " ago", Bytes(float64(c.Bytes)), stale}, nil)
	}
	out.end()
	out.element("h2", "Some of the plans used latest, the largest first")
	out.head("text", "kind", "verdict", "", "size")
	for _, c := range all.Latest {
		verb, what := c.Verb, c.Code
		if c.More > 0 {
			verb += fmt.Sprintf(" and %d more", c.More)
		}
		if c.Template {
			what = "for all constants"
		}
		out.row([]string{c.Text, verb, c.Verdict, what, Bytes(float64(c.Bytes))}, nil)
	}
	out.end()
	out.element("p", "Of a text only a hash is shown, with a key that is made at each start.")
	out.write(w)
}
