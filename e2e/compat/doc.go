// Package compat runs tests that others have written, directly against PostgreSQL and through pgveil, and compares: PostgreSQL's own, from
// the sources of the server that is installed (regression, isolation, libpq_pipeline, and what of the TLS tests applies to a proxy), and
// drivers' (pgx, lib/pq, node-postgres); and our own message scripts, and our own tests on other server versions. Its tests have the
// build tag "compat" and are run by make test-compat, which fetches what they need and writes the table in docs/compat.md.
package compat
