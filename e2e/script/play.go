package script

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
)

// Play signs in by dsn, plays the script and ends the session. The answers begin with the settings that the server reported, sorted.
func (s Script) Play(ctx context.Context, dsn string, segment int) ([]Answer, error) {
	c, err := pgconn.Connect(ctx, dsn)
	if err != nil {
		return nil, err
	}
	h, err := c.Hijack()
	if err != nil {
		return nil, err
	}
	defer h.Conn.Close()
	var all []Answer
	for k, v := range h.ParameterStatuses {
		all = append(all, Answer{Type: 'S', Body: fmt.Appendf(nil, "%s\x00%s\x00", k, v)})
	}
	slices.SortFunc(all, func(a, b Answer) int { return bytes.Compare(a.Body, b.Body) })
	answers, err := s.Run(h.Conn, segment)
	if err != nil {
		return append(all, answers...), err
	}
	_, err = h.Conn.Write([]byte{'X', 0, 0, 0, 4})
	if s.ends() {
		err = nil
	}
	return append(all, answers...), err
}

// ends reports whether the script reads to the end of its session.
func (s Script) ends() bool { return len(s.steps) > 0 && s.steps[len(s.steps)-1].until == 0 }

// Equal compares two answers byte for byte.
func Equal(a, b Answer) bool { return a.Type == b.Type && bytes.Equal(a.Body, b.Body) }
