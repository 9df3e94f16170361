package admin

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"
)

// page is an HTML page that is being written. What is put in is escaped, but for the fixed texts of mark.
type page struct{ b strings.Builder }

// mark adds markup of our own.
func (p *page) mark(fixed string) { p.b.WriteString(fixed) }

// text adds a text, escaped.
func (p *page) text(s string) { p.b.WriteString(html.EscapeString(s)) }

// element adds an element that holds a text.
func (p *page) element(name, s string) {
	p.mark("<" + name + ">")
	p.text(s)
	p.mark("</" + name + ">")
}

func newPage(title string) *page {
	p := &page{}
	p.mark("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">")
	p.element("title", "pgveil: "+title)
	p.mark("<link rel=\"stylesheet\" href=\"/debug/style.css\"></head><body>\n<nav>")
	for _, l := range [][2]string{{"/debug/", "pgveil"}, {"/debug/sessions", "sessions"}, {"/debug/plans", "plans"}, {"/debug/pprof/", "profiles"}} {
		p.link(l[0], l[1])
		p.mark(" ")
	}
	p.mark("</nav>\n")
	p.element("h1", title)
	return p
}

// link adds a link to a path of our own.
func (p *page) link(path, s string) {
	p.mark("<a href=\"")
	p.text(path)
	p.mark("\">")
	p.text(s)
	p.mark("</a>")
}

// head begins a table.
func (p *page) head(columns ...string) {
	p.mark("\n<table><thead><tr>")
	for _, c := range columns {
		p.element("th", c)
	}
	p.mark("</tr></thead><tbody>\n")
}

// row adds a row of texts. last, if not nil, adds one more cell.
func (p *page) row(cells []string, last func()) {
	p.mark("<tr>")
	for _, c := range cells {
		p.element("td", c)
	}
	if last != nil {
		p.mark("<td>")
		last()
		p.mark("</td>")
	}
	p.mark("</tr>\n")
}

func (p *page) end() { p.mark("</tbody></table>\n") }

// form adds a button that posts fields to a path of our own, with the token.
func (p *page) form(path, token, button string, fields ...[2]string) {
	p.mark("<form method=\"post\" action=\"")
	p.text(path)
	p.mark("\">")
	for _, f := range append(fields, [2]string{"token", token}) {
		p.mark("<input type=\"hidden\" name=\"")
		p.text(f[0])
		p.mark("\" value=\"")
		p.text(f[1])
		p.mark("\">")
	}
	p.element("button", button)
	p.mark("</form>")
}

func (p *page) write(w http.ResponseWriter) {
	p.mark("</body></html>\n")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write([]byte(p.b.String()))
}

func (p *pages) style(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Write([]byte(styles))
}

const styles = `:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 80em; margin: 1.5em auto; padding: 0 1em; }
nav a { margin-right: 1em; }
h1 { font-size: 1.3em; font-weight: 600; }
h2 { font-size: 1.05em; font-weight: 600; margin-top: 1.6em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .25em 1em .25em 0; border-bottom: 1px solid #8884; white-space: nowrap; font-variant-numeric: tabular-nums; }
th { font-weight: 600; }
form { display: inline; margin: 0; }
button { font: inherit; padding: 0 .6em; }
`

// Seconds writes a span of time in two units at most, as 1d3h, 5m12s or 0.4s.
func Seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", int(d.Minutes()), int(d.Seconds())%60)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh%dm", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%dd%dh", int(d.Hours())/24, int(d.Hours())%24)
}

// Bytes writes a number of bytes with three digits, as 999 B, 1.50 kB or 23.4 MB.
func Bytes(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		switch {
		case unit == "B" && n < 1000:
			return fmt.Sprintf("%.0f B", n)
		case n < 10:
			return fmt.Sprintf("%.2f %s", n, unit)
		case n < 100:
			return fmt.Sprintf("%.1f %s", n, unit)
		case n < 1000:
			return fmt.Sprintf("%.0f %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.2f TB", n)
}
