package crypto

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Version is the version of the cell format that this package writes, and the only one it reads.
const Version = 1

// FooterSize is the length in bytes of a cell's footer.
const FooterSize = 12

// MaxPlain is the longest value that can be sealed, in bytes: PostgreSQL holds no field beyond 1 GiB.
const MaxPlain = 1<<30 - 64

const (
	realmSize = 16
	// adPrefix begins the associated data of every cell.
	adPrefix = "pgveil1"
)

// magic ends every cell. C5 7E is no valid UTF-8, so no text ends this way.
var magic = [3]byte{0xC5, 0x7E, 0x91}

// ColumnID is the number of a column key in the key registry. It survives renames. Columns that are compared with each
// other share one key, and so one number. Zero is no column.
type ColumnID uint32

// Mode says how a column key seals: what can still be searched for, and so what the stored bytes give away.
type Mode uint8

const (
	// ModeRandom is XAES-256-GCM with a random nonce: equal values give different cells. Gives away only the length.
	ModeRandom Mode = 1
	// ModeEqual is AES-SIV: equal values give equal cells. Gives away the length and which values are equal.
	ModeEqual Mode = 2
	// ModeIndexed is AES-SIV behind a keyed index of a normalised form of the value: cells are equal exactly when values are, and
	// begin alike exactly when their normalised forms are equal. Gives away the length, and both equalities.
	ModeIndexed Mode = 3
	// ModeOrdered is AES-SIV behind digits that sort as the values do. Gives away the order, equality, how much of their beginning
	// values share, and the gaps between them: for dense data take the values themselves for known.
	ModeOrdered Mode = 4
	// ModeMatched is AES-SIV behind keyed tokens of the value's grams, runs of three characters. Gives away the length, equality, and
	// roughly which grams values have in common.
	ModeMatched Mode = 6
)

// modes lists what there is. It is never modified.
var modes = [...]Mode{ModeRandom, ModeEqual, ModeIndexed, ModeOrdered, ModeMatched}

// ParseMode reads the name that [Mode.String] gives.
func ParseMode(name string) (Mode, error) {
	for _, m := range modes {
		if m.String() == name {
			return m, nil
		}
	}
	return 0, fmt.Errorf("crypto: unknown mode %q: want random, equal, indexed, ordered or matched", name)
}

// String gives the mode's name as the key store and [Report] write it.
func (m Mode) String() string {
	switch m {
	case ModeRandom:
		return "random"
	case ModeEqual:
		return "equal"
	case ModeIndexed:
		return "indexed"
	case ModeOrdered:
		return "ordered"
	case ModeMatched:
		return "matched"
	default:
		return fmt.Sprintf("unknown mode %d", uint8(m))
	}
}

// Overhead is how many bytes longer a cell is than what it seals, in ModeOrdered without its digits, in ModeMatched without its tokens; 0 for an unknown mode.
func (m Mode) Overhead() int {
	switch m {
	case ModeRandom:
		return saltSize + ivSize + tagSize + FooterSize
	case ModeEqual:
		return sivSize + FooterSize
	case ModeIndexed:
		return IndexSize + sivSize + FooterSize
	case ModeOrdered:
		return sivSize + orderCountSize + FooterSize
	case ModeMatched:
		return sivSize + 1 + FooterSize
	default:
		return 0
	}
}

// Footer is what a cell says of itself. It is authenticated by opening, not by [ParseFooter].
type Footer struct {
	Version uint8
	Mode    Mode
	Column  ColumnID
	Key     uint32 // Tink's key id, which tells versions of one column key apart
}

// ParseFooter recognises a cell by its last bytes, without any key: the magic, a known version and mode, a column number,
// and the length that the mode needs. A caller that knows the column and key too takes random bytes for a cell with a
// chance below 2⁻⁸⁰; opening decides for certain.
func ParseFooter(cell []byte) (Footer, bool) { return FooterOf(cell, len(cell)) }

// FooterOf is ParseFooter for a cell of so many bytes, of which only the last are at hand, [FooterSize] or more.
func FooterOf(tail []byte, length int) (Footer, bool) {
	f, ok := splitFooter(tail)
	if !ok || f.Version != Version || f.Mode.Overhead() == 0 || f.Column == 0 || length < f.Mode.Overhead() {
		return Footer{}, false
	}
	return f, true
}

// splitFooter decodes the last bytes when they end in the magic, whatever version and mode they name.
func splitFooter(cell []byte) (Footer, bool) {
	if len(cell) < FooterSize {
		return Footer{}, false
	}
	b := cell[len(cell)-FooterSize:]
	if [3]byte(b[9:]) != magic {
		return Footer{}, false
	}
	return Footer{
		Version: b[8] >> 4,
		Mode:    Mode(b[8] & 0x0F),
		Column:  ColumnID(binary.BigEndian.Uint32(b[4:])),
		Key:     binary.BigEndian.Uint32(b),
	}, true
}

// bytes gives the footer as it is stored.
func (f Footer) bytes() [FooterSize]byte {
	var b [FooterSize]byte
	binary.BigEndian.PutUint32(b[:], f.Key)
	binary.BigEndian.PutUint32(b[4:], uint32(f.Column))
	b[8] = f.Version<<4 | uint8(f.Mode)&0x0F
	copy(b[9:], magic[:])
	return b
}

// associatedData is what a cell authenticates beside its value. The row context is empty in every mode of version 1, so
// the data is the same for all cells of a key version; an index or digits that a cell begins with follow it.
func associatedData(realm [realmSize]byte, footer [FooterSize]byte) []byte {
	const rowContextLen = 0
	return binary.BigEndian.AppendUint16(slices.Concat([]byte(adPrefix), realm[:], footer[:]), rowContextLen)
}
