package e2e

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// BEGIN with an isolation level is refused by the server after any query of its batch. What another session changes between Parse and Bind
// makes the proxy ask none of its own.
func TestBeginBehindChanges(t *testing.T) {
	other := session(t, shared.Stack, "app")
	defer other.Close(context.Background())
	for _, setup := range []string{"select 1", "create temp table begun as select id, email from people where id < 3"} {
		for _, begin := range []string{"begin isolation level repeatable read", "start transaction isolation level serializable", "begin"} {
			for _, early := range []bool{false, true} {
				c := session(t, shared.Stack, "app")
				must1(c, setup)
				h := hijacked(t, c)
				first, answer := pgproto3.FrontendMessage(&pgproto3.Parse{Query: begin}), byte('1')
				if early { // Parse comes behind the change
					first, answer = &pgproto3.Close{ObjectType: 'S', Name: "other"}, '3'
				}
				h.send(t, first, &pgproto3.Flush{})
				if kind := h.next(patience); kind != answer {
					t.Fatalf("the first message is answered with %c", kind)
				}
				must1(other, "create view behind as select id, email from people")
				must1(other, "drop view behind")
				if early {
					h.send(t, &pgproto3.Parse{Query: begin})
				}
				h.send(t, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{})
				for kind := byte(0); kind != 'Z'; {
					if kind = h.next(patience); kind == 'E' {
						t.Errorf("after %q, %q (early %v): %q", setup, begin, early, h.frame)
					}
				}
				if h.frame[0] != 'T' {
					t.Errorf("after %q, %q (early %v): status %q", setup, begin, early, h.frame)
				}
			}
		}
	}
}
