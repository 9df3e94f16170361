package wire

import (
	"net"
	"time"
)

// Alive says how a peer that has gone silent is found, on TCP sockets. Zero fields are keepAlive's, and no UserTimeout.
type Alive struct {
	// Idle is how long nothing comes before the peer is asked whether it is there, Interval the time between further questions, and
	// Count how many go unanswered: TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT of tcp(7).
	Idle, Interval time.Duration
	Count          int
	// UserTimeout is how long what was sent may go unacknowledged, TCP_USER_TIMEOUT of tcp(7). It bounds the questions too. Linux only;
	// elsewhere the kernel's own limits hold.
	UserTimeout time.Duration
}

// keepAlive finds a dead peer in about a minute, and keeps a silent session below the idle limits of balancers.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 9}

func (a Alive) config() net.KeepAliveConfig {
	c := keepAlive
	if a.Idle > 0 {
		c.Idle = a.Idle
	}
	if a.Interval > 0 {
		c.Interval = a.Interval
	}
	if a.Count > 0 {
		c.Count = a.Count
	}
	return c
}

// set applies a to nc, if that is a TCP socket.
func (a Alive) set(nc net.Conn) error {
	t, ok := nc.(*net.TCPConn)
	if !ok {
		return nil
	}
	if err := t.SetKeepAliveConfig(a.config()); err != nil {
		return err
	}
	if a.UserTimeout <= 0 {
		return nil
	}
	return setUserTimeout(t, a.UserTimeout)
}
