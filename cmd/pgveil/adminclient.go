package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/pgveil/pgveil/config"
	"github.com/pgveil/pgveil/proxy/admin"
)

// adminTimeout bounds one request to the admin listener.
const adminTimeout = 5 * time.Second

// adminClient asks the admin listener of the proxy that runs with a configuration.
type adminClient struct {
	client *http.Client
	base   string
	path   string // of the configuration
}

func newAdminClient(path string) (*adminClient, error) {
	cfg, err := config.Load(path)
	if err != nil {
		return nil, err
	}
	if cfg.Admin.IsZero() {
		return nil, withHint(fmt.Errorf("%s has no admin listener", path), "set admin: {listen: unix:/run/pgveil/admin.sock} and start the proxy again")
	}
	address, socket := string(cfg.Admin.Listen), cfg.Admin.Listen.Socket()
	network, to := "tcp", address
	if socket != "" {
		network, to, address = "unix", socket, "localhost"
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, to)
	}
	return &adminClient{path: path, base: "http://" + address,
		client: &http.Client{Timeout: adminTimeout, Transport: &http.Transport{Proxy: nil, DialContext: dial}}}, nil
}

// get reads the JSON of a page into v.
func (a *adminClient) get(ctx context.Context, page string, v any) error {
	body, err := a.do(ctx, http.MethodGet, page)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("%s: what answers is not pgveil's admin listener", page)
	}
	return nil
}

// maxAnswer bounds what is read of an answer, in bytes: a session takes about half a kilobyte.
const maxAnswer = 256 << 20

func (a *adminClient) do(ctx context.Context, method, page string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, a.base+page, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set(admin.Header, "1")
	resp, err := a.client.Do(req)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("no proxy runs with %s, or it was started without its admin section", a.path)
	case errors.Is(err, os.ErrPermission):
		return nil, withHint(errors.New("the admin listener's socket is the proxy's user's alone"), "run this as that user")
	case err != nil:
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New(strings.TrimSpace(firstLine(errors.New(string(text)))))
	}
	return text, nil
}

func (a *adminClient) sessions(ctx context.Context) (s admin.Sessions, err error) {
	return s, a.get(ctx, "/debug/sessions?format=json", &s)
}

func (a *adminClient) kill(ctx context.Context, id string) error {
	_, err := a.do(ctx, http.MethodPost, "/debug/sessions/kill?id="+url.QueryEscape(id))
	return err
}
