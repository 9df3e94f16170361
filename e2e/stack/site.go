package stack

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// SiteOptions choose a site. Of Options, Postgres is the site's own; Binary, if empty, is built; CA, if nil, is new; so is Dir, if empty, and
// Close removes it.
type SiteOptions struct {
	Options
	Server postgres.Options  // the server behind the proxy
	Plain  *postgres.Options // another server without a proxy; nil: none
	// Before, if set, is called with each server before the proxy starts, which takes over the users that it makes.
	Before func(server *postgres.Server) error
}

// Site is pgveil, built from these sources, in front of a server of its own, with what both need.
type Site struct {
	*Stack
	CA            *postgres.Authority
	Server, Plain *postgres.Server
	Binary        string

	made string // the folder that Close removes
}

// Open sets a site up. The caller must Close it.
func Open(o SiteOptions) (*Site, error) {
	s := &Site{}
	if err := s.open(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Site) open(o SiteOptions) (err error) {
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "pgveil-site-"); err != nil {
			return err
		}
		s.made = o.Dir
	}
	if s.Binary = o.Binary; s.Binary == "" {
		if s.Binary, err = Build(o.Dir); err != nil {
			return err
		}
	}
	if s.CA = o.CA; s.CA == nil {
		if s.CA, err = postgres.NewAuthority(); err != nil {
			return err
		}
	}
	o.Server.TLS = s.CA
	if s.Server, err = postgres.Start(o.Server); err != nil {
		return err
	}
	servers := []*postgres.Server{s.Server}
	if o.Plain != nil {
		if s.Plain, err = postgres.Start(*o.Plain); err != nil {
			return err
		}
		servers = append(servers, s.Plain)
	}
	for _, server := range servers {
		if o.Before == nil {
			break
		}
		if err := o.Before(server); err != nil {
			return err
		}
	}
	o.CA, o.Postgres, o.Binary = s.CA, s.Server, s.Binary
	s.Stack, err = Start(o.Options)
	return err
}

// Close ends all of the site.
func (s *Site) Close() (err error) {
	if s.Stack != nil {
		err = s.Stack.Stop()
	}
	for _, server := range []*postgres.Server{s.Server, s.Plain} {
		if server != nil {
			err = errors.Join(err, server.Stop())
		}
	}
	if s.made != "" {
		err = errors.Join(err, os.RemoveAll(s.made))
	}
	return err
}

// Build builds pgveil from these sources, in a folder, and says where it is.
func Build(dir string) (binary string, err error) {
	binary = filepath.Join(dir, "pgveil")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/pgveil/pgveil/cmd/pgveil").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binary, nil
}
