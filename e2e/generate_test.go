package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/e2e/generate"
	"github.com/pgveil/pgveil/e2e/postgres"
	"github.com/pgveil/pgveil/e2e/stack"
)

var (
	generateStatements = flag.Int("generate-statements", 20000, "how many random statements TestGenerated runs in a round")
	generateFor        = flag.Duration("generate-for", 0, "go on with further seeds for so long")
	generateSeed       = flag.Uint64("generate-seed", 1, "the first seed of TestGenerated")
	generateWorld      = flag.Int("generate-world", -1, "run only this world of the seed")
	generateFeature    = flag.String("generate-feature", "", "every world has this feature of the generator")
	generateSummary    = flag.String("generate-summary", "", "write the summary to this file")
)

const (
	generateWorldSize = 500 // statements of a world
	generateSessions  = 4
	generateLimit     = 8 * time.Minute // of one round, which takes about two minutes on two cores where nothing else runs
)

// supported asks the configuration which types can be protected how, so that the generator follows what the proxy can do.
func supported(dir string) generate.Support {
	known := map[string]bool{}
	return func(ty *generate.Type, search string) bool {
		key := ty.Qualified() + " " + search
		ok, asked := known[key]
		if !asked {
			text := fmt.Sprintf("listen: 127.0.0.1:1\ntls: {mode: plain-on-loopback}\nupstream: {host: 127.0.0.1}\nsign_in: {users: u}\nkeys: {kms: \"file:k\", store: s}\n"+
				"policy: p\naudit: {dir: a, key: k}\nencrypt:\n  public.t:\n    c: {type: %q, search: %s}\n", ty.Qualified(), search)
			_, err := config.Parse([]byte(text), "generated", dir)
			ok = err == nil
			known[key] = ok
		}
		return ok
	}
}

// round is one proxy with as many worlds as its statements need.
type round struct {
	seed   uint64
	worlds []*generate.World
	pg     *postgres.Server
	proxy  *stack.Stack
	stop   time.Time
}

const generateRules = `version: 1
unlisted: pass
roles:
  app:
    who: {users: [app], databases: ["*"]}
    allow:
      - {id: app-all, on: "*", do: [all], show: "*", write: "*"}
`

// unaccent does what the step of normalize: does; the extension of that name has a list of its own.
const unaccent = `create function public.unaccent(text) returns text language sql immutable strict as
$$ select normalize(regexp_replace(normalize($1, NFD), '[\u0300-\u036f]', '', 'g'), NFC) $$`

func database(session int) string { return fmt.Sprintf("generated%d", session) }

func startRound(t *testing.T, pg *postgres.Server, seed uint64, stop time.Time) *round {
	t.Helper()
	r := &round{seed: seed, pg: pg, stop: stop}
	dir := filepath.Join(t.TempDir(), fmt.Sprint(seed))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	support := supported(dir)
	if !support(generate.Types()[0], "equality") {
		t.Fatal("not even text can be protected: is the configuration that asks still right?")
	}
	encrypt := ""
	var features []generate.Feature
	if *generateFeature != "" {
		features = append(features, generate.Feature(*generateFeature))
	}
	for n := range (*generateStatements + generateWorldSize - 1) / generateWorldSize {
		w := generate.NewWorld(seed, n, generateWorldSize, support, features...)
		if *generateWorld < 0 || *generateWorld == n {
			r.worlds = append(r.worlds, w)
			encrypt += w.Encrypt()
		}
	}
	for _, server := range []*postgres.Server{pg, shared.plain} {
		for s := range generateSessions {
			asSuperuser(server, "postgres", fmt.Sprintf("drop database if exists %s with (force)", database(s)))
			// The locale decides what lower and ILIKE do.
			asSuperuser(server, "postgres", fmt.Sprintf("create database %s owner app template template0 lc_ctype '%s'", database(s), []string{"C", "C.UTF-8"}[s%2]))
			asSuperuser(server, database(s), "alter schema public owner to app; "+unaccent)
		}
	}
	var err error
	r.proxy, err = stack.Start(stack.Options{Binary: filepath.Join(shared.Dir, "pgveil"), Postgres: pg, CA: shared.ca, Dir: dir, Encrypt: encrypt, Policy: generateRules,
		Extra: "log: {level: debug}"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.proxy.Stop(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
	})
	return r
}

func (r *round) connect(session int) (got, want generate.Side) {
	return &generate.Server{Conn: connect(r.proxy.DSN("app", password("app"), database(session), ""))},
		&generate.Server{Conn: connect(shared.plain.DSN("app", password("app"), database(session), ""))}
}

// run runs the worlds, a session each at a time.
func (r *round) run(t *testing.T) generate.Report {
	reports := make(chan generate.Report)
	for s := range generateSessions {
		go func() {
			var sum generate.Report
			for i := s; i < len(r.worlds) && time.Now().Before(r.stop); i += generateSessions {
				report, err := r.world(r.worlds[i], s)
				if sum.Add(report); err != nil {
					t.Errorf("seed %d world %d: %v", r.seed, r.worlds[i].Number, err)
				}
			}
			reports <- sum
		}()
	}
	var sum generate.Report
	for range generateSessions {
		sum.Add(<-reports)
	}
	return sum
}

func (r *round) world(w *generate.World, session int) (generate.Report, error) {
	got, want := r.connect(session)
	p := &generate.Pair{Got: got, Want: want, Again: func() (generate.Side, generate.Side) { return r.connect(session) }, Known: otherModifier}
	defer func() {
		for _, s := range []generate.Side{p.Got, p.Want} {
			s.(*generate.Server).Conn.Close(context.Background())
		}
	}()
	if err := define(p, w); err != nil {
		return generate.Report{}, err
	}
	var refused []string
	for _, table := range w.Tables {
		code, err := create(p.Got, table)
		if err == nil && code != "" {
			refused = append(refused, code)
			p.Got.Run(once("DROP TABLE IF EXISTS " + table.Name))
			table.Simplify()
			code, err = create(p.Got, table)
		}
		if err == nil && code == "" {
			code, err = create(p.Want, table)
		}
		if err != nil || code != "" {
			return generate.Report{}, errors.Join(errors.New("creating a table is refused "+code), err)
		}
	}
	report := w.Run(p, r.stop)
	for _, code := range refused {
		report.Tables[code]++
	}
	return report, nil
}

func once(text string) generate.Step { return generate.Step{Rendered: generate.Rendered{Text: text}} }

// define makes a world's own types on both sides.
func define(p *generate.Pair, w *generate.World) error {
	for _, text := range w.Define() {
		for _, s := range []generate.Side{p.Got, p.Want} {
			if o := s.Run(once(text)); o.State != "" {
				return fmt.Errorf("%s: %s %s", text, o.State, o.Message)
			}
		}
	}
	return nil
}

// create makes a table. The code is that of a refusal.
func create(s generate.Side, table *generate.Table) (code string, err error) {
	for _, text := range table.Create() {
		if o := s.Run(once(text)); o.Code != "" {
			return o.Code, nil
		} else if o.State != "" {
			return "", fmt.Errorf("%s: %s", text, o.State)
		}
	}
	return "", nil
}

// TestGenerated runs random statements over random tables on a plain database and through the proxy: what differs is an error, what is
// refused is counted, and nothing that was planted is found below the proxy.
func TestGenerated(t *testing.T) {
	t.Parallel()
	pg, err := postgres.Start(postgres.Options{TLS: shared.ca, Settings: []string{"log_statement = all", "log_min_error_statement = info",
		"log_parameter_max_length = -1", "log_parameter_max_length_on_error = -1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Stop()
	asSuperuser(pg, "postgres", fmt.Sprintf("create role app login password '%s'", password("app")))
	var sum generate.Report
	end := time.Now().Add(*generateFor)
	for seed := *generateSeed; ; seed++ {
		began := time.Now()
		r := startRound(t, pg, seed, began.Add(generateLimit))
		report := r.run(t)
		sum.Add(report)
		t.Logf("seed %d, %.0f s: %s", seed, time.Since(began).Seconds(), report.String())
		for _, d := range report.Differences {
			if n := len(d.Statements); n == 0 || !otherModifier(d.Kind, d.Statements[n-1]) {
				t.Error(d)
			}
		}
		if report.Statements < *generateStatements && *generateWorld < 0 && !t.Failed() {
			t.Errorf("only %d statements", report.Statements)
		}
		if err := r.sweep(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		if time.Now().After(end) || t.Failed() {
			break
		}
		r.proxy.Stop()
	}
	if *generateSummary != "" {
		if err := os.WriteFile(*generateSummary, []byte(sum.String()), 0o644); err != nil {
			t.Error(err)
		}
	}
	if refused := 1 - float64(sum.Equal+sum.Failed)/float64(sum.Statements); refused > 0.6 {
		t.Errorf("%.0f %% are refused: little is compared", 100*refused)
	}
}

// otherModifier reports what is expected to differ: 18 tells the modifier of the left side's type, before it all sides had to have it.
func otherModifier(kind, statement string) bool {
	return kind == "form" && serverMajor() >= 18 && setOperation.MatchString(statement)
}

var setOperation = regexp.MustCompile(`\b(EXCEPT|INTERSECT)\b`)

// sweep looks for what must not be below the proxy, nor in what it writes itself.
func (r *round) sweep() error {
	asSuperuser(r.pg, "postgres", "checkpoint")
	var found []error
	logged := false
	for _, root := range []string{r.pg.Dir, r.proxy.Dir} {
		err := walkFiles(root, func(path string, content []byte) {
			logged = logged || path == r.pg.LogFile && strings.Contains(string(content), "c57e91")
			if i := generate.Canary(content); i >= 0 && len(found) < 5 {
				found = append(found, fmt.Errorf("a planted value in %s: %q", path, content[max(0, i-300):min(len(content), i+600)]))
			}
		})
		found = append(found, err)
	}
	if !logged {
		found = append(found, errors.New("the server's log does not show the statements that it should"))
	}
	return errors.Join(found...)
}
