package proxy

import (
	"errors"
	"testing"

	"github.com/pgveil/pgveil/proxy/upstream"
	"github.com/pgveil/pgveil/proxy/wire"
)

// A session stays with the process that the login named; behind a pooler that is known of, with the one that it met first.
func TestStays(t *testing.T) {
	for _, c := range []struct {
		name   string
		pooled bool
		pids   []string
		want   error // of the last one; those before it are fine
	}{
		{"the server itself", false, []string{"4242", "4242"}, nil},
		{"another process", false, []string{"4243"}, refusalPooler},
		{"another process later", false, []string{"4242", "17"}, refusalPooler},
		{"no number", false, []string{""}, refusalPooler},
		{"a pooler", true, []string{"17", "17", "17"}, nil},
		{"a pooler that gives another session", true, []string{"17", "18"}, errMoved},
		{"a pooler whose sessions have no number", true, []string{"17", ""}, errMoved},
	} {
		g, err := upstream.New(upstream.Options{Name: "g", Hosts: []wire.DialOptions{{Host: "localhost", Mode: wire.Disable}}, Pooled: c.pooled})
		if err != nil {
			t.Fatal(err)
		}
		s := &session{host: g.Hosts()[0], running: wire.Cancel{PID: 4242}}
		for i, pid := range c.pids {
			want := error(nil)
			if i == len(c.pids)-1 {
				want = c.want
			}
			if got := s.stays([]byte(pid)); !errors.Is(got, want) || want == nil && got != nil {
				t.Errorf("%s, %d: %v, want %v", c.name, i, got, want)
			}
		}
	}
}
