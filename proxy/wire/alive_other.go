//go:build !linux

package wire

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func setUserTimeout(*net.TCPConn, time.Duration) error { return nil }

// hungUp reports whether the connection of a socket is broken. A peer that has only closed its side, behind unread input, is not seen.
func hungUp(c syscall.RawConn) bool { return polls(c, unix.POLLIN, brokenEvents) }
