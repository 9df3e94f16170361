package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pgveil/pgveil/e2e/postgres"
)

// TestMain lets scripts run the program itself: this test binary, called as pgveil.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"pgveil": main})
}

// The scripts in testdata need no database. $CFG is a configuration in the script's folder, with free ports.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       cmdExits,
			"ready":       cmdReady,
			"page":        cmdPage,
			"hangup":      func(ts *testscript.TestScript, _ bool, _ []string) { signalAll(ts, syscall.SIGHUP) },
			"end":         func(ts *testscript.TestScript, _ bool, _ []string) { signalAll(ts, syscall.SIGTERM) },
			"replace":     cmdReplace,
			"edit-record": cmdEditRecord,
		},
	})
}

func setup(env *testscript.Env) error {
	dir := env.WorkDir
	if err := writeCertificate(dir); err != nil {
		return err
	}
	ports, err := postgres.FreePorts(2)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`listen: 127.0.0.1:%d
tls: {cert: tls.crt, key: tls.key}
upstream: {host: 127.0.0.1, port: 1, sslmode: disable}
sign_in: {users: users}
keys: {kms: "file:master.key", store: keys}
encrypt:
  public.customers:
    email: {type: text, search: equality}
    ssn: {type: text}
policy: policy.yaml
audit: {dir: audit, key: audit.key}
metrics: {listen: "127.0.0.1:%d"}
limits: {drain_timeout: 1s}
`, ports[0], ports[1])
	policy := `version: 1
unlisted: deny
roles:
  owner:
    who: {users: [alice]}
    record: statements
    allow:
      - {id: own, on: public.customers, do: [all], show: "*", write: "*"}
`
	for name, text := range map[string]string{"pgveil.yaml": text, "policy.yaml": policy} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	env.Setenv("CFG", filepath.Join(dir, "pgveil.yaml"))
	env.Setenv("PAGES", fmt.Sprintf("http://127.0.0.1:%d", ports[1]))
	env.Setenv("ROOT", root)
	env.Setenv("LF", "\n")
	return nil
}

// writeCertificate writes tls.crt and tls.key, good for an hour.
func writeCertificate(dir string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "tls.crt"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o644),
		os.WriteFile(filepath.Join(dir, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
	)
}

// exits CODE COMMAND… runs a command that must end with the exit code.
func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want || neg {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// ready waits until the proxy in the background answers.
func cmdReady(ts *testscript.TestScript, _ bool, _ []string) {
	for range 200 {
		if ts.Exec("pgveil", "health", "-c", ts.Getenv("CFG")) == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("the proxy did not become ready")
}

// page PATH REGEXP waits until a page of the metrics listener matches.
func cmdPage(ts *testscript.TestScript, neg bool, args []string) {
	want, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	var text string
	for range 200 {
		if text = get(ts.Getenv("PAGES") + args[0]); want.MatchString(text) != neg {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s never matched %s; it is\n%s", args[0], args[1], text)
}

func get(url string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err.Error()
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func signalAll(ts *testscript.TestScript, sig syscall.Signal) {
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(sig))
	}
}

// replace FILE REGEXP TEXT rewrites a file, which must match.
func cmdReplace(ts *testscript.TestScript, _ bool, args []string) {
	file := ts.MkAbs(args[0])
	text, err := os.ReadFile(file)
	ts.Check(err)
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	if !re.Match(text) {
		ts.Fatalf("%s does not match %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(file, re.ReplaceAll(text, []byte(args[2])), 0o600))
}

// edit-record FROM TO changes the first occurrence of a text in the record.
func cmdEditRecord(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(ts.MkAbs("audit/*.jsonl"))
	ts.Check(err)
	if len(files) == 0 {
		ts.Fatalf("no segment of the record")
	}
	text, err := os.ReadFile(files[0])
	ts.Check(err)
	changed := bytes.Replace(text, []byte(args[0]), []byte(args[1]), 1)
	if bytes.Equal(text, changed) {
		ts.Fatalf("%s is not in the record", args[0])
	}
	ts.Check(os.WriteFile(files[0], changed, 0o600))
}
