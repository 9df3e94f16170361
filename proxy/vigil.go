package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pgveil/pgveil/proxy/wire"
)

// lookEvery is how often clients are looked at whose socket nobody reads: within twice that their leaving is noticed.
const lookEvery = 200 * time.Millisecond

// vigil looks after the clients that nobody reads from, because the session waits for the server: a socket that is read tells by itself
// that the client has left. While the server stops it also ends sessions that have become idle.
type vigil struct {
	mu  sync.Mutex
	all map[*watched]struct{}
}

// watched is one client.
type watched struct {
	session *session // nil: it logs in
	client  *wire.Conn
	// turns grows when the reader of the client begins to wait for it, and when it has something: it is odd in between.
	turns atomic.Uint64
	// reads is turns for the server.
	reads atomic.Uint64
	view  seen   // as of the latest look; under the vigil's lock
	gone  func() // called when the client has left, perhaps again
	// closed, if set, is called in place of gone, again and again, while it is only known that the client will send no more.
	closed func()
	// idle, if set, is asked now and then while the server stops, and ends what is idle.
	idle func()
	// time, if set, is told the time now and then.
	time func(time.Time)
}

// add begins to watch; remove ends it.
func (v *vigil) add(w *watched) (remove func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = map[*watched]struct{}{}
	}
	v.all[w] = struct{}{}
	w.note(time.Now())
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		delete(v.all, w)
	}
}

// run looks until ctx ends.
func (v *vigil) run(ctx context.Context, stopping func() bool) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			v.look(stopping())
			v.tell(time.Now())
		}
	}
}

// look calls outside of the lock, which ending a session takes too.
func (v *vigil) look(stopping bool) {
	var waiting, ending []*watched
	now := time.Now()
	v.mu.Lock()
	for w := range v.all {
		turns := w.turns.Load()
		if turns%2 == 0 && turns == w.view.turns {
			waiting = append(waiting, w) // for as long as between two looks
		}
		w.note(now)
		if stopping && w.idle != nil {
			ending = append(ending, w)
		}
	}
	v.mu.Unlock()
	for _, w := range waiting {
		switch {
		case !w.client.PeerGone():
		case w.closed != nil && !w.client.PeerBroken():
			w.closed()
		default:
			w.gone()
		}
	}
	for _, w := range ending {
		w.idle()
	}
}

// tell tells the time.
func (v *vigil) tell(now time.Time) {
	var all []*watched
	v.mu.Lock()
	for w := range v.all {
		if w.time != nil {
			all = append(all, w)
		}
	}
	v.mu.Unlock()
	for _, w := range all {
		w.time(now)
	}
}
