package wire

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func setUserTimeout(t *net.TCPConn, d time.Duration) error {
	raw, err := t.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return set
}

// hungUp reports whether the peer of a socket has closed its side or the connection is broken, whatever is still unread.
func hungUp(c syscall.RawConn) bool { return polls(c, unix.POLLRDHUP, unix.POLLRDHUP|brokenEvents) }
