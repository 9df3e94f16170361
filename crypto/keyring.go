package crypto

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
)

// Keyring is the set of column keys of one installation. It never changes: a reload makes a new one. The zero value
// holds no key. Printing it gives the number of its keys.
type Keyring struct {
	byName map[string]*Key
}

// newKeyring refuses two keys of one name or one number.
func newKeyring(keys []*Key) (*Keyring, error) {
	r := &Keyring{byName: make(map[string]*Key)}
	numbers := make(map[ColumnID]bool)
	for _, k := range keys {
		if _, ok := r.byName[k.name]; ok {
			return nil, fmt.Errorf("%w: two keys named %q", ErrDuplicate, k.name)
		}
		if numbers[k.id] {
			return nil, fmt.Errorf("%w: two keys numbered %d", ErrDuplicate, k.id)
		}
		r.byName[k.name], numbers[k.id] = k, true
	}
	return r, nil
}

// Key finds a key by its name in the key store.
func (r *Keyring) Key(name string) (*Key, bool) {
	if r == nil {
		return nil, false
	}
	k, ok := r.byName[name]
	return k, ok
}

// Names gives the names of all keys, sorted.
func (r *Keyring) Names() []string {
	if r == nil {
		return nil
	}
	names := make([]string, 0, len(r.byName))
	for name := range r.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// String says how many keys there are.
func (r Keyring) String() string { return fmt.Sprintf("keyring of %d column keys", len(r.byName)) }

// GoString says how many keys there are.
func (r Keyring) GoString() string { return r.String() }

// Format says how many keys there are, for every verb.
func (r Keyring) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, r.String()) }

// MarshalText says how many keys there are.
func (r Keyring) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// LogValue says how many keys there are.
func (r Keyring) LogValue() slog.Value { return slog.StringValue(r.String()) }
