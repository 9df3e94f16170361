package crypto

import (
	"encoding/binary"
	"slices"
)

const (
	// IndexSize is the length in bytes of the index that a cell of ModeIndexed begins with.
	IndexSize = 16
	// orderCountSize is the length of the number behind the body of a ModeOrdered cell: of bytes that its digits are made from.
	orderCountSize = 4
)

// DigitsLen is the length in bytes of the digits of n bytes.
func DigitsLen(n int) int { return n * digitBytes }

// SealOrdered appends the cell of plain as [Key.Seal] does, for a key of ModeOrdered. Cells sort as bytes as order does,
// provided that order is no beginning of another value's order, and that plain and order are equal for equal values only.
// dst's spare capacity must overlap neither.
func (k *Key) SealOrdered(dst, plain, order []byte) ([]byte, error) {
	if err := k.searchable(ModeOrdered, dst, order); err != nil {
		return dst, err
	}
	if len(plain) > MaxPlain || len(order) > MaxPlain/digitBytes || len(plain)+DigitsLen(len(order)) > MaxPlain {
		return dst, ErrTooLarge
	}
	if overlap(dst, plain) {
		return dst, ErrOverlap
	}
	v, at := k.primary, len(dst)
	out := slices.Grow(dst, k.SealedLen(len(plain))+DigitsLen(len(order)))
	out = v.digits.append(out, order)
	out, err := v.siv.sealUnder(out, plain, v.orderedAD(out[at:]))
	if err != nil {
		return dst, err
	}
	out = binary.BigEndian.AppendUint32(out, uint32(len(order)))
	return append(out, v.footer[:]...), nil
}

// SealIndexed appends the cell of plain as [Key.Seal] does, for a key of ModeIndexed: the cell begins with the index of
// normal, see [Key.Index]. dst's spare capacity must overlap neither plain nor normal.
func (k *Key) SealIndexed(dst, plain, normal []byte) ([]byte, error) {
	if err := k.searchable(ModeIndexed, dst, normal); err != nil {
		return dst, err
	}
	if len(plain) > MaxPlain {
		return dst, ErrTooLarge
	}
	if overlap(dst, plain) {
		return dst, ErrOverlap
	}
	v, at := k.primary, len(dst)
	out := v.appendIndex(slices.Grow(dst, k.SealedLen(len(plain))), normal)
	out, err := v.siv.sealUnder(out, plain, v.indexedAD(out[at:]))
	if err != nil {
		return dst, err
	}
	return append(out, v.footer[:]...), nil
}

// Digits appends the digits of order: what the cells of all values begin with whose order begins so, and a lower bound of
// those and of all that sort above. For a key of ModeOrdered.
func (k *Key) Digits(dst, order []byte) ([]byte, error) {
	if err := k.searchable(ModeOrdered, dst, order); err != nil {
		return dst, err
	}
	if len(order) > MaxPlain/digitBytes {
		return dst, ErrTooLarge
	}
	return k.primary.digits.append(slices.Grow(dst, DigitsLen(len(order))), order), nil
}

// DigitsAfter appends the least bytes above all cells whose order begins with order, and not above any cell that sorts above
// those; of an empty order, bytes above every cell.
func (k *Key) DigitsAfter(dst, order []byte) ([]byte, error) {
	at := len(dst)
	out, err := k.Digits(dst, order)
	if err != nil {
		return dst, err
	}
	if len(out) == at {
		return append(out, 0xFF, 0xFF), nil
	}
	// The last digit is below ffff.
	end := out[len(out)-2:]
	binary.BigEndian.PutUint16(end, binary.BigEndian.Uint16(end)+1)
	return out, nil
}

// Index appends the keyed index of a normalised value, [IndexSize] bytes: AES-CMAC under a key of its own. For a key of
// ModeIndexed.
func (k *Key) Index(dst, normal []byte) ([]byte, error) {
	if err := k.searchable(ModeIndexed, dst, normal); err != nil {
		return dst, err
	}
	return k.primary.appendIndex(dst, normal), nil
}

func (k *Key) searchable(mode Mode, dst, in []byte) error {
	switch {
	case k == nil || k.primary == nil:
		return ErrNoKey
	case k.mode != mode:
		return ErrWrongMode
	case overlap(dst, in):
		return ErrOverlap
	}
	return nil
}

func (v *version) appendIndex(dst, normal []byte) []byte {
	sc := v.index.scratch.Get().(*sivScratch)
	v.index.cmac(sc, normal, block{})
	dst = append(dst, sc.sum[:IndexSize]...)
	v.index.release(sc)
	return dst
}

// indexedAD is S2V's accumulator for a cell that begins with index.
func (v *version) indexedAD(index []byte) block {
	var ad [64]byte
	return v.siv.accumulate(append(append(ad[:0], v.ad...), index...))
}

// orderedAD is S2V's accumulator for a cell that begins with digits.
func (v *version) orderedAD(digits []byte) block {
	sc := v.digits.scratch.Get().(*digitScratch)
	defer v.digits.release(sc)
	sc.ad = append(append(sc.ad[:0], v.ad...), digits...)
	return v.siv.accumulate(sc.ad)
}

// openSearchable opens a body of ModeIndexed, ModeOrdered or ModeMatched.
func (v *version) openSearchable(dst, body []byte, mode Mode) ([]byte, error) {
	switch mode {
	case ModeIndexed:
		return v.siv.openUnder(dst, body[IndexSize:], v.indexedAD(body[:IndexSize]))
	case ModeMatched:
		tokens, sealed, ok := splitMatched(body)
		if !ok {
			return dst, ErrAuth
		}
		return v.siv.openUnder(dst, sealed, v.matchedAD(tokens))
	}
	digits, sealed, ok := splitOrdered(body)
	if !ok {
		return dst, ErrAuth
	}
	return v.siv.openUnder(dst, sealed, v.orderedAD(digits))
}

// splitOrdered takes a ModeOrdered body apart, which has been found long enough for no digits.
func splitOrdered(body []byte) (digits, sealed []byte, ok bool) {
	body, count := body[:len(body)-orderCountSize], body[len(body)-orderCountSize:]
	n := digitBytes * uint64(binary.BigEndian.Uint32(count))
	if n > uint64(len(body)-sivSize) {
		return nil, nil, false
	}
	return body[:n], body[n:], true
}
