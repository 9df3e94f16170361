package crypto

import "errors"

// Why a value can't be sealed or opened. No text ever holds bytes of a value or of a key.
var (
	// ErrNotSealed says that the bytes are no cell: no footer, or too short for the mode that the footer names.
	ErrNotSealed = errors.New("crypto: not a sealed value")
	// ErrVersion says that the bytes end like a cell, but of a version or mode that this program doesn't know.
	ErrVersion = errors.New("crypto: sealed value of an unknown version or mode")
	// ErrWrongColumn says that the cell names another column key.
	ErrWrongColumn = errors.New("crypto: sealed under another column key")
	// ErrWrongMode says that the cell names this column key, but a mode that the key isn't for, or that a Key was asked for what
	// only keys of another mode give.
	ErrWrongMode = errors.New("crypto: sealed in another mode than the column key's")
	// ErrUnknownKey says that the cell names a version of the column key that the keyring doesn't hold.
	ErrUnknownKey = errors.New("crypto: sealed under an unknown version of the column key")
	// ErrAuth says that the cell names this key, but isn't what the key sealed: altered, truncated, or of another installation.
	ErrAuth = errors.New("crypto: sealed value fails to authenticate")
	// ErrTooLarge says that the value is longer than [MaxPlain].
	ErrTooLarge = errors.New("crypto: value too large to seal")
	// ErrOverlap says that the output buffer overlaps the input.
	ErrOverlap = errors.New("crypto: output overlaps input")
	// ErrNoKey says that a Key was used that didn't come from a Keyring.
	ErrNoKey = errors.New("crypto: no key")
)

// Why a key store can't be used.
var (
	// ErrNoStore says that the directory holds no key store.
	ErrNoStore = errors.New("crypto: no key store")
	// ErrStoreExists says that the directory already holds a key store.
	ErrStoreExists = errors.New("crypto: key store exists")
	// ErrKeyExists says that the store already has a key of that name.
	ErrKeyExists = errors.New("crypto: key exists")
	// ErrKeyNotFound says that the store has no key of that name.
	ErrKeyNotFound = errors.New("crypto: no such key")
	// ErrMasterKey says that the store was sealed under another master key, or its realm was altered.
	ErrMasterKey = errors.New("crypto: wrong master key")
	// ErrTampered says that a key file isn't as this program wrote it: altered, swapped with another, or of another store.
	ErrTampered = errors.New("crypto: key file altered")
	// ErrDuplicate says that two key files claim one name or one id.
	ErrDuplicate = errors.New("crypto: duplicate key")
)
