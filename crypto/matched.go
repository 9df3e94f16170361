package crypto

import (
	"bytes"
	"slices"
)

// A cell of ModeMatched begins with its tokens: three hex digits each, ascending, each once, with a blank between them and a bar
// behind the last. They are ASCII so that PostgreSQL's own functions can make an array of them.
const (
	// TokenSize is the length in bytes of a token.
	TokenSize = 3
	tokenGap  = ' '
	tokenEnd  = '|'
)

// Tokens gives the keyed tokens of grams, ascending, each once: twelve bits each, so that many grams share one on purpose. For a key of
// ModeMatched.
func (k *Key) Tokens(grams []string) ([]string, error) {
	if err := k.searchable(ModeMatched, nil, nil); err != nil {
		return nil, err
	}
	out := make([]string, 0, len(grams))
	for _, g := range grams {
		token := k.primary.token(g)
		out = append(out, string(token[:]))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// SealMatched appends the cell of plain as [Key.Seal] does, for a key of ModeMatched: the cell begins with the tokens of grams, see
// [Key.Tokens]. dst's spare capacity must not overlap plain.
func (k *Key) SealMatched(dst, plain []byte, grams []string) ([]byte, error) {
	if err := k.searchable(ModeMatched, dst, plain); err != nil {
		return dst, err
	}
	if len(plain) > MaxPlain-(TokenSize+1)*len(grams) {
		return dst, ErrTooLarge
	}
	tokens, err := k.Tokens(grams)
	if err != nil {
		return dst, err
	}
	v, at := k.primary, len(dst)
	out := slices.Grow(dst, k.SealedLen(len(plain))+(TokenSize+1)*len(tokens))
	for i, t := range tokens {
		if i > 0 {
			out = append(out, tokenGap)
		}
		out = append(out, t...)
	}
	out = append(out, tokenEnd)
	out, err = v.siv.sealUnder(out, plain, v.matchedAD(out[at:]))
	if err != nil {
		return dst, err
	}
	return append(out, v.footer[:]...), nil
}

// token is the first twelve bits of the gram's AES-CMAC, in hex.
func (v *version) token(gram string) (t [TokenSize]byte) {
	const digits = "0123456789abcdef"
	sc := v.index.scratch.Get().(*sivScratch)
	defer v.index.release(sc)
	v.index.cmac(sc, []byte(gram), block{})
	return [TokenSize]byte{digits[sc.sum[0]>>4], digits[sc.sum[0]&15], digits[sc.sum[1]>>4]}
}

// matchedAD is S2V's accumulator for a cell that begins with tokens.
func (v *version) matchedAD(tokens []byte) block {
	return v.siv.accumulate(slices.Concat(v.ad, tokens))
}

// splitMatched takes a ModeMatched body apart. The bar belongs to the tokens.
func splitMatched(body []byte) (tokens, sealed []byte, ok bool) {
	n := bytes.IndexByte(body, tokenEnd) + 1
	if n == 0 || len(body)-n < sivSize || n > 1 && n%(TokenSize+1) != 0 {
		return nil, nil, false
	}
	return body[:n], body[n:], true
}
