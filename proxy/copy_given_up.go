package proxy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pgveil/pgveil/proxy/wire"
)

// copyGivenUp is what CopyFail tells the server where the client ends a COPY whose rows are sealed. The server's error, and its log, quote it: what
// the client says itself is most often an error of its own about a row, with the values that are in it.
const copyGivenUp = refusedName + " by the client"

// giveUpCopy hands a CopyFail on without the client's words.
func (s *session) giveUpCopy(in *copyIn) error {
	words := "the client gave no reason that could be read"
	body, err := s.client.Body()
	switch {
	case errors.Is(err, wire.ErrTooLong):
		err = s.client.Discard()
	case err == nil:
		if text, ok := cString(body); ok {
			words = string(text)
		}
	}
	if err != nil {
		return fmt.Errorf("client read: %w", err)
	}
	in.words.Store(&words)
	frame, at := wire.Begin(nil, 'f')
	if err := s.send(answer{kind: kindCopyEnd}, wire.End(wire.AppendCString(frame, copyGivenUp), at)); !errors.Is(err, errDropped) {
		return err
	}
	return nil
}

// withWords is the server's error with what the client has said in its CopyFail.
func (r *run) withWords(body []byte) []byte {
	if r == nil || r.in == nil {
		return body
	}
	words, message := r.in.words.Load(), wire.ErrorField(body, 'M')
	if words == nil || !strings.Contains(message, copyGivenUp) {
		return body
	}
	return appendAs(nil, body, strings.Replace(message, copyGivenUp, *words, 1), -1)[5:]
}
