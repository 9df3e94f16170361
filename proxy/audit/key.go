package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// Key signs checkpoints. It prints as its name.
type Key struct {
	signer   note.Signer
	verifier string
}

// Verifier is the public key in the form "name+hash+base64" of golang.org/x/mod/sumdb/note: what an auditor needs.
func (k *Key) Verifier() string { return k.verifier }

// Name is the key's name, which stands before its signatures.
func (k *Key) Name() string { return k.signer.Name() }

// String is "audit key NAME".
func (k Key) String() string {
	if k.signer == nil {
		return "no audit key"
	}
	return "audit key " + k.Name()
}

// Format prints String for every verb.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// MarshalJSON gives String.
func (k Key) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }

// GenerateKey makes an Ed25519 key and writes it to a new file that only its owner can read. name is shown in every checkpoint; it
// holds neither spaces nor '+', and is best a host's or a product's name ("crm-proxy-1.acme.test/audit"). An existing file is an
// error.
func GenerateKey(path, name string) (*Key, error) {
	secret, _, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	k, err := parseKey(secret)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = f.WriteString(secret + "\n")
	if err = errors.Join(err, f.Sync(), f.Close(), syncDir(filepath.Dir(path))); err != nil {
		os.Remove(path)
		return nil, err
	}
	return k, nil
}

// LoadKey reads a file written by GenerateKey. A file that others than its owner can read is refused.
func LoadKey(path string) (*Key, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("audit key %s has mode %04o: only its owner may read it (chmod 600)", path, info.Mode().Perm())
	}
	b, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return nil, err
	}
	k, err := parseKey(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, fmt.Errorf("audit key %s: %w", path, err)
	}
	return k, nil
}

// parseKey reads "PRIVATE+KEY+name+hash+base64(1 ‖ seed)", see golang.org/x/mod/sumdb/note. Its errors say nothing of the text.
func parseKey(secret string) (*Key, error) {
	signer, err := note.NewSigner(secret)
	if err != nil {
		return nil, errors.New("not a signing key")
	}
	// The base64 part may hold '+' itself.
	parts := strings.SplitN(secret, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(raw) != 1+ed25519.SeedSize {
		return nil, errors.New("not an Ed25519 signing key")
	}
	public := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	verifier, err := note.NewEd25519VerifierKey(signer.Name(), public)
	if err != nil {
		return nil, err
	}
	return &Key{signer: signer, verifier: verifier}, nil
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
