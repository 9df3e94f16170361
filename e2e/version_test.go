package e2e

import (
	"strconv"
	"strings"
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
