package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/pgveil/pgveil/config"
)

// sslRequest asks a PostgreSQL server whether it speaks TLS: SSLRequest, src/include/libpq/pqcomm.h (80877103).
func sslRequest() []byte { return []byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f} }

func newHealth() *cobra.Command {
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the running proxy whether it answers",
		Long: `Asks the proxy of this configuration on this machine: the health page if metrics.listen is set, else by opening a client
connection up to the answer about TLS. --ready asks the readiness page instead, which also covers the upstream server and the record.

Exit code 1 means that it does not answer as it should. For container health checks and scripts.`,
		Example: "  pgveil health -c /etc/pgveil/pgveil.yaml",
		Args:    args(cobra.NoArgs),
	}
	path := configFlag(c)
	ready := c.Flags().Bool("ready", false, "ask for readiness; needs metrics.listen")
	timeout := c.Flags().Duration("timeout", 2*time.Second, "how long to wait")
	c.RunE = func(c *cobra.Command, _ []string) error {
		cfg, err := config.Load(*path)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(c.Context(), *timeout)
		defer cancel()
		switch {
		case cfg.Metrics.Listen != "" && *ready:
			err = getPage(ctx, cfg.Metrics.Listen, "/readyz")
		case *ready:
			return usage(c, "--ready needs metrics.listen in the configuration")
		case cfg.Metrics.Listen != "":
			err = getPage(ctx, cfg.Metrics.Listen, "/healthz")
		default:
			err = askTLS(ctx, cfg.Listen)
		}
		return err
	}
	return c
}

// reachable turns an address to listen on into one to connect to.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}

func getPage(ctx context.Context, listen, page string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+reachable(listen)+page, nil)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return fmt.Errorf("%s: %s: %s", page, resp.Status, text)
	}
	return nil
}

func askTLS(ctx context.Context, listen string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", reachable(listen))
	if err != nil {
		return err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return err
		}
	}
	if _, err := conn.Write(sslRequest()); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return err
	}
	if answer[0] != 'S' && answer[0] != 'N' {
		return errors.New("what answers is not a PostgreSQL server or proxy")
	}
	return nil
}
