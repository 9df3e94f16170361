package crypto

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Report explains a stored value by its footer, without any key. Nothing in it is secret that the stored bytes don't show.
type Report struct {
	// Sealed says that the bytes are a cell by form; only opening proves that they are authentic.
	Sealed bool `json:"sealed"`
	// Problem says why they are no cell, or none that this program opens.
	Problem string `json:"problem,omitempty"`
	// Length is that of the stored bytes.
	Length int `json:"length"`
	// The fields below are set when the bytes end in a footer.
	Version uint8    `json:"version,omitempty"`
	Mode    string   `json:"mode,omitempty"`
	Search  string   `json:"search,omitempty"` // the configuration's word for the mode
	Column  ColumnID `json:"column_id,omitempty"`
	Key     uint32   `json:"key_id,omitempty"`
	Footer  string   `json:"footer,omitempty"` // hex
	// The fields below are set when Sealed.
	Nonce   string `json:"nonce,omitempty"`  // hex: salt ‖ IV, or the synthetic IV
	Index   string `json:"index,omitempty"`  // hex: the keyed index of the normalised value
	Digits  int    `json:"digits,omitempty"` // length in bytes of the digits that the cell begins with
	Tokens  string `json:"tokens,omitempty"` // the keyed tokens of its grams
	Plain   int    `json:"plain_length,omitempty"`
	Reveals string `json:"reveals,omitempty"`
}

// Inspect explains stored bytes. It also takes PostgreSQL's hex text form, \x….
func Inspect(cell []byte) Report {
	if text, ok := strings.CutPrefix(strings.TrimSpace(string(cell)), `\x`); ok {
		raw, err := hex.DecodeString(text)
		if err != nil {
			return Report{Length: len(cell), Problem: `begins with \x, but isn't hex`}
		}
		cell = raw
	}
	r := Report{Length: len(cell)}
	f, ok := splitFooter(cell)
	if !ok {
		r.Problem = "no footer: the bytes don't end in c57e91"
		return r
	}
	r.Version, r.Mode, r.Column, r.Key = f.Version, f.Mode.String(), f.Column, f.Key
	r.Footer = hex.EncodeToString(cell[len(cell)-FooterSize:])
	switch _, sealed := ParseFooter(cell); {
	case f.Version != Version:
		r.Problem = fmt.Sprintf("version %d: this program knows version %d", f.Version, Version)
	case f.Mode.Overhead() == 0:
		r.Problem = "a mode that this program doesn't know"
	case f.Column == 0:
		r.Problem = "column 0 is no column"
	case !sealed:
		r.Problem = fmt.Sprintf("too short: mode %s needs at least %d bytes", f.Mode, f.Mode.Overhead())
	default:
		r.describe(f.Mode, cell)
	}
	return r
}

func (r *Report) describe(mode Mode, cell []byte) {
	r.Sealed = true
	r.Plain = len(cell) - mode.Overhead()
	switch mode {
	case ModeRandom:
		r.Search = "none"
		r.Nonce = hex.EncodeToString(cell[:saltSize+ivSize])
		r.Reveals = "its length"
	case ModeEqual:
		r.Search = "equality"
		r.Nonce = hex.EncodeToString(cell[:sivSize])
		r.Reveals = "its length, and which values under this column key are equal"
	case ModeIndexed:
		r.Search = "equality with normalize"
		r.Index = hex.EncodeToString(cell[:IndexSize])
		r.Nonce = hex.EncodeToString(cell[IndexSize:][:sivSize])
		r.Reveals = "its length, and which values under this column key are equal, exactly and when normalised"
	case ModeMatched:
		tokens, sealed, ok := splitMatched(cell[:len(cell)-FooterSize])
		if !ok {
			r.Sealed, r.Plain, r.Problem = false, 0, "its tokens are not as they should be"
			return
		}
		r.Search = "match"
		r.Tokens = string(tokens[:len(tokens)-1])
		r.Plain = len(sealed) - sivSize
		r.Nonce = hex.EncodeToString(sealed[:sivSize])
		r.Reveals = "its length, which values under this column key are equal, and roughly which runs of three characters they share"
	case ModeOrdered:
		digits, sealed, ok := splitOrdered(cell[:len(cell)-FooterSize])
		if !ok {
			r.Sealed, r.Plain, r.Problem = false, 0, "it names more digits than it has"
			return
		}
		r.Search = "range"
		r.Digits = len(digits)
		r.Plain -= len(digits)
		r.Nonce = hex.EncodeToString(sealed[:sivSize])
		r.Reveals = "the order, equality, shared beginnings and gaps of values under this column key: of dense values all"
	}
}

// String explains in lines of text.
func (r Report) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s "+format+"\n", append([]any{name}, args...)...)
	}
	if r.Sealed {
		line("sealed", "yes, by form; only opening proves it")
	} else {
		line("sealed", "no: %s", r.Problem)
	}
	line("length", "%d bytes", r.Length)
	if r.Footer == "" {
		return b.String()
	}
	line("version", "%d", r.Version)
	line("mode", "%s", r.Mode)
	line("column", "key number %d", r.Column)
	line("key", "id %d (0x%08x)", r.Key, r.Key)
	line("footer", "%s", r.Footer)
	if r.Sealed {
		line("search", "%s", r.Search)
		if r.Index != "" {
			line("index", "%s", r.Index)
		}
		if r.Digits > 0 {
			line("digits", "%d bytes", r.Digits)
		}
		if r.Tokens != "" {
			line("tokens", "%s", r.Tokens)
		}
		line("nonce", "%s", r.Nonce)
		line("value", "%d bytes, of which one is the type tag", r.Plain)
		line("reveals", "%s", r.Reveals)
	}
	return b.String()
}
