// Package kms says what a master key must be able to do: wrap and unwrap the data keys of columns. Every kind of master
// key has a sub-package of its own; kmstest holds the tests that each of them must pass.
package kms

import (
	"context"
	"errors"
)

// ErrUnwrap says that bytes weren't wrapped by this master key with this associated data: altered, swapped, or wrapped
// under another key. Every Unwrap that fails for such a reason wraps it, so that callers can tell it from a master key
// that can't be reached just now.
var ErrUnwrap = errors.New("kms: not wrapped by this master key for this purpose")

// KMS is a master key that lives elsewhere: in a file, a hardware module or a service. It is called when keys are loaded
// or made, never for a single value. Implementations may be used by several goroutines at once, honour the context's
// deadline, keep no reference to their arguments, and print no key however they are formatted.
type KMS interface {
	// Wrap encrypts and authenticates plaintext, and authenticates ad, which it doesn't store. Wrapping twice gives
	// different bytes.
	Wrap(ctx context.Context, plaintext, ad []byte) ([]byte, error)
	// Unwrap gives back what Wrap was given with the same ad, or an error that wraps [ErrUnwrap].
	Unwrap(ctx context.Context, wrapped, ad []byte) ([]byte, error)
	// URI names the master key, for instance file:///etc/pgveil/master.key. It holds no secret.
	URI() string
}
