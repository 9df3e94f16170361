// Package compat runs PostgreSQL's own regression tests, from the sources of the server that is installed, directly and through
// pgveil, and compares what psql printed. Its test has the build tag "compat" and is run by make test-compat, which fetches the
// sources.
package compat
