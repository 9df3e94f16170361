// Package store is what ent generates from the package schema; the test generates it before it builds the application.
package store
