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
func hungUp(c syscall.RawConn) bool {
	gone := false
	err := c.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(p, 0)
		gone = err == nil && n > 0 && p[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
	})
	return gone || err != nil
}
