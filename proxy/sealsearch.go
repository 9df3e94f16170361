package proxy

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/pgveil/pgveil/crypto"
	"github.com/pgveil/pgveil/policy/sql"
	"github.com/pgveil/pgveil/proxy/value"
)

// sealPlain appends what the target's part is of the value in s.plain: a cell, or what cells are compared with.
func (s *sealer) sealPlain(dst []byte, key *crypto.Key, t *sql.Target) ([]byte, error) {
	if t.Part == sql.PartPattern {
		return s.sealPattern(dst, key, t)
	}
	switch mode := key.Mode(); {
	case t.Part == sql.PartCell && (mode == crypto.ModeRandom || mode == crypto.ModeEqual):
		return key.Seal(dst, s.plain)
	case mode == crypto.ModeIndexed:
		return s.sealIndexed(dst, key, t)
	case mode == crypto.ModeOrdered:
		return s.sealOrdered(dst, key, t)
	case mode == crypto.ModeMatched:
		return s.sealMatched(dst, key, t)
	}
	return dst, fmt.Errorf("a key of mode %s gives no such part", key.Mode())
}

// sealPattern makes the cell of the one text that a LIKE pattern matches.
func (s *sealer) sealPattern(dst []byte, key *crypto.Key, t *sql.Target) ([]byte, error) {
	if len(s.plain) == 0 || value.Tag(s.plain[0]) != value.TagText {
		return dst, refusalEqualOnly(t)
	}
	text, kind, err := value.LeadingText([]byte{byte(value.TagText)}, s.plain[1:])
	if err != nil {
		return dst, err
	}
	defer clear(text)
	if kind != value.PatternExact {
		return dst, refusalEqualOnly(t)
	}
	whole := *t
	whole.Part = sql.PartCell
	clear(s.plain)
	s.plain = append(s.plain[:0], text...)
	return s.sealPlain(dst, key, &whole)
}

// sealIndexed makes a whole cell or the index that it begins with.
func (s *sealer) sealIndexed(dst []byte, key *crypto.Key, t *sql.Target) ([]byte, error) {
	var err error
	if s.search, err = value.Normalize(s.search[:0], s.plain, t.Protection.Normalize); err != nil {
		return dst, err
	}
	defer clear(s.search)
	switch t.Part {
	case sql.PartCell:
		return key.SealIndexed(dst, s.plain, s.search)
	case sql.PartIndex, sql.PartIndexType:
		return key.Index(dst, s.search)
	case sql.PartIndexExact:
		if string(s.search) != string(s.plain[1:]) {
			return dst, nil // no bytes, which no index is
		}
		return key.Index(dst, s.search)
	case sql.PartIndexLike:
		if bytes.ContainsAny(s.plain[1:], `%_\`) {
			return dst, refusalWildcard(t)
		}
		return key.Index(dst, s.search)
	}
	return dst, fmt.Errorf("a key of mode %s gives no such part", key.Mode())
}

// sealMatched makes a whole cell, or the tokens of a pattern with blanks between them.
func (s *sealer) sealMatched(dst []byte, key *crypto.Key, t *sql.Target) ([]byte, error) {
	text := value.TextOf(s.plain)
	switch t.Part {
	case sql.PartCell:
		return key.SealMatched(dst, s.plain, value.Grams(text))
	case sql.PartTokens:
		pattern, err := value.ParsePattern(t.Before+string(text)+t.After, value.FoldNone)
		if err != nil {
			return dst, err
		}
		tokens, err := key.Tokens(pattern.Grams())
		if err != nil {
			return dst, err
		}
		if len(tokens) == 0 {
			r := *refusalGrams
			r.Message = fmt.Sprintf("LIKE on %s.%s needs a pattern with three characters in a row", t.Table, t.Column)
			return dst, &r
		}
		return append(dst, strings.Join(tokens, " ")...), nil
	}
	return dst, fmt.Errorf("a key of mode %s gives no such part", key.Mode())
}

// sealOrdered makes a whole cell or a bound of cells.
func (s *sealer) sealOrdered(dst []byte, key *crypto.Key, t *sql.Target) ([]byte, error) {
	switch t.Part {
	case sql.PartCell:
		return s.orderedCell(dst, key, t, s.plain)
	case sql.PartFrom, sql.PartTo, sql.PartPrefixFrom, sql.PartPrefixTo:
	default:
		return dst, fmt.Errorf("a key of mode %s gives no such part", key.Mode())
	}
	if len(s.plain) == 0 || value.Tag(s.plain[0]) != value.TagText {
		// The blanks behind a character(n) count in a pattern, and aren't stored.
		return dst, refusalPattern(t)
	}
	prefix, kind := s.plain[1:], value.PatternPrefix
	if t.Part == sql.PartFrom || t.Part == sql.PartTo {
		var err error
		if s.search, kind, err = value.LeadingText(append(s.search[:0], byte(value.TagText)), prefix); err != nil {
			return dst, err
		}
		defer clear(s.search)
		prefix = s.search[1:]
	}
	to := t.Part == sql.PartTo || t.Part == sql.PartPrefixTo
	switch {
	case kind == value.PatternPrefix && to:
		return key.DigitsAfter(dst, prefix)
	case kind == value.PatternPrefix:
		return key.Digits(dst, prefix)
	case kind == value.PatternExact:
		dst, err := s.orderedCell(dst, key, t, s.search)
		if err == nil && to {
			dst = append(dst, 0) // the least that sorts above the cell
		}
		return dst, err
	}
	return dst, refusalPattern(t)
}

// orderedCell makes the cell of a canonical value.
func (s *sealer) orderedCell(dst []byte, key *crypto.Key, t *sql.Target, plain []byte) ([]byte, error) {
	var err error
	if s.order, err = value.Order(s.order[:0], valueType(t.Protection.Type), plain); err != nil {
		return dst, err
	}
	dst, err = key.SealOrdered(dst, plain, s.order)
	clear(s.order)
	return dst, err
}

// refusalPattern is for a pattern whose matches are no range of texts.
func refusalPattern(t *sql.Target) *sql.Refusal {
	r := *refusalLike
	r.Message = fmt.Sprintf("LIKE on %s.%s can only have a pattern that is text, or text with %% behind it", t.Table, t.Column)
	return &r
}

// refusalEqualOnly is for a LIKE pattern on a column that knows equality only.
func refusalEqualOnly(t *sql.Target) *sql.Refusal {
	r := *refusalLike
	r.Message = fmt.Sprintf("LIKE on %s.%s can only have a pattern without wildcards", t.Table, t.Column)
	r.Hint = "The column can be asked for equality only. For prefixes set search: range, for other patterns search: match."
	return &r
}

// refusalWildcard is for an ILIKE pattern that is more than a text.
func refusalWildcard(t *sql.Target) *sql.Refusal {
	r := *refusalLike
	r.Message = fmt.Sprintf("ILIKE on %s.%s can only have a pattern without wildcards and backslashes", t.Table, t.Column)
	r.Hint = "The column can be asked for equality of normalised values only. Search for the whole text, or in the application."
	return &r
}
