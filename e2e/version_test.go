package e2e

import (
	"strconv"
	"strings"
	"testing"
)

// serverMajor is the major version of the servers under test, see postgres.EnvBin.
func serverMajor() int {
	full := string(must(connect(shared.plain.DSN("app", password("app"), "plain", "")), "show server_version")[0].Rows[0][0])
	major, _, _ := strings.Cut(full, ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		panic(full)
	}
	return n
}

// programMajor is the major version of one of PostgreSQL's client programs, as the tests find it.
func programMajor(t *testing.T, name string) int {
	t.Helper()
	out, err := runProgram(t, name, "--version")
	fields := strings.Fields(out)
	if err != nil || len(fields) < 3 {
		t.Fatal(err, out)
	}
	major, _, _ := strings.Cut(fields[2], ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		t.Fatal(out)
	}
	return n
}
