package proxy

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
)

// Run accepts clients until ctx ends, gives the sessions Limits.Drain to finish, and returns when all of them are gone. Idle sessions end
// at once, others with their transaction.
func (s *Server) Run(ctx context.Context) error {
	// Sessions outlive ctx by the time they are given to drain.
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	var around sync.WaitGroup
	beside, over := context.WithCancel(life)
	around.Go(func() { s.vigil.run(beside, s.draining) })
	around.Go(func() { s.opt.Routes.Run(beside) })
	defer around.Wait()
	defer over()
	around.Go(func() { s.stopAccepting(ctx, beside) })

	var sessions sync.WaitGroup
	err := s.accept(life, &sessions)
	if ctx.Err() != nil {
		err = nil
	}
	s.stopping.Store(true)
	s.closing.Store(true)
	s.vigil.look(true)
	gone := make(chan struct{})
	go func() { sessions.Wait(); close(gone) }()
	select {
	case <-gone:
	case <-time.After(s.limits.Load().Drain):
		left, _ := s.admission.count()
		s.log.Warn("sessions have not ended in time", zap.Int("sessions", left))
	case <-s.atOnce:
	}
	end()
	<-gone
	return err
}

// stopAccepting closes the listener when ctx has ended, after Limits.Delay.
func (s *Server) stopAccepting(ctx, over context.Context) {
	select {
	case <-ctx.Done():
	case <-over.Done():
		return
	}
	s.stopping.Store(true)
	select {
	case <-time.After(s.limits.Load().Delay):
	case <-s.atOnce:
	case <-over.Done():
	}
	s.closing.Store(true)
	s.opt.Listener.Close()
}

// Stopping reports whether the server is about to take no more clients, or takes none.
func (s *Server) Stopping() bool { return s.stopping.Load() }

// AtOnce makes a Run whose context has ended wait for nobody any more: all sessions are told so and end.
func (s *Server) AtOnce() { s.hurry.Do(func() { close(s.atOnce) }) }
