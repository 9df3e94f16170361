// Package file keeps the master key in a file, for installations without a key-management service. Whoever can read the
// file can open every value, so keep it, and its backup, apart from the database and from the key store's backup.
//
// The file begins with comment lines, the first of which names its format; what follows is a cleartext Tink keyset in
// JSON with AES-256-GCM keys, which stock Tink reads once the lines that begin with # are taken away.
package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/pgveil/pgveil/crypto/kms"
)

// Scheme begins the URIs of master keys in files.
const Scheme = "file:"

// maxSize bounds what Open reads; a keyset of a hundred keys has about 20 kB.
const maxSize = 1 << 20

const (
	firstLine = "# pgveil master key, format 1"
	header    = firstLine + `
# Secret: whoever has this file can open every protected value. Back it up apart from the database and the key store.
# Below is a cleartext Tink keyset (AES-256-GCM) in JSON; take the lines that begin with # away and stock Tink reads it.
`
)

// ErrPermission says that the file can be read or written by others than its owner.
var ErrPermission = errors.New("master key file is open to others")

// ErrFormat says that the file is no master key file of a known format.
var ErrFormat = errors.New("not a pgveil master key file")

// KMS is a master key read from a file. Printing it gives its URI.
type KMS struct {
	path string
	aead tink.AEAD
}

var _ kms.KMS = (*KMS)(nil)

// Path gives the path that a URI names: file:///abs/path or file:rel/path, percent-encoded where needed.
func Path(uri string) (string, error) {
	rest, ok := strings.CutPrefix(uri, Scheme)
	if !ok {
		return "", fmt.Errorf("master key %q: want file:///path or file:path", uri)
	}
	if strings.HasPrefix(rest, "//") {
		rest = strings.TrimPrefix(rest, "//")
		rest = strings.TrimPrefix(rest, "localhost")
		if !strings.HasPrefix(rest, "/") {
			return "", fmt.Errorf("master key %q: a file URI names no other host; want file:///path or file:path", uri)
		}
	}
	if strings.ContainsAny(rest, "?#") {
		return "", fmt.Errorf("master key %q: a file URI has no query or fragment", uri)
	}
	path, err := url.PathUnescape(rest)
	if err != nil {
		return "", fmt.Errorf("master key %q: %w", uri, err)
	}
	if path == "" || strings.ContainsRune(path, 0) {
		return "", fmt.Errorf("master key %q: no path", uri)
	}
	return path, nil
}

// Create makes a new master key in a file of mode 0600 and makes it durable. It never overwrites: an existing file, of
// whatever kind, is an error that wraps [fs.ErrExist].
func Create(path string) error {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return fmt.Errorf("master key %s: %w", path, err)
	}
	var text bytes.Buffer
	defer func() { clear(text.Bytes()) }()
	text.WriteString(header)
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return fmt.Errorf("master key %s: %w", path, err)
	}
	text.WriteByte('\n')

	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("create master key: %w", err)
	}
	_, err = f.Write(text.Bytes())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("create master key: %w", err), os.Remove(path))
	}
	return nil
}

// Open reads the master key at path. It refuses what isn't a regular file, what others than the owner may read or write
// ([ErrPermission]), and what isn't of the format that [Create] writes ([ErrFormat]).
func Open(path string) (*KMS, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	body, err := strip(text)
	if err != nil {
		return nil, fmt.Errorf("master key %s: %w", path, err)
	}
	// Tink's own errors could quote the JSON, which is the key.
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(body)))
	if err != nil {
		return nil, fmt.Errorf("master key %s: %w: its keyset can't be read", path, ErrFormat)
	}
	for _, k := range handle.KeysetInfo().GetKeyInfo() {
		if k.GetTypeUrl() != aead.AES256GCMKeyTemplate().GetTypeUrl() {
			return nil, fmt.Errorf("master key %s: %w: a key isn't AES-GCM", path, ErrFormat)
		}
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("master key %s: %w: its keyset can't be used", path, ErrFormat)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("master key %s: %w", path, err)
	}
	return &KMS{path: abs, aead: primitive}, nil
}

// read checks the file before it opens it, lest a FIFO block, and again after, lest it was replaced between.
func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("open master key: %w", err)
	}
	if err := check(path, info); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open master key: %w", err)
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return nil, fmt.Errorf("open master key: %w", err)
	}
	if err := check(path, info); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read master key: %w", err)
	}
	if len(text) > maxSize {
		return nil, fmt.Errorf("master key %s: %w: longer than %d bytes", path, ErrFormat, maxSize)
	}
	return text, nil
}

func check(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("master key %s: not a regular file (%s)", path, info.Mode().Type())
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("master key %s: %w (mode %04o); fix it with: chmod 600 %s", path, ErrPermission, perm, quote(path))
	}
	return nil
}

// strip takes the comment lines away.
func strip(text []byte) ([]byte, error) {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if string(bytes.TrimRight(first, "\r")) != firstLine {
		return nil, fmt.Errorf("%w: the first line isn't %q", ErrFormat, firstLine)
	}
	body := text
	for bytes.HasPrefix(body, []byte("#")) {
		_, body, _ = bytes.Cut(body, []byte("\n"))
	}
	return body, nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// quote makes a path safe to paste into a shell.
func quote(path string) string {
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// Wrap seals plaintext with AES-256-GCM.
func (k *KMS) Wrap(ctx context.Context, plaintext, ad []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", k.URI(), err)
	}
	wrapped, err := k.aead.Encrypt(plaintext, ad)
	if err != nil {
		return nil, fmt.Errorf("%s: wrap: %w", k.URI(), err)
	}
	return wrapped, nil
}

// Unwrap opens what Wrap sealed with the same ad.
func (k *KMS) Unwrap(ctx context.Context, wrapped, ad []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", k.URI(), err)
	}
	plaintext, err := k.aead.Decrypt(wrapped, ad)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.URI(), kms.ErrUnwrap)
	}
	return plaintext, nil
}

// URI is file:// and the absolute path.
func (k KMS) URI() string {
	u := url.URL{Scheme: "file", Path: k.path}
	return u.String()
}

// String gives the URI.
func (k KMS) String() string { return "master key " + k.URI() }

// GoString gives the URI.
func (k KMS) GoString() string { return k.String() }

// Format gives the URI for every verb.
func (k KMS) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.String()) }

// MarshalText gives the URI.
func (k KMS) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue gives the URI.
func (k KMS) LogValue() slog.Value { return slog.StringValue(k.String()) }
