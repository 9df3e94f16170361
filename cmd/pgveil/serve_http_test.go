package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

func TestServeHTTP(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inside, release := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(inside)
		<-release
		io.WriteString(w, "finished")
	})
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serveHTTP(ctx, ln, h, time.Minute) }()
	got := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + ln.Addr().String() + "/")
		if err != nil {
			got <- err.Error()
			return
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		got <- string(b)
	}()
	<-inside
	cancel()
	select {
	case err := <-served:
		t.Fatalf("serveHTTP returned before the request was answered: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	if s := <-got; s != "finished" {
		t.Errorf("a request under way got %q", s)
	}
	if err := <-served; err != nil {
		t.Errorf("serveHTTP: %v", err)
	}
	if _, err := net.DialTimeout("tcp", ln.Addr().String(), time.Second); err == nil {
		t.Error("still listening")
	}

	if err := serveHTTP(context.Background(), broken{ln}, h, time.Minute); err == nil {
		t.Error("a listener that fails is no error")
	}
}

func TestServeHTTPHandedOver(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- serveHTTP(ctx, ln, http.NotFoundHandler(), time.Minute) }()
	resp, err := http.Get("http://" + ln.Addr().String() + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	ln.Close()
	select {
	case err := <-served:
		t.Fatalf("ended with its listener: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

type broken struct{ net.Listener }

func (broken) Accept() (net.Conn, error) { return nil, errors.New("broken") }
