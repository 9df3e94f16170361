package chaos

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Promises that are broken on purpose are found, or that nothing is found would mean nothing.
func TestChaosFindsBugs(t *testing.T) {
	b := open(t, 1)
	p := b.Stand.Proxies[0]
	var alter atomic.Pointer[func(d Direction, b []byte) []byte]
	p.Client.Alter = func(d Direction, b []byte) []byte {
		if f := alter.Load(); f != nil {
			return (*f)(d, b)
		}
		return b
	}
	altering := func(f func(d Direction, b []byte) []byte) func(*Hit) error {
		return func(*Hit) error {
			alter.Store(&f)
			time.Sleep(700 * time.Millisecond)
			alter.Store(nil)
			return nil
		}
	}
	b.Settle = 3 * time.Second
	b.Run(8, 1)
	defer b.Stop()
	for _, plant := range []struct {
		name string
		hit  func(x *Hit) error
		want string // of what is reported
		// undo repairs what was planted.
		undo func() error
	}{
		{"COMMIT becomes ROLLBACK, and the answer says COMMIT", altering(func(d Direction, b []byte) []byte {
			if d == Inbound {
				return bytes.ReplaceAll(b, []byte("Q\x00\x00\x00\x0bcommit\x00"), []byte("Q\x00\x00\x00\x0drollback\x00"))
			}
			return bytes.ReplaceAll(b, []byte("C\x00\x00\x00\x0dROLLBACK\x00"), []byte("C\x00\x00\x00\x0bCOMMIT\x00"))
		}), "was acknowledged and is not there", func() error { return b.forget() }},
		{"a COMMIT that is done is answered by an error", altering(func(d Direction, b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("C\x00\x00\x00\x0bCOMMIT\x00"), failure)
		}), "and its client was told that it failed", func() error { return b.forget() }},
		{"a transfer is done twice", func(x *Hit) error {
			return x.direct(bankDB, "insert into transfers select * from transfers where id = (select min(id) from transfers)")
		}, "is there twice", func() error { return b.forget() }},
		{"a balance is another account's", func(x *Hit) error {
			return x.direct(bankDB, "update accounts set balance = (select balance from accounts order by balance desc limit 1) where id = (select id from accounts order by balance limit 1)")
		}, "its transfers come to", func() error { return b.forget() }},
		{"an answer that nobody asked for", altering(func(d Direction, b []byte) []byte {
			if d == Outbound && bytes.HasSuffix(b, []byte("Z\x00\x00\x00\x05I")) {
				return append(bytes.Clone(b), "Z\x00\x00\x00\x05I"...)
			}
			return b
		}), "nobody asked for", nil},
		{"an error without its end", altering(func(d Direction, b []byte) []byte {
			return bytes.ReplaceAll(b, []byte("C\x00\x00\x00\x0aBEGIN\x00"), []byte("E\x00\x00\x00\x0aSERROR"))
		}), "an error whose field has no end", nil},
		{"a connection that ends within a message", func(x *Hit) error {
			x.Proxy.Client.Cut.Store(&Cut{Direction: Outbound, After: 450})
			time.Sleep(time.Second)
			x.Proxy.Client.Cut.Store(nil)
			return nil
		}, "within a message", nil},
		{"plaintext in a statement", func(x *Hit) error { return x.direct(bankDB, "select '"+mark+"seen'") }, "plaintext in", func() error { return os.Truncate(b.Stand.Server.LogFile, 0) }},
		{"a session that stays", func(x *Hit) error { return b.stay(x) }, "the server still has sessions", nil},
		{"a socket that stays", func(x *Hit) error {
			for range 8 {
				c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", x.Proxy.Client.Port))
				if err != nil {
					return err
				}
				time.AfterFunc(b.Settle+2*time.Second, func() { c.Close() })
			}
			return nil
		}, "has open", nil},
		{"a recorded statement without its line", func(*Hit) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.Acknowledged = append(b.Acknowledged, "m999999999")
			return nil
		}, "is in no record", func() error { b.Acknowledged = b.Acknowledged[:len(b.Acknowledged)-1]; return nil }},
		{"a line of the record that was changed", func(x *Hit) error {
			names, err := filepath.Glob(filepath.Join(x.Proxy.AuditDir, "*.jsonl"))
			if err != nil || len(names) == 0 {
				return fmt.Errorf("no record: %w", err)
			}
			f, err := os.OpenFile(names[0], os.O_RDWR, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteAt([]byte("9"), int64(bytes.Index(read(t, names[0]), []byte(`"seq":1`))+6))
			return err
		}, "the record of", nil},
	} {
		t.Run(plant.name, func(t *testing.T) {
			for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				if done, _, _ := b.Count(); done > 20 {
					break // there is load, and something to be lost
				}
			}
			r := Run(b, Plan{Seed: 1, For: time.Millisecond, Faults: []Fault{{Name: plant.name, Hit: plant.hit}}})
			if all := strings.Join(r.Wrong, "\n"); !strings.Contains(all, plant.want) {
				t.Errorf("not found; what was: %s", tail(all, 3000))
			}
			if plant.undo != nil {
				resume := b.Pause()
				defer resume()
				if err := plant.undo(); err != nil {
					t.Error(err)
				}
			}
			b.TakeWrong()
		})
	}
}

// failure is an ErrorResponse as the server's.
var failure = append([]byte("E\x00\x00\x00\x23SERROR\x00VERROR\x00CXX000\x00Mplanted\x00"), 0)

// forget makes the books begin anew.
func (b *Bank) forget() error {
	b.transfers = map[int64]*Transfer{}
	if err := b.Stand.direct(bankDB, "truncate transfers"); err != nil {
		return err
	}
	c, err := b.connect(context.Background(), b.Stand.Proxies[0], app, "sslmode=disable")
	if err != nil {
		return err
	}
	defer c.Close(context.Background())
	return c.Exec(context.Background(), fmt.Sprintf("update accounts set balance = %d", int64(opening))).Close()
}

// stay is a client that leaves too late.
func (b *Bank) stay(x *Hit) error {
	c, err := b.connect(context.Background(), x.Proxy, app, "sslmode=disable")
	if err == nil {
		time.AfterFunc(b.Settle+2*time.Second, func() { c.Close(context.Background()) })
	}
	return err
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
