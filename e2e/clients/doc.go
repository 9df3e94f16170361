// Package clients runs other languages' drivers (node-postgres, PostgreSQL's JDBC driver, psycopg 3 and 2) against a plain
// PostgreSQL and through pgveil, and demands that each sees the same. Its tests have the build tag "clients" and are run by
// make test-clients, so that make test needs neither Node.js nor Java nor Python.
package clients
