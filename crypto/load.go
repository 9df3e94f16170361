package crypto

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/keyset"

	"github.com/pgveil/pgveil/crypto/kms"
)

// Load unwraps every key of the store: one KMS call a key and one for the store. If any key is broken there is no
// keyring, and the error joins what is wrong with each of them. A master key that can't be reached is reported as the
// KMS reports it; one that isn't the store's gives [ErrMasterKey], an altered or swapped file [ErrTampered].
func (s *Store) Load(ctx context.Context, master kms.KMS) (*Keyring, error) {
	infos := s.List()
	if len(infos) == 0 {
		return newKeyring(nil)
	}
	if err := s.checkMaster(ctx, master); err != nil {
		return nil, err
	}
	var keys []*Key
	var problems []error
	for _, info := range infos {
		if info.Problem != nil {
			problems = append(problems, info.Problem)
			continue
		}
		f, err := readKeyFile(s.dir, info.File)
		if err == nil {
			var key *Key
			if key, _, err = s.openKeyFile(ctx, master, f); err == nil {
				keys = append(keys, key)
				continue
			}
		}
		problems = append(problems, err)
	}
	problems = append(problems, duplicates(infos)...)
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return newKeyring(keys)
}

// duplicates names every pair of files that claim one name. Numbers are unique because files are named by them.
func duplicates(infos []KeyInfo) []error {
	var problems []error
	first := make(map[string]KeyInfo)
	for _, info := range infos {
		if info.Problem != nil {
			continue
		}
		if other, ok := first[info.Name]; ok {
			problems = append(problems, fmt.Errorf("%w: %s and %s are both named %q", ErrDuplicate, other.File, info.File, info.Name))
			continue
		}
		first[info.Name] = info
	}
	return problems
}

// checkMaster proves that master is the one that the store was sealed under.
func (s *Store) checkMaster(ctx context.Context, master kms.KMS) error {
	f, err := readStoreFile(s.dir)
	if err != nil {
		return err
	}
	if [realmSize]byte(f.Realm) != s.realm {
		return fmt.Errorf("%w: the realm in %s changed", ErrTampered, filepath.Join(s.dir, storeFileName))
	}
	if len(f.MasterCheck) == 0 {
		return fmt.Errorf("%w: %s has no master_check", ErrTampered, filepath.Join(s.dir, storeFileName))
	}
	got, err := master.Unwrap(ctx, f.MasterCheck, masterAD(s.realm))
	switch {
	case errors.Is(err, kms.ErrUnwrap), err == nil && string(got) != masterPurpose:
		return fmt.Errorf("%w: %s doesn't open the key store %s, which was sealed under %s (or the store's realm was altered)",
			ErrMasterKey, master.URI(), s.dir, f.Master)
	case err != nil:
		return fmt.Errorf("crypto: unwrap with %s: %w", master.URI(), err)
	}
	return nil
}

// sealKeyFile completes f with the wrapped keyset and its check.
func (s *Store) sealKeyFile(ctx context.Context, master kms.KMS, f keyFile, handle *keyset.Handle) (keyFile, error) {
	wrapped, err := wrapKeyset(ctx, master, handle, keysetAD(s.realm, f.ID))
	if err != nil {
		return keyFile{}, fmt.Errorf("crypto: key %q: wrap with %s: %w", f.Name, master.URI(), err)
	}
	check, err := keyCheck(s.realm, f, handle)
	if err != nil {
		return keyFile{}, fmt.Errorf("crypto: key %q: %w", f.Name, err)
	}
	f.Format, f.Version, f.Keyset, f.Check = keyFormat, storeVersion, wrapped, check
	return f, nil
}

// openKeyFile unwraps the keyset of f and checks all that f says against it.
func (s *Store) openKeyFile(ctx context.Context, master kms.KMS, f keyFile) (*Key, *keyset.Handle, error) {
	path := filepath.Join(s.dir, keyFileName(f.ID))
	handle, err := unwrapKeyset(ctx, master, f.Keyset, keysetAD(s.realm, f.ID))
	if errors.Is(err, kms.ErrUnwrap) {
		return nil, nil, fmt.Errorf("%w: %s (key %q): its keyset doesn't authenticate", ErrTampered, path, f.Name)
	}
	if ctx.Err() != nil {
		return nil, nil, fmt.Errorf("crypto: key %q: unwrap with %s: %w", f.Name, master.URI(), ctx.Err())
	}
	if err != nil {
		return nil, nil, fmt.Errorf("crypto: %s (key %q): unwrap with %s: %w", path, f.Name, master.URI(), err)
	}
	check, err := keyCheck(s.realm, f, handle)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s (key %q): %w", ErrTampered, path, f.Name, err)
	}
	if subtle.ConstantTimeCompare(check, f.Check) != 1 {
		return nil, nil, fmt.Errorf("%w: %s: its name, mode, normalize or check was changed", ErrTampered, path)
	}
	key, err := keyFromHandle(s.realm, f.ID, f.Name, f.Mode, handle)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s (key %q): %w", ErrTampered, path, f.Name, err)
	}
	key.normalize = f.Normalize
	return key, handle, nil
}
