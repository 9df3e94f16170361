// Package kmstest holds the tests that every kind of master key must pass.
package kmstest

import (
	"bytes"
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/pgveil/pgveil/crypto/kms"
)

// Run checks that what open gives keeps the contract of [kms.KMS]. Each call of open must give a new instance of the
// same master key.
func Run(t *testing.T, open func(t *testing.T) kms.KMS) {
	for _, tt := range []struct {
		name string
		test func(t *testing.T, open func(t *testing.T) kms.KMS)
	}{
		{"RoundTrip", roundTrip},
		{"WrapsDiffer", wrapsDiffer},
		{"WrongAssociatedData", wrongAssociatedData},
		{"AlteredRefused", alteredRefused},
		{"ArgumentsUntouched", argumentsUntouched},
		{"CancelledContext", cancelledContext},
		{"Concurrent", concurrent},
		{"URI", uri},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.test(t, open) })
	}
}

func wrap(t *testing.T, k kms.KMS, plaintext, ad []byte) []byte {
	t.Helper()
	wrapped, err := k.Wrap(t.Context(), plaintext, ad)
	if err != nil {
		t.Fatalf("Wrap: %v", err)
	}
	return wrapped
}

func roundTrip(t *testing.T, open func(t *testing.T) kms.KMS) {
	first, second := open(t), open(t)
	for _, n := range []int{1, 16, 32, 64, 300, 3000} {
		for _, ad := range [][]byte{nil, []byte("a"), bytes.Repeat([]byte("ad"), 100)} {
			plaintext := bytes.Repeat([]byte("secret 0123456789"), n)[:n]
			wrapped := wrap(t, first, plaintext, ad)
			if n >= 16 && bytes.Contains(wrapped, plaintext[:16]) {
				t.Fatalf("wrapped bytes show the plaintext")
			}
			for i, k := range []kms.KMS{first, second} {
				got, err := k.Unwrap(t.Context(), wrapped, ad)
				if err != nil || !bytes.Equal(got, plaintext) {
					t.Fatalf("%d bytes, instance %d: Unwrap gives %d bytes, error %v", n, i, len(got), err)
				}
			}
		}
	}
}

func wrapsDiffer(t *testing.T, open func(t *testing.T) kms.KMS) {
	k := open(t)
	if bytes.Equal(wrap(t, k, []byte("secret"), nil), wrap(t, k, []byte("secret"), nil)) {
		t.Fatal("wrapping twice gave the same bytes")
	}
}

func wrongAssociatedData(t *testing.T, open func(t *testing.T) kms.KMS) {
	k := open(t)
	wrapped := wrap(t, k, []byte("secret"), []byte("purpose"))
	for _, ad := range []string{"", "purpos", "purpose\x00", "Purpose", "xpurpose"} {
		refused(t, k, wrapped, []byte(ad), "associated data "+ad)
	}
	refused(t, k, wrapped, nil, "no associated data")
}

func alteredRefused(t *testing.T, open func(t *testing.T) kms.KMS) {
	k := open(t)
	ad := []byte("purpose")
	wrapped := wrap(t, k, []byte("secret"), ad)
	refused(t, k, nil, ad, "nothing")
	refused(t, k, []byte("never wrapped by anyone, and long enough to be looked at"), ad, "plain text")
	refused(t, k, append(bytes.Clone(wrapped), 0), ad, "a byte more")
	// Services cost a call each, so take every seventh byte and both ends.
	for i := range wrapped {
		if i%7 != 0 && i != len(wrapped)-1 {
			continue
		}
		bad := bytes.Clone(wrapped)
		bad[i] ^= 0x10
		refused(t, k, bad, ad, "a flipped bit")
		refused(t, k, wrapped[:i], ad, "cut")
	}
}

func refused(t *testing.T, k kms.KMS, wrapped, ad []byte, what string) {
	t.Helper()
	got, err := k.Unwrap(t.Context(), wrapped, ad)
	if !errors.Is(err, kms.ErrUnwrap) || len(got) > 0 {
		t.Errorf("%s: Unwrap gives %d bytes, error %v; want kms.ErrUnwrap", what, len(got), err)
	}
	if err != nil && strings.Contains(err.Error(), "secret") {
		t.Errorf("%s: the error shows the plaintext", what)
	}
}

func argumentsUntouched(t *testing.T, open func(t *testing.T) kms.KMS) {
	k := open(t)
	plaintext, ad := []byte("secret"), []byte("purpose")
	wrapped := wrap(t, k, plaintext, ad)
	if string(plaintext) != "secret" || string(ad) != "purpose" {
		t.Error("Wrap changed its arguments")
	}
	kept := bytes.Clone(wrapped)
	got, err := k.Unwrap(t.Context(), wrapped, ad)
	if err != nil {
		t.Fatal(err)
	}
	clear(got) // callers wipe keys
	if !bytes.Equal(wrapped, kept) || string(ad) != "purpose" {
		t.Error("Unwrap changed its arguments, or its result is a part of them")
	}
	if again, err := k.Unwrap(t.Context(), wrapped, ad); err != nil || string(again) != "secret" {
		t.Errorf("second Unwrap gives other bytes, error %v", err)
	}
}

func cancelledContext(t *testing.T, open func(t *testing.T) kms.KMS) {
	k := open(t)
	wrapped := wrap(t, k, []byte("secret"), nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Wrap(ctx, []byte("secret"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Wrap with a cancelled context: %v", err)
	}
	_, err := k.Unwrap(ctx, wrapped, nil)
	if !errors.Is(err, context.Canceled) || errors.Is(err, kms.ErrUnwrap) {
		t.Errorf("Unwrap with a cancelled context: %v; want context.Canceled and not kms.ErrUnwrap", err)
	}
}

func concurrent(t *testing.T, open func(t *testing.T) kms.KMS) {
	k := open(t)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			plaintext := []byte{byte(i), 1, 2, 3}
			for range 5 {
				wrapped, err := k.Wrap(t.Context(), plaintext, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := k.Unwrap(t.Context(), wrapped, nil); err != nil || !bytes.Equal(got, plaintext) {
					t.Errorf("Unwrap gives %d bytes, error %v", len(got), err)
				}
			}
		})
	}
	wg.Wait()
}

func uri(t *testing.T, open func(t *testing.T) kms.KMS) {
	first, second := open(t).URI(), open(t).URI()
	if first != second {
		t.Errorf("two instances have URIs %q and %q", first, second)
	}
	if u, err := url.Parse(first); err != nil || u.Scheme == "" {
		t.Errorf("URI %q has no scheme (%v)", first, err)
	}
}
