//go:build compat

package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// connection is one row of the table: what a client asks for, and what comes of it.
type connection struct {
	options string
	want    string // "TLSv1.3" or another version, "none" for a session in clear; "server" or "client": who refuses
	since   int    // the first libpq that knows the options
}

// connections is what of src/test/ssl and src/test/libpq applies to a proxy. Certificates of clients don't: pgveil asks for none.
var connections = []connection{
	{options: "sslmode=disable", want: "server"},
	{options: "sslmode=allow", want: "TLSv1.3"},
	{options: "sslmode=prefer", want: "TLSv1.3"},
	{options: "sslmode=require", want: "TLSv1.3"},
	{options: "sslmode=require sslrootcert=CA", want: "TLSv1.3"},
	{options: "sslmode=require sslrootcert=OTHER", want: "client"},
	{options: "sslmode=verify-ca sslrootcert=CA", want: "TLSv1.3"},
	{options: "sslmode=verify-ca sslrootcert=OTHER", want: "client"},
	{options: "sslmode=verify-ca sslrootcert=CA host=other.example", want: "TLSv1.3"},
	{options: "sslmode=verify-ca sslrootcert=/nonexistent", want: "client"},
	{options: "sslmode=verify-full sslrootcert=CA", want: "TLSv1.3"},
	{options: "sslmode=verify-full sslrootcert=OTHER", want: "client"},
	{options: "sslmode=verify-full sslrootcert=CA host=other.example", want: "client"},
	{options: "sslmode=verify-full sslrootcert=CA host=127.0.0.1", want: "TLSv1.3"},
	{options: "sslmode=verify-full sslrootcert=system", want: "client", since: 16},
	{options: "sslmode=require sslsni=0", want: "TLSv1.3"},
	{options: "sslmode=require sslcompression=1", want: "TLSv1.3"},
	{options: "sslmode=require ssl_min_protocol_version=TLSv1.3", want: "TLSv1.3"},
	{options: "sslmode=require ssl_max_protocol_version=TLSv1.2", want: "TLSv1.2"},
	{options: "sslmode=require ssl_min_protocol_version=TLSv1.2 ssl_max_protocol_version=TLSv1.2", want: "TLSv1.2"},
	{options: "sslmode=require ssl_min_protocol_version=TLSv1 ssl_max_protocol_version=TLSv1.1", want: "client"},
	{options: "sslmode=require ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2", want: "client"},
	{options: "sslmode=require channel_binding=disable", want: "TLSv1.3"},
	{options: "sslmode=require channel_binding=prefer", want: "TLSv1.3"},
	{options: "sslmode=require channel_binding=require", want: "TLSv1.3"},
	{options: "sslmode=require channel_binding=require ssl_max_protocol_version=TLSv1.2", want: "TLSv1.2"},
	{options: "sslmode=verify-full sslrootcert=CA channel_binding=require", want: "TLSv1.3"},
	{options: "sslmode=disable channel_binding=require", want: "server"},
	{options: "sslmode=require sslcert=CERT sslkey=KEY", want: "TLSv1.3"},
	{options: "sslmode=require sslcert=CERT sslkey=CA", want: "client"},
	{options: "sslmode=require sslcertmode=disable", want: "TLSv1.3", since: 16},
	{options: "sslmode=require sslcertmode=require sslcert=CERT sslkey=KEY", want: "client", since: 16},
	{options: "sslmode=require require_auth=scram-sha-256", want: "TLSv1.3", since: 16},
	{options: "sslmode=require require_auth=password,md5", want: "client", since: 16},
	{options: "sslmode=require require_auth=none", want: "client", since: 16},
	{options: "sslmode=require require_auth=!scram-sha-256", want: "client", since: 16},
	{options: "sslmode=require gssencmode=prefer", want: "TLSv1.3"},
	{options: "sslmode=require password=wrong", want: "server"},
	{options: "sslmode=require user=nobody_is_called_this", want: "server"},
	{options: "sslmode=require channel_binding=require password=wrong", want: "server"},
	{options: "sslmode=require sslnegotiation=postgres", want: "TLSv1.3", since: 17},
	{options: "sslmode=require sslnegotiation=direct", want: "TLSv1.3", since: 17},
	{options: "sslmode=verify-full sslrootcert=CA sslnegotiation=direct", want: "TLSv1.3", since: 17},
	{options: "sslmode=verify-full sslrootcert=OTHER sslnegotiation=direct", want: "client", since: 17},
	{options: "sslmode=verify-full sslrootcert=CA sslnegotiation=direct channel_binding=require", want: "TLSv1.3", since: 17},
	{options: "sslmode=require sslnegotiation=direct ssl_max_protocol_version=TLSv1.2", want: "TLSv1.2", since: 17},
	{options: "sslmode=prefer sslnegotiation=direct", want: "client", since: 17},
	{options: "sslmode=require max_protocol_version=3.0", want: "TLSv1.3", since: 18},
	{options: "sslmode=require max_protocol_version=latest", want: "TLSv1.3", since: 18},
	{options: "sslmode=require min_protocol_version=3.2 max_protocol_version=3.2", want: "TLSv1.3", since: 18},
}

var protocolShown = regexp.MustCompile(`TLSv1\.[0-9]`)

// TestSSL makes the connections of the table with psql and libpq of the system, and of 18, to a server of 18 and to pgveil in front of
// it. The server takes TLS only, as pgveil does.
func TestSSL(t *testing.T) {
	r := newRigOf(t, rigOptions{bin: versionBin(t, 18), hba: "hostssl all all all scram-sha-256\n"})
	other, err := postgres.NewAuthority()
	check(t, err)
	cert, key, err := r.ca.Issue("postgres")
	check(t, err)
	files := strings.NewReplacer("CA", r.caFile, "OTHER", filepath.Join(r.dir, "other.pem"), "CERT", filepath.Join(r.dir, "client.crt"), "KEY", filepath.Join(r.dir, "client.key"))
	for name, text := range map[string][]byte{"other.pem": other.PEM, "client.crt": cert, "client.key": key} {
		check(t, os.WriteFile(filepath.Join(r.dir, name), text, 0o600))
	}
	var lines []line
	for _, client := range []struct {
		major   int
		program string
	}{{15, "psql"}, {18, clientProgram(t, "psql")}} {
		for _, w := range ways[:2] {
			l := line{Suite: fmt.Sprintf("TLS, by libpq %d", client.major), Way: w.name}
			for _, c := range connections {
				if c.since > client.major {
					l.Skipped++
					continue
				}
				dsn := fmt.Sprintf("host=localhost hostaddr=127.0.0.1 port=%d user=%s password=%s dbname=postgres connect_timeout=20 %s", r.port(w), postgres.Superuser, postgres.Password, files.Replace(c.options))
				out, err := run(t, time.Minute, r.dir, append(os.Environ(), "HOME="+r.dir, "LC_ALL=C"), client.program, "-X", "-d", dsn, "-c", `\conninfo`, "-c", "select 1")
				got, want := outcome(out, err), c.want
				if got == want {
					l.Passed++
				} else {
					l.Failed++
					t.Errorf("libpq %d, %s, %s: %s, want %s\n%s", client.major, w.name, c.options, got, want, out)
				}
			}
			lines = append(lines, l)
		}
	}
	record(t, "ssl", lines)
}

// outcome says in a word what psql made of a connection.
func outcome(out string, err error) string {
	switch {
	case err == nil && protocolShown.MatchString(out):
		return protocolShown.FindString(out)
	case err == nil:
		return "none"
	case strings.Contains(out, "FATAL:"):
		return "server"
	}
	return "client"
}

// versionBin is the folder of another version's server programs.
func versionBin(t *testing.T, major int) string {
	t.Helper()
	dir, err := filepath.Abs(fmt.Sprintf("../../bin/compat/versions/%d/bin", major))
	check(t, err)
	if _, err := os.Stat(dir); err != nil {
		t.Fatal("no such server; make test-compat fetches it")
	}
	return dir
}

// clientProgram is a program of 18.
func clientProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../bin/compat/clients/18/bin", name))
	check(t, err)
	if _, err := os.Stat(path); err != nil {
		t.Fatal("no such program; make test-compat builds it")
	}
	return path
}
