package main

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/pgveil/pgveil/config"
)

// The names of the sockets, as in FileDescriptorName= of systemd.socket(5).
const (
	socketClients = "pgveil"
	socketMetrics = "metrics"
	socketAdmin   = "admin"
)

// firstPassed is the first file descriptor that a service manager passes: SD_LISTEN_FDS_START, sd_listen_fds(3).
const firstPassed = 3

// passed are the listening sockets that a service manager gave to this process, by name; a single one without a name is that for clients.
func passed() (map[string]net.Listener, error) {
	count, err := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	if pid, bad := strconv.Atoi(os.Getenv("LISTEN_PID")); err != nil || bad != nil || pid != os.Getpid() || count < 1 {
		return nil, nil
	}
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for _, name := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} {
		os.Unsetenv(name) // they are not for children
	}
	all := map[string]net.Listener{}
	for i := range count {
		name := socketClients
		if i < len(names) && (names[i] == socketMetrics || names[i] == socketAdmin || count > 1) {
			name = strings.TrimSuffix(names[i], ".socket")
		}
		if name != socketClients && name != socketMetrics && name != socketAdmin || all[name] != nil {
			return nil, fmt.Errorf("LISTEN_FDNAMES: expected %s, %s and %s, each at most once, found %q", socketClients, socketMetrics, socketAdmin, strings.Join(names, ":"))
		}
		if all[name], err = listenerOf(firstPassed + i); err != nil {
			return nil, fmt.Errorf("LISTEN_FDS: %s: %w", name, err)
		}
	}
	return all, nil
}

// listenerOf takes a file descriptor over.
func listenerOf(fd int) (net.Listener, error) {
	unix.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "socket")
	if f == nil {
		return nil, fmt.Errorf("no file descriptor %d", fd)
	}
	defer f.Close()
	return net.FileListener(f)
}

// listen opens the sockets of the configuration, unless it was given them by the service manager or by the proxy before.
func (s *service) listen(cfg *config.Config) error {
	given, err := passed()
	if err == nil && given == nil && cfg.Handover != "" {
		given, s.before, err = takeOver(string(cfg.Handover))
	}
	if err != nil {
		return err
	}
	if s.clients, err = socketFor(given[socketClients], cfg.Listen, "listen"); err != nil {
		return err
	}
	if cfg.Metrics.Listen != "" {
		if s.pages, err = socketFor(given[socketMetrics], cfg.Metrics.Listen, "metrics.listen"); err != nil {
			return err
		}
	}
	if !cfg.Admin.IsZero() {
		s.operators, err = listenAdmin(given[socketAdmin], cfg.Admin.Listen)
	}
	return err
}

// socketFor is the socket that was given, which must be where the configuration says, or a new one.
func socketFor(given net.Listener, address, key string) (net.Listener, error) {
	if given == nil {
		return net.Listen("tcp", address)
	}
	_, want, err := net.SplitHostPort(address)
	_, is, err2 := net.SplitHostPort(given.Addr().String())
	if err != nil || err2 != nil || want != "0" && want != is {
		given.Close()
		return nil, fmt.Errorf("the socket that was handed over listens on %s, and %s says %s", given.Addr(), key, address)
	}
	return given, nil
}
