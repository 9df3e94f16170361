package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

// A proxy that runs offers its listening sockets on the Unix socket handover. Another that is started connects, is given the sockets
// themselves, and says ready when it takes clients; then the first one stops to take any, and drains. The sockets never close in between,
// so whoever waits in their queues is taken by one of the two (docs/adr/0028-hand-over.md).

const (
	// handoverTimeout bounds the exchange up to the sockets, starting that of the new proxy up to its word.
	handoverTimeout = 5 * time.Second
	startingTimeout = 2 * time.Minute
	// ready is the word by which the new proxy takes over.
	ready = "ready\n"
)

// takeOver asks the proxy that runs for its sockets. before is where it waits for the word that they are in use; nil if there is none.
func takeOver(path string) (given map[string]net.Listener, before *net.UnixConn, err error) {
	conn, err := net.DialTimeout("unix", path, handoverTimeout)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("handover: %w", err)
	}
	before = conn.(*net.UnixConn)
	before.SetDeadline(time.Now().Add(handoverTimeout))
	text, control := make([]byte, 1024), make([]byte, unix.CmsgSpace(8*4))
	n, c, _, _, err := before.ReadMsgUnix(text, control)
	var names []string
	if err == nil {
		err = json.Unmarshal(text[:n], &names)
	}
	if err == nil {
		given, err = received(names, control[:c])
	}
	if err != nil {
		before.Close()
		return nil, nil, fmt.Errorf("handover: %w", err)
	}
	before.SetDeadline(time.Time{})
	return given, before, nil
}

// received are the sockets of a control message.
func received(names []string, control []byte) (map[string]net.Listener, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) != 1 {
		return nil, errors.New("the proxy that runs gave no sockets")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != len(names) {
		return nil, errors.New("the proxy that runs gave other sockets than it said")
	}
	given := map[string]net.Listener{}
	for i, fd := range fds {
		l, err := listenerOf(fd)
		if err != nil {
			return nil, err
		}
		given[names[i]] = l
	}
	return given, nil
}

// offer hands the sockets over to whoever asks, and calls drain when they are in use elsewhere. It ends with ctx.
func (s *service) offer(ctx context.Context, drain func()) error {
	path := string(s.parts.cfg.Handover)
	if s.before != nil {
		s.before.Write([]byte(ready))
		s.before.Close()
	}
	l, err := offerAt(path)
	if err != nil {
		return fmt.Errorf("handover: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		conn, err := l.AcceptUnix()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		taken, err := s.hand(conn)
		conn.Close()
		if err != nil {
			s.log.Warn("the sockets were not handed over", zap.Error(err))
		}
		if taken {
			s.log.Info("another proxy has taken over")
			if s.operators != nil {
				s.operators.Close() // who asks means the new one
			}
			drain()
			return s.waitFor(ctx)
		}
	}
}

func (s *service) waitFor(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// offerAt listens at path, in place of the proxy before, whose socket the name may still be.
func offerAt(path string) (*net.UnixListener, error) {
	fresh := fmt.Sprintf("%s.%d", path, os.Getpid())
	os.Remove(fresh)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: fresh, Net: "unix"})
	if err != nil {
		return nil, err
	}
	l.SetUnlinkOnClose(false) // the name may be another's by then
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// hand gives the sockets to one who asks, if it runs as this user, and waits for its word.
func (s *service) hand(conn *net.UnixConn) (taken bool, err error) {
	if err := sameUser(conn); err != nil {
		return false, err
	}
	names, fds := []string{}, []int{}
	for _, l := range []struct {
		name string
		net.Listener
	}{{socketClients, s.clients}, {socketMetrics, s.pages}, {socketAdmin, s.operators}} {
		tcp, ok := l.Listener.(*net.TCPListener)
		if !ok {
			continue // none, or a Unix socket, which the new proxy makes anew
		}
		names = append(names, l.name)
		raw, err := tcp.SyscallConn()
		if err != nil {
			return false, err
		}
		// The descriptor itself: a copy in a File would make the socket blocking, which it shares with this one.
		if err := raw.Control(func(fd uintptr) { fds = append(fds, int(fd)) }); err != nil {
			return false, err
		}
	}
	text, err := json.Marshal(names)
	if err != nil {
		return false, err
	}
	conn.SetDeadline(time.Now().Add(startingTimeout))
	if _, _, err := conn.WriteMsgUnix(text, unix.UnixRights(fds...), nil); err != nil {
		return false, err
	}
	word := make([]byte, len(ready))
	n, err := conn.Read(word)
	if err != nil || string(word[:n]) != ready {
		return false, fmt.Errorf("the new proxy has not become ready: %w", errOr(err, errors.New("it said something else")))
	}
	return true, nil
}
