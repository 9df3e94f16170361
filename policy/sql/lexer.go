package sql

// Kind is the lexical kind of a Token.
type Kind uint8

// The kinds of tokens, as PostgreSQL's scanner tells them apart.
const (
	KindNone      Kind = iota
	KindWord           // unquoted identifier or key word
	KindQuoted         // "…"
	KindUQuoted        // U&"…"
	KindString         // '…', continuation included
	KindEString        // E'…'
	KindUString        // U&'…'
	KindNString        // N'…'
	KindBitString      // B'…'
	KindHexString      // X'…'
	KindDollar         // $$…$$
	KindInteger        // 1, 0x1f, 1_000
	KindFloat          // 1.5, 1e3, .5
	KindParam          // $1
	KindOperator       // + <> @> and :: := => ..
	KindPunct          // ( ) [ ] , ; . :
)

// Token is one lexical element: text[Start:End].
type Token struct {
	Kind       Kind
	Start, End int
}

func nextToken(text string, at int) (Token, bool) { panic("not yet") }
func literalEnd(text string, at int) int          { panic("not yet") }
func paramEnd(text string, at int) int            { panic("not yet") }
func typeNameEnd(text string, at int) int         { panic("not yet") }
