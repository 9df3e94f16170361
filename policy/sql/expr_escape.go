package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// escapedPattern is the pattern of LIKE pattern ESCAPE '\', which is what LIKE has by itself; ok is false for any other.
func escapedPattern(n *pg_query.Node) (pattern *pg_query.Node, ok bool) {
	f := n.GetFuncCall()
	names, args := nameList(f.GetFuncname()), f.GetArgs()
	if len(names) != 2 || names[0] != "pg_catalog" || names[1] != "like_escape" || len(args) != 2 ||
		args[1].GetAConst().GetSval() == nil || args[1].GetAConst().GetSval().GetSval() != `\` {
		return nil, false
	}
	return args[0], true
}

// unescape takes ESCAPE '\' out of the text behind the pattern.
func (p *pattern) unescape(r *resolver) bool {
	word, ok := nextToken(r.text, p.whole.End)
	if !ok || !isWord(r.text, word, "escape") {
		return false
	}
	constant, ok := nextToken(r.text, word.End)
	end := literalEnd(r.text, constant.Start)
	if !ok || end <= constant.Start {
		return false
	}
	r.splice(Span{word.Start, end}, " ")
	return true
}

// equalText reports columns of text that can be asked for equality and not for order or parts: their LIKE is that of a pattern without
// wildcards.
func equalText(p *Protection) bool {
	return p.Search == SearchEquality && family(p.Type.OID) == OIDText
}

// likeForm reports what a constant LIKE pattern asks: exact, for one text only, or prefix, for what begins with a text. Neither, when a
// wildcard stands before the end or an escape has nothing behind it.
func likeForm(pattern string) (exact, prefix bool) {
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			if i++; i == len(pattern) {
				return false, false
			}
		case '_':
			return false, false
		case '%':
			return false, strings.Trim(pattern[i:], "%") == ""
		}
	}
	return true, false
}
