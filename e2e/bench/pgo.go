package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// mix is what the proxy does while a profile is taken, each for the same time: which of the bench's cells, and COPY.
var mix = []struct{ workload, mode, target string }{
	{keyLookup, "simple", "pgveil pass"}, {keyLookup, "extended", "pgveil pass"}, {keyLookup, "prepared", "pgveil pass"},
	{keyLookup, "simple", "pgveil sealed"}, {keyLookup, "prepared", "pgveil sealed"}, {keyLookupTLS, "prepared", "pgveil sealed"},
	{equalitySearch, "simple", "pgveil sealed"}, {equalitySearch, "extended", "pgveil sealed"}, {inserts, "prepared", "pgveil sealed"},
	{scan, "simple", "pgveil sealed"}, {scan, "prepared", "pgveil sealed"},
}

// collect profiles the proxy under each of mix and under COPY, and writes one profile of all to o.pgo.
func collect(o options) error {
	b, err := setUp(o.binary, "")
	if err != nil {
		return err
	}
	defer b.tearDown()
	var parts []string
	for i, m := range mix {
		for _, w := range workloads() {
			if w.name != m.workload {
				continue
			}
			t, script := b.target(m.target), filepath.Join(b.dir, "script.sql")
			if err := os.WriteFile(script, []byte(t.named(w.script)), 0o644); err != nil {
				return err
			}
			part, err := b.profiled(o, i, func() error {
				_, _, err := pgbench(t, cell{w, m.mode, "8"}, script, "-T", fmt.Sprint(o.seconds+1))
				return err
			})
			if err != nil {
				return err
			}
			parts = append(parts, part)
			fmt.Printf("%s, %s, %s\n", m.workload, m.mode, m.target)
		}
	}
	for i, format := range []string{"text", "binary"} {
		part, err := b.profiled(o, len(mix)+i, func() error { return b.copyFor(o.copyRows, format, time.Duration(o.seconds+1)*time.Second) })
		if err != nil {
			return err
		}
		parts = append(parts, part)
		fmt.Println("COPY", format)
	}
	out, err := exec.Command("go", append([]string{"tool", "pprof", "-proto", "-output", o.pgo}, parts...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w\n%s", err, out)
	}
	return withoutPlaces(o.pgo)
}

// profiled takes a profile of so many seconds while work is done.
func (b *bench) profiled(o options, n int, work func() error) (file string, err error) {
	done := make(chan error, 1)
	go func() { done <- work() }()
	time.Sleep(time.Second / 2)
	file = filepath.Join(b.dir, fmt.Sprintf("%d.pprof", n))
	err = b.takeProfile(file, o.seconds)
	if e := <-done; e != nil {
		err = e
	}
	return file, err
}

func (b *bench) takeProfile(file string, seconds int) error {
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(b.dir, adminSocket))
	}}}
	resp, err := client.Get(fmt.Sprintf("http://localhost/debug/pprof/profile?seconds=%d", seconds))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("the proxy's profile: %s %s", resp.Status, strings.TrimSpace(string(body)))
	}
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o600)
}

// copyFor copies sealed rows in and out, again and again.
func (b *bench) copyFor(n int, format string, long time.Duration) error {
	data, err := b.copyData(n, format)
	if err != nil {
		return err
	}
	defer os.Remove(data)
	for start := time.Now(); time.Since(start) < long; {
		if _, _, err := b.copyOnce(b.target("pgveil sealed"), data, format, n); err != nil {
			return err
		}
	}
	return nil
}

// stringTable is a profile's table of strings: field 6 of Profile in pprof's profile.proto.
const stringTable = 6

// withoutPlaces takes the paths of this machine's files out of a profile: the compiler goes by the names of functions.
func withoutPlaces(file string) error {
	packed, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	in, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	w, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level exists
	for len(in) > 0 {
		num, typ, head := protowire.ConsumeTag(in)
		n := protowire.ConsumeFieldValue(num, typ, in[max(head, 0):])
		if head < 0 || n < 0 {
			return errors.New("the profile is not one of pprof's")
		}
		field := in[:head+n]
		if num == stringTable && typ == protowire.BytesType {
			if text, _ := protowire.ConsumeString(in[head:]); filepath.IsAbs(text) {
				field = protowire.AppendString(protowire.AppendTag(nil, num, typ), filepath.Base(text))
			}
		}
		if _, err := w.Write(field); err != nil {
			return err
		}
		in = in[head+n:]
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}
