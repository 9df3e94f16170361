package policy

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/pgveil/pgveil/policy/sql"
)

// A sealed literal as it stands in a rewritten text, between optional spaces. It means the same whatever standard_conforming_strings is, and so
// does all that is spliced.
const (
	sealedOpen  = "E'"
	sealedClose = "'::pg_catalog.bytea"
	sealedArray = "[]"
)

// Seal appends the SQL that replaces a literal: E'\\x…'::pg_catalog.bytea, or E'{…}'::pg_catalog.bytea[] when
// l.Array, without l.Before and l.After. Between its two quotes stands no other. Its error must not carry the value.
type Seal func(dst []byte, l sql.Literal) ([]byte, error)

// piece is one replaced span of the client's text.
type piece struct {
	at      sql.Span
	text    string
	literal *sql.Literal // nil: text replaces the span
}

// pieces yields what is replaced in the order of the text; at one place an insertion comes first.
func (p *Plan) pieces() iter.Seq[piece] {
	return func(yield func(piece) bool) {
		i, k := 0, 0
		for i < len(p.Literals) || k < len(p.Edits) {
			var next piece
			if k == len(p.Edits) || i < len(p.Literals) && before(p.Literals[i].At, p.Edits[k].At) {
				next = piece{at: p.Literals[i].At, literal: &p.Literals[i]}
				i++
			} else {
				next = piece{at: p.Edits[k].At, text: p.Edits[k].Text}
				k++
			}
			if !yield(next) {
				return
			}
		}
	}
}

func before(a, b sql.Span) bool { return a.Start < b.Start || a.Start == b.Start && a.End < b.End }

// Rewrite appends to dst the text that is sent upstream for the client's text: every literal replaced by what seal makes of it
// and every edit made. A plan without literals and edits gives the client's text. It is an error to rewrite for a plan that
// is not Allowed.
func (p *Plan) Rewrite(dst []byte, text string, seal func(dst []byte, l sql.Literal) ([]byte, error)) ([]byte, error) {
	if p == nil || !p.Allowed {
		return nil, errors.New("rewrite of a statement that is not allowed")
	}
	end := 0
	for piece := range p.pieces() {
		if piece.at.Start < end || piece.at.End < piece.at.Start || piece.at.End > len(text) {
			return nil, fmt.Errorf("the plan does not fit the text at byte %d", piece.at.Start)
		}
		dst = append(dst, text[end:piece.at.Start]...)
		end = piece.at.End
		if piece.literal == nil {
			dst = append(dst, piece.text...)
			continue
		}
		if spaceBefore(text, piece.at) {
			dst = append(dst, ' ')
		}
		dst = append(dst, piece.literal.Before...)
		start := len(dst)
		var err error
		if dst, err = seal(dst, *piece.literal); err != nil {
			return nil, err
		}
		if len(dst) <= start || sealedLen(dst[start:]) != len(dst)-start {
			return nil, errors.New("a sealed literal has not the form that can be spliced")
		}
		dst = append(dst, piece.literal.After...)
		if spaceAfter(text, piece.at) {
			dst = append(dst, ' ')
		}
	}
	return append(dst, text[end:]...), nil
}

// sealedLen is the length of the sealed literal at the start of b, 0 when there is none.
func sealedLen[T string | []byte](b T) int {
	if !hasPrefix(b, sealedOpen) {
		return 0
	}
	n := len(sealedOpen)
	for n < len(b) && b[n] != sealedClose[0] {
		n++
	}
	if !hasPrefix(b[n:], sealedClose) {
		return 0
	}
	n += len(sealedClose)
	if hasPrefix(b[n:], sealedArray) {
		n += len(sealedArray)
	}
	return n
}

func hasPrefix[T string | []byte](b T, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}

// spaceBefore and spaceAfter say whether the client's neighbouring byte would otherwise run into the replacement, as in
// "where id=1and …", which PostgreSQL before 15 reads as two tokens.
func spaceBefore(text string, at sql.Span) bool {
	return at.Start > 0 && (wordByte(text[at.Start-1]) || text[at.Start-1] == '\'' || text[at.Start-1] == '"')
}

func spaceAfter(text string, at sql.Span) bool {
	return at.End < len(text) && (wordByte(text[at.End]) || text[at.End] == '[' || text[at.End] == '\'')
}

func wordByte(b byte) bool {
	return b >= utf8.RuneSelf || b == '_' || b == '$' || '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
}

// MapPosition turns a position that the server reported in a rewritten text (field P of ErrorResponse: characters, from 1)
// into one in the client's text. A position within a replacement becomes the replaced span's start. It returns 0, which
// means no position, when pos is none or rewritten is not what Rewrite made of text.
func (p *Plan) MapPosition(text, rewritten string, pos int) int {
	if pos < 1 {
		return 0
	}
	left := pos - 1 // characters of rewritten still to pass
	done := 0       // characters of text passed
	end, out := 0, 0
	for piece := range p.pieces() {
		if piece.at.Start < end || piece.at.End > len(text) {
			return 0
		}
		chunk := text[end:piece.at.Start]
		n := utf8.RuneCountInString(chunk)
		if left < n {
			return done + left + 1
		}
		left, done, out, end = left-n, done+n, out+len(chunk), piece.at.End
		size := replacedLen(text, rewritten, out, piece)
		if size < 0 {
			return 0
		}
		n = utf8.RuneCountInString(rewritten[out : out+size])
		if left < n {
			return done + 1
		}
		left, out = left-n, out+size
		done += utf8.RuneCountInString(text[piece.at.Start:piece.at.End])
	}
	return done + min(left, utf8.RuneCountInString(text[end:])) + 1
}

// replacedLen is the length in bytes of what stands for piece at offset out of rewritten, -1 if something else stands there.
func replacedLen(text, rewritten string, out int, piece piece) int {
	if out > len(rewritten) {
		return -1
	}
	if piece.literal == nil {
		if !strings.HasPrefix(rewritten[out:], piece.text) {
			return -1
		}
		return len(piece.text)
	}
	n := 0
	if spaceBefore(text, piece.at) {
		n++
	}
	if out+n > len(rewritten) || !strings.HasPrefix(rewritten[out+n:], piece.literal.Before) {
		return -1
	}
	n += len(piece.literal.Before)
	sealed := sealedLen(rewritten[out+n:])
	if sealed == 0 || !strings.HasPrefix(rewritten[out+n+sealed:], piece.literal.After) {
		return -1
	}
	n += sealed + len(piece.literal.After)
	if spaceAfter(text, piece.at) {
		n++
	}
	if out+n > len(rewritten) {
		return -1
	}
	return n
}

// lineColumn turns a byte offset into a line and a column in characters, both from 1.
func lineColumn(text string, at int) (line, column int) {
	head := text[:max(0, min(at, len(text)))]
	line = 1 + strings.Count(head, "\n")
	return line, 1 + utf8.RuneCountInString(head[strings.LastIndexByte(head, '\n')+1:])
}
