package crypto

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"unsafe"
)

// Key seals and opens the values of one column, or of several that are compared with each other. It comes from a
// [Keyring], never changes and may be used by any number of goroutines. Printing it gives its name and number.
type Key struct {
	id   ColumnID
	name string
	mode Mode
	// normalize is what values of ModeIndexed are normalised by.
	normalize string
	primary   *version
	versions  []*version // the primary among them
}

// version is one Tink key of the column key's keyset.
type version struct {
	redacted
	id     uint32
	footer [FooterSize]byte
	ad     []byte
	xaes   *xaes   // ModeRandom
	siv    *siv    // all other modes
	index  *siv    // ModeIndexed, ModeMatched: its CMAC is the index, or gives the tokens
	digits *digits // ModeOrdered
}

// newVersion takes the raw key: 64 bytes in ModeEqual, 32 in all other modes.
func newVersion(realm [realmSize]byte, column ColumnID, mode Mode, id uint32, raw []byte) (*version, error) {
	v := &version{id: id, footer: Footer{Version: Version, Mode: mode, Column: column, Key: id}.bytes()}
	v.ad = associatedData(realm, v.footer)
	var err error
	switch mode {
	case ModeRandom:
		v.xaes, err = newXAES(raw)
	case ModeEqual:
		if len(raw) != sivKeySize {
			return nil, errors.New("crypto: AES-SIV needs a key of 64 bytes")
		}
		v.siv, err = newSIV(raw, v.ad)
	case ModeIndexed, ModeOrdered, ModeMatched:
		err = v.derive(mode, raw)
	default:
		return nil, ErrVersion
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// ID is the key's number in the registry, which its cells carry.
func (k *Key) ID() ColumnID { return k.id }

// Name is the key's name in the key store.
func (k *Key) Name() string { return k.name }

// Mode is how the key seals.
func (k *Key) Mode() Mode { return k.mode }

// Normalize is by which steps, joined by commas, values are normalised for the index; empty in all modes but ModeIndexed.
func (k *Key) Normalize() string { return k.normalize }

// SealedLen is the length in bytes of the cell of a value of n bytes; in ModeOrdered its digits come on top, [DigitsLen],
// in ModeMatched its tokens.
func (k *Key) SealedLen(n int) int { return n + k.mode.Overhead() }

// GuardSuffix gives the eight bytes in which every cell of the key ends, whatever its version: a CHECK constraint on
// them keeps plaintext, and other columns' cells, out of the column.
func (k *Key) GuardSuffix() []byte {
	f := Footer{Version: Version, Mode: k.mode, Column: k.id}.bytes()
	return bytes.Clone(f[4:])
}

// Seal appends the cell of plain to dst and returns the result, as append does; it allocates only when dst's capacity
// is below len(dst) + [Key.SealedLen]. In ModeEqual equal values give equal cells. dst's spare capacity must not overlap
// plain. A value that looks like a cell is sealed like any other. On error dst comes back with its length unchanged. Keys of
// the modes in which one can search need more than the value ([ErrWrongMode]): see [Key.SealIndexed], [Key.SealOrdered] and
// [Key.SealMatched].
func (k *Key) Seal(dst, plain []byte) ([]byte, error) {
	if k == nil || k.primary == nil {
		return dst, ErrNoKey
	}
	if k.mode != ModeRandom && k.mode != ModeEqual {
		return dst, ErrWrongMode
	}
	if len(plain) > MaxPlain {
		return dst, ErrTooLarge
	}
	if overlap(dst, plain) {
		return dst, ErrOverlap
	}
	v := k.primary
	out := slices.Grow(dst, k.SealedLen(len(plain)))
	var err error
	if v.siv != nil {
		out, err = v.siv.seal(out, plain)
	} else {
		out, err = v.xaes.seal(out, plain, v.ad)
	}
	if err != nil {
		return dst, err
	}
	return append(out, v.footer[:]...), nil
}

// Open appends the value of a cell to dst and returns the result, as append does. It fails unless cell ends in a footer
// of this key, names a version of it that the keyring holds, and authenticates; see the errors of this package. dst's
// spare capacity must not overlap cell. On error dst comes back with its length unchanged, and nothing of the value in it.
func (k *Key) Open(dst, cell []byte) ([]byte, error) {
	if k == nil || k.primary == nil {
		return dst, ErrNoKey
	}
	v, err := k.versionOf(cell)
	if err != nil {
		return dst, err
	}
	if overlap(dst, cell) {
		return dst, ErrOverlap
	}
	body := cell[:len(cell)-FooterSize]
	switch k.mode {
	case ModeRandom:
		return v.xaes.open(dst, body, v.ad)
	case ModeEqual:
		return v.siv.open(dst, body)
	default:
		return v.openSearchable(dst, body, k.mode)
	}
}

// versionOf finds the key version that a cell names, if it is one of this key.
func (k *Key) versionOf(cell []byte) (*version, error) {
	f, ok := splitFooter(cell)
	if !ok {
		return nil, ErrNotSealed
	}
	if f.Version != Version || f.Mode.Overhead() == 0 {
		return nil, ErrVersion
	}
	if len(cell) < f.Mode.Overhead() {
		return nil, ErrNotSealed
	}
	if f.Column != k.id {
		return nil, ErrWrongColumn
	}
	if f.Mode != k.mode {
		return nil, ErrWrongMode
	}
	for _, v := range k.versions {
		if v.id == f.Key {
			return v, nil
		}
	}
	return nil, ErrUnknownKey
}

// overlap says whether dst's spare capacity and src share memory. The standard library's GCM panics in that case, and
// AES-SIV would seal what it has just overwritten.
func overlap(dst, src []byte) bool {
	spare := dst[len(dst):cap(dst)]
	if len(spare) == 0 || len(src) == 0 {
		return false
	}
	return uintptr(unsafe.Pointer(&spare[0])) <= uintptr(unsafe.Pointer(&src[len(src)-1])) &&
		uintptr(unsafe.Pointer(&src[0])) <= uintptr(unsafe.Pointer(&spare[len(spare)-1]))
}

// String gives the key's number and name.
func (k Key) String() string { return fmt.Sprintf("column key %d %q", k.id, k.name) }

// GoString gives the key's number and name.
func (k Key) GoString() string { return k.String() }

// Format gives the key's number and name for every verb.
func (k Key) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, k.String()) }

// MarshalText gives the key's number and name.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// LogValue gives the key's number and name.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }
