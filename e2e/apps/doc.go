// Package apps runs applications on object-relational mappers and migration tools, written as for a plain database, against a plain
// PostgreSQL and through pgveil with protected columns, and demands that they print the same. Its tests have the build tag
// "clients" and are run by make test-clients. The Go programs are a module of their own, so that the product's go.mod does not know
// these libraries.
package apps
