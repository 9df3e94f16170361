// Package store is what sqlc made of schema.sql and queries.sql.
package store
