// Command load puts pgveil under many connections at once, in front of a real PostgreSQL on this machine: a storm of sign-ins, thousands of
// sessions that wait and hundreds that work, and one client that sends as much as a message may hold while the others go on. It checks each
// answer, allows no error, and writes docs/load.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"
)

// options are the command line's.
type options struct {
	idle, busy, storm int
	length, pause     time.Duration
	megabytes         int
	tls               bool
	out               string
}

func main() {
	var o options
	flag.IntVar(&o.idle, "idle", 5000, "sessions that wait")
	flag.IntVar(&o.busy, "busy", 500, "sessions that work")
	flag.DurationVar(&o.length, "for", 10*time.Minute, "how long they work, at least")
	flag.DurationVar(&o.pause, "pause", 500*time.Millisecond, "pause of a session that works, between two answers and questions, on average")
	flag.IntVar(&o.storm, "storm", 1000, "clients that sign in at once")
	flag.IntVar(&o.megabytes, "megabytes", 900, "length of the pipeline and of the messages that one client sends while the others work")
	flag.BoolVar(&o.tls, "tls", false, "TLS on the clients' legs")
	flag.StringVar(&o.out, "out", "", "file to write the report to, as Markdown")
	be := flag.String("send", "", "be the client that sends, of this kind")
	dsn := flag.String("dsn", "", "whom it sends to")
	flag.Parse()
	err := error(nil)
	if *be != "" {
		err = send(*be, *dsn, o.megabytes)
	} else {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(o options) (err error) {
	l, err := setUp(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.tearDown()) }()
	started := time.Now()
	r := report{options: o, loads: [2]string{loadAverage()}}
	for _, way := range []string{direct, through} {
		s, err := l.stormOf(way)
		if err != nil {
			return err
		}
		r.storms = append(r.storms, s)
	}
	if err := l.afresh(); err != nil {
		return err
	}
	defer l.leave()
	if err := l.wait(&r); err != nil {
		return err
	}
	if err := l.work(&r); err != nil {
		return err
	}
	if err := l.again(&r); err != nil {
		return err
	}
	l.leave()
	r.after = l.settled()
	r.took, r.loads[1] = time.Since(started), loadAverage()
	if err := l.complaints(); err != nil {
		return err
	}
	fmt.Print(r.markdown())
	if o.out == "" {
		return nil
	}
	return os.WriteFile(o.out, []byte(r.markdown()), 0o644)
}
