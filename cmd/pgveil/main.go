// Command pgveil is an encrypting proxy for PostgreSQL. Read build.go to see what it is made of: it is the one place that knows
// every kind of key service, sign-in and sink.
package main

import (
	"context"
	"io"
	"os"
)

// version is set by the linker: make build.
var version = "development"

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code: 0 ok, 1 a problem was found or something was refused, 2 the command
// line was wrong.
func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	return report(errOut, root.ExecuteContext(ctx))
}
