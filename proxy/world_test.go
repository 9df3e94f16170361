package proxy

import (
	"testing"
	"time"
)

// What one session reads while another changes the schema may be from before the change.
func TestCatalogReadDuringAChange(t *testing.T) {
	const empty = `{"database":"d","encoding":"UTF8","path":["public"]}`
	now := time.Unix(1e9, 0)
	w := &World{}
	for name, change := range map[string]func(*catalogs){
		"outdated": func(c *catalogs) { c.outdate("d") },
		"expired":  func(c *catalogs) { c.expire("d") },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCatalogs(time.Hour)
			for range 2 { // for the first time, and again
				before := c.changes("d")
				change(c)
				if _, err := c.publish("d", w, reading{first: []byte(empty)}, before, now); err != nil {
					t.Fatal(err)
				}
				if _, due, err := c.current("d", w, now); err != nil || !due {
					t.Errorf("what was read before the change is taken for current, %v", err)
				}
				c.unread("d", time.Time{})
				if _, err := c.publish("d", w, reading{first: []byte(empty)}, c.changes("d"), now); err != nil {
					t.Fatal(err)
				}
				if _, due, _ := c.current("d", w, now); due {
					t.Error("what was read after the change is due")
				}
			}
		})
	}
}
