package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// relay copies bytes between clients and a server, with two goroutines a session and nothing else: the least that a proxy written in plain
// Go costs. It is this program once more, so that its processor time can be told from the rest.
func relay(listen, to string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	for {
		client, err := l.Accept()
		if err != nil {
			return err
		}
		server, err := net.Dial("tcp", to)
		if err != nil {
			client.Close()
			continue
		}
		go shovel(client, server)
		go shovel(server, client)
	}
}

func shovel(from, to net.Conn) {
	defer from.Close()
	defer to.Close()
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if _, failed := to.Write(buf[:n]); err != nil || failed != nil {
			return
		}
	}
}

// startRelay runs relay in a process of its own.
func (b *bench) startRelay() (port int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	if port, err = postgres.FreePort(); err != nil {
		return 0, err
	}
	b.relay = exec.Command(self, "-relay", fmt.Sprintf("127.0.0.1:%d", port), "-relay-to", fmt.Sprintf("127.0.0.1:%d", b.Server.Port))
	b.relay.Stderr = os.Stderr
	if err := b.relay.Start(); err != nil {
		return 0, err
	}
	for range 100 {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return port, c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return 0, io.ErrNoProgress
}
