package generate

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"
)

// Pair are the two sides that should behave alike: what is tried, and the model.
type Pair struct {
	Got, Want Side
	// Again gives new connections where one was lost.
	Again func() (got, want Side)
	// Known reports differences that are explained, and need not be made small; nil: none is.
	Known func(kind, statement string) bool
}

// both runs a step on both sides at once.
func (p *Pair) both(st Step) (got, want Outcome) {
	var other sync.WaitGroup
	other.Go(func() { want = p.Want.Run(st) })
	got = p.Got.Run(st)
	other.Wait()
	return got, want
}

// Report is what came of running a world.
type Report struct {
	Statements, Equal, Failed int // Failed: with the same error on both sides
	Refused                   map[string]int
	Shapes                    map[string]string // the shortest statement refused with a code
	Ways                      map[string]int
	Features                  map[Feature]int // statements of each
	Tables                    map[string]int  // refusals of CREATE TABLE, which was then made simpler
	Differences               []Difference
}

// Difference is something that the sides do not agree on, as small as it could be made.
type Difference struct {
	Kind, What string
	Seed       uint64
	World      int
	Schema     string
	Rows       []string
	Statements []string
}

// String shows it with everything that is needed to see it again.
func (d Difference) String() string {
	return fmt.Sprintf("seed %d world %d: %s differs\n%s\n%s\n%s\n%s", d.Seed, d.World, d.Kind, d.What, d.Schema, strings.Join(d.Rows, "\n"), strings.Join(d.Statements, ""))
}

// checkEvery is after how many statements the tables are compared.
const checkEvery = 40

// Run runs all of a world's statements. The tables exist and are empty. It ends early after several differences, or at the deadline.
func (w *World) Run(p *Pair, deadline time.Time) Report {
	r := newReport()
	if kind, what := w.reset(p, w.rows); kind != "" {
		r.Differences = append(r.Differences, w.found(p, kind, what, nil))
		return r
	}
	since := 0 // the first statement since both sides were in their first state
	for i := 0; i < w.count && time.Now().Before(deadline); i++ {
		r.Statements++
		s, before := w.next(), r.Equal
		kind, what := w.one(p, s, &r)
		w.g.done(s, kind == "" && r.Equal > before, w.status)
		for _, feature := range s.features() {
			r.Features[feature]++
		}
		if kind == "" && (i%checkEvery == checkEvery-1 || i == w.count-1) {
			kind, what = w.contents(p, w.g.names())
		}
		if kind == "" {
			continue
		}
		if kind != again {
			r.Differences = append(r.Differences, w.found(p, kind, what, w.Statements[since:i+1]))
		}
		if len(r.Differences) >= w.Enough {
			return r
		}
		since = i + 1
		w.g.restart()
		if kind, what := w.reset(p, w.rows); kind != "" {
			r.Differences = append(r.Differences, w.found(p, kind, what, nil))
			return r
		}
	}
	return r
}

// one runs a statement on both sides. What is refused is not run on the model.
func (w *World) one(p *Pair, s *Statement, r *Report) (kind, what string) {
	r.Ways[s.Way.String()]++
	for _, st := range s.Steps() {
		got := p.Got.Run(st)
		w.status = got.Status
		if got.valued() {
			return w.valued(p, s, st, got, r)
		}
		if got.Code != "" {
			r.Refused[got.Code]++
			if old, ok := r.Shapes[got.Code]; !ok || len(st.Text)+len(got.Message) < len(old) {
				r.Shapes[got.Code] = got.Message + " | " + st.Text
			}
			return w.refused(p, s, got)
		}
		want := p.Want.Run(st)
		if strings.HasPrefix(st.Text, "MERGE") && got.State == want.State {
			got.Detail, want.Detail = "", "" // which row fails first depends on the plan
		}
		if kind, what := difference(got, want); kind != "" {
			return kind, what
		}
		if got.State != "" {
			r.Failed++
			return w.recover(p, s, got.Status)
		}
	}
	r.Equal++
	return "", ""
}

// valued runs on the model what has failed because a value does not fit. That is mostly the server's own error. Where the server would find
// another one first, or none, since the value meets no row, it counts as refused.
func (w *World) valued(p *Pair, s *Statement, st Step, got Outcome, r *Report) (kind, what string) {
	want := p.Want.Run(st)
	if got.State == want.State && got.Status == want.Status && !got.Lost && !want.Lost {
		r.Failed++
		return w.recover(p, s, got.Status)
	}
	if got.formed() {
		return "error", fmt.Sprintf("got  error %q %s\nwant error %q %s", got.State, got.Message, want.State, want.Detail)
	}
	r.Refused[got.Code]++
	r.Shapes[got.Code] = got.Message + " | " + st.Text
	return again, ""
}

// again says that both sides must begin anew, which is no difference.
const again = "again"

// refused brings the model where the refusal has brought the other side: a transaction has failed.
func (w *World) refused(p *Pair, s *Statement, got Outcome) (kind, what string) {
	if got.Lost {
		return "connection", "got  refused and lost"
	}
	status := p.Want.Run(Step{Rendered: Rendered{Text: ""}}).Status
	if status != 'I' {
		status = p.Want.Run(Step{Rendered: Rendered{Text: "SELECT 1/0"}}).Status
	}
	if status != got.Status {
		return "transaction", fmt.Sprintf("after a refusal\ngot  %c\nwant %c", got.Status, status)
	}
	return w.recover(p, s, status)
}

// recover leaves a failed transaction.
func (w *World) recover(p *Pair, s *Statement, status byte) (kind, what string) {
	if status != 'E' || s.OnFailed == "" {
		return "", ""
	}
	st := Step{Rendered: Rendered{Text: s.OnFailed}}
	got, want := p.both(st)
	if got.State == "3B001" && want.State == "3B001" { // the savepoint is gone on both
		st.Text = "ROLLBACK"
		got, want = p.both(st)
	}
	w.status = got.Status
	return difference(got, want)
}

// contents compares the relations. A transaction that has failed shows nothing.
func (w *World) contents(p *Pair, names []string) (kind, what string) {
	for _, name := range names {
		text := "SELECT * FROM " + name
		st := Step{Rendered: Rendered{Text: text}}
		got, want := p.both(st)
		if got.State == "25P02" && want.State == "25P02" {
			return "", ""
		}
		if kind, what := difference(got, want); kind != "" {
			return "contents", text + "\n" + what
		}
	}
	return "", ""
}

// reset brings both sides into the first state, with these rows.
func (w *World) reset(p *Pair, rows []*node) (kind, what string) {
	for i, text := range w.Reset() {
		st := Step{Rendered: Rendered{Text: text}}
		got, want := p.both(st)
		if i == 0 && (got.Lost || want.Lost) {
			p.Got, p.Want = p.Again()
			continue
		}
		if kind, what := difference(got, want); kind != "" {
			return kind, text + "\n" + what
		}
	}
	var texts []string
	for _, row := range rows {
		texts = append(texts, row.render(false).Text)
	}
	// All at once, which fails as a whole where one row is refused or fails.
	all := Step{Rendered: Rendered{Text: strings.Join(texts, "; ")}}
	if got, want := p.both(all); got.State == "" && want.State == "" {
		return w.contents(p, w.names())
	}
	if kind, what := w.reset(p, nil); kind != "" {
		return kind, what
	}
	for _, text := range texts {
		st := Step{Rendered: Rendered{Text: text}}
		got := p.Got.Run(st)
		if got.Code != "" {
			continue // a row with a value that no column takes
		}
		if kind, what := difference(got, p.Want.Run(st)); kind != "" {
			return kind, text + "\n" + what
		}
	}
	return w.contents(p, w.names())
}

func newReport() Report {
	return Report{Refused: map[string]int{}, Shapes: map[string]string{}, Ways: map[string]int{}, Features: map[Feature]int{}, Tables: map[string]int{}}
}

// Add puts another report into this one.
func (r *Report) Add(o Report) {
	if r.Refused == nil {
		*r = newReport()
	}
	r.Statements, r.Equal, r.Failed = r.Statements+o.Statements, r.Equal+o.Equal, r.Failed+o.Failed
	for code, n := range o.Refused {
		r.Refused[code] += n
	}
	for way, n := range o.Ways {
		r.Ways[way] += n
	}
	for feature, n := range o.Features {
		r.Features[feature] += n
	}
	for code, n := range o.Tables {
		r.Tables[code] += n
	}
	for code, shape := range o.Shapes {
		if old, ok := r.Shapes[code]; !ok || len(shape) < len(old) {
			r.Shapes[code] = shape
		}
	}
	r.Differences = append(r.Differences, o.Differences...)
}

// String is the summary: how much was the same, and what is refused most, each with the shortest statement that was.
func (r *Report) String() string {
	var b strings.Builder
	refused := 0
	var codes []string
	for code, n := range r.Refused {
		refused += n
		codes = append(codes, code)
	}
	fmt.Fprintf(&b, "%d statements: %d equal, %d the same error, %d refused (%.1f%%), %d different\n", r.Statements, r.Equal, r.Failed, refused,
		100*float64(refused)/float64(max(1, r.Statements)), len(r.Differences))
	sort.Slice(codes, func(i, j int) bool {
		a, b := codes[i], codes[j]
		return r.Refused[a] > r.Refused[b] || r.Refused[a] == r.Refused[b] && a < b
	})
	for _, code := range codes {
		shape := []rune(strings.Join(strings.Fields(r.Shapes[code]), " "))
		fmt.Fprintf(&b, "  %5d %5.2f%% %s  %s\n", r.Refused[code], 100*float64(r.Refused[code])/float64(r.Statements), code, string(shape[:min(len(shape), 230)]))
	}
	fmt.Fprintf(&b, "  %v; features: %v; tables made simpler after a refusal: %v\n", r.Ways, r.Features, r.Tables)
	return b.String()
}
