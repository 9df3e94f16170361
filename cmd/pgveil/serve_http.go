package main

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// unansweredTimeout is how long serveHTTP waits for requests under way.
const unansweredTimeout = 3 * time.Second

// serveHTTP answers on ln until ctx ends, then lets requests under way finish for a few seconds, and closes ln. An answer may take longest.
// A listener that somebody else closes is no error: it has gone to another proxy.
func serveHTTP(ctx context.Context, ln net.Listener, h http.Handler, longest time.Duration) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      longest,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          log.New(io.Discard, "", 0),
	}
	stopped := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(stopped)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), unansweredTimeout)
		defer cancel()
		if srv.Shutdown(grace) != nil {
			srv.Close()
		}
	})
	err := srv.Serve(ln)
	if ctx.Err() == nil && !errors.Is(err, net.ErrClosed) {
		srv.Close()
		return err
	}
	<-ctx.Done()
	<-stopped
	return nil
}
