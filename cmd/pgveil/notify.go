package main

import (
	"net"
	"os"
)

// notify tells the service manager what the service does, if it wants to know: sd_notify(3).
func notify(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	conn, err := net.Dial("unixgram", path)
	if err != nil {
		return // nobody listens: the manager has a time limit of its own
	}
	defer conn.Close()
	conn.Write([]byte(state))
}
