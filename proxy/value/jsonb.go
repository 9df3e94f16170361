package value

import (
	"unicode/utf8"
)

const (
	// jsonbVersion is the first byte of jsonb's binary form: jsonb_recv, src/backend/utils/adt/jsonb.c.
	jsonbVersion = 1
	// maxJSONDepth is well below where PostgreSQL's default max_stack_depth refuses.
	maxJSONDepth = 1000
	// maxJSONValues bounds the memory that parsing takes.
	maxJSONValues = 1 << 22
	// jsonSlack bounds, with a multiple of the input, how much normalising may grow a value: 1e131071 is eight bytes.
	jsonSlack = 1 << 20
)

// jsonb normalises JSON text to what jsonb_out prints: members ordered by key length, then bytes; of equal keys the last one
// kept; one blank after colon and comma; numbers as numeric prints them. Without KeepScale numbers lose their display
// scale, because jsonb's equality ignores it.
func (in *input) jsonb(dst []byte) ([]byte, error) {
	raw := in.raw
	if in.binary {
		if in.declared == OIDJSONB {
			if len(raw) == 0 {
				return dst, errShort()
			}
			if raw[0] != jsonbVersion {
				return dst, fail(stateInternal, "unsupported jsonb version number")
			}
			raw = raw[1:]
		}
		if err := checkText(raw); err != nil {
			return dst, err
		}
	}
	p := jsonParser{b: raw}
	if err := p.document(); err != nil {
		return dst, err
	}
	w := jsonWriter{p: &p, keep: in.o.KeepScale, limit: len(dst) + 2*len(raw) + jsonSlack}
	return w.value(append(dst, byte(TagJSONB)), 0)
}

// jsonKind is what a node is.
type jsonKind uint8

const (
	jsonLiteral jsonKind = iota // true, false, null
	jsonNumber
	jsonString
	jsonArray
	jsonObject
)

// jsonNode is one value. Nodes are small and linked by index: a message of 64 MB may hold millions.
type jsonNode struct {
	text  span  // literal and number: the input; string: decoded
	key   span  // decoded, of an object's member
	first int32 // first child, 0: none (node 0 is never a child)
	next  int32 // next sibling
	count int32 // of children
	kind  jsonKind
}

// span is a piece of the input or, if at is negative, of the arena, from ^at on.
type span struct{ at, n int32 }

// jsonParser follows PostgreSQL's JSON grammar (src/common/jsonapi.c): RFC 8259, with \u0000 refused.
type jsonParser struct {
	b     []byte
	at    int
	arena []byte // decoded strings that have escapes
	nodes []jsonNode
	// exact: only the syntax is looked at, as for json: \u0000 and half a surrogate pair may stand.
	exact bool
}

func (p *jsonParser) bytes(s span) []byte {
	if s.at < 0 {
		return p.arena[^s.at:][:s.n]
	}
	return p.b[s.at:][:s.n]
}

// since is the span from start to where the parser is.
func (p *jsonParser) since(start int) span { return span{int32(start), int32(p.at - start)} }

func jsonError() error { return invalidSyntax("json") }

// document parses the whole input; its value is node 0.
func (p *jsonParser) document() error {
	p.nodes = make([]jsonNode, 0, 8)
	if _, err := p.value(0); err != nil {
		return err
	}
	if p.skip(); p.at != len(p.b) {
		return jsonError()
	}
	return nil
}

func (p *jsonParser) skip() {
	for p.at < len(p.b) {
		switch p.b[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

// peek is the next byte that is no blank, 0 at the end; the input has no zero bytes.
func (p *jsonParser) peek() byte {
	if p.skip(); p.at == len(p.b) {
		return 0
	}
	return p.b[p.at]
}

func (p *jsonParser) value(depth int) (int, error) {
	if depth > maxJSONDepth {
		return 0, failHint(stateTooComplex, "JSON is nested too deeply", "At most 1000 levels are supported on a protected column.")
	}
	id := len(p.nodes)
	if id == maxJSONValues {
		return 0, fail(stateLimitExceeded, "JSON has too many values for a protected column")
	}
	p.nodes = append(p.nodes, jsonNode{})
	var n jsonNode
	var err error
	switch c := p.peek(); {
	case c == '{':
		n, err = p.children(depth, '}')
	case c == '[':
		n, err = p.children(depth, ']')
	case c == '"':
		n.kind = jsonString
		n.text, err = p.string()
	case c == '-' || isDigit(c):
		n.kind = jsonNumber
		n.text, err = p.number()
	default:
		n.text, err = p.literal()
	}
	p.nodes[id] = n
	return id, err
}

// children parses an array or, if the closing bracket is a brace, an object.
func (p *jsonParser) children(depth int, closing byte) (jsonNode, error) {
	n := jsonNode{kind: jsonArray}
	if closing == '}' {
		n.kind = jsonObject
	}
	p.at++
	if p.peek() == closing {
		p.at++
		return n, nil
	}
	last := 0
	for {
		var key span
		if n.kind == jsonObject {
			var err error
			if key, err = p.key(); err != nil {
				return n, err
			}
		}
		id, err := p.value(depth + 1)
		if err != nil {
			return n, err
		}
		p.nodes[id].key = key
		if n.count++; last == 0 {
			n.first = int32(id)
		} else {
			p.nodes[last].next = int32(id)
		}
		last = id
		switch p.peek() {
		case ',':
			p.at++
		case closing:
			p.at++
			return n, nil
		default:
			return n, jsonError()
		}
	}
}

func (p *jsonParser) key() (span, error) {
	if p.peek() != '"' {
		return span{}, jsonError()
	}
	key, err := p.string()
	if err != nil {
		return span{}, err
	}
	if p.peek() != ':' {
		return span{}, jsonError()
	}
	p.at++
	return key, nil
}

// literal takes a word up to the first byte that cannot be in one, as the lexer does.
func (p *jsonParser) literal() (span, error) {
	start := p.at
	for p.at < len(p.b) && jsonWord(p.b[p.at]) {
		p.at++
	}
	switch string(p.b[start:p.at]) {
	case "true", "false", "null":
		return p.since(start), nil
	}
	return span{}, jsonError()
}

// jsonWord is JSON_ALPHANUMERIC_CHAR.
func jsonWord(c byte) bool { return isAlpha(c) || isDigit(c) || c == '_' || c >= utf8.RuneSelf }

func (p *jsonParser) number() (span, error) {
	start := p.at
	digits := func() bool {
		from := p.at
		for p.at < len(p.b) && isDigit(p.b[p.at]) {
			p.at++
		}
		return p.at > from
	}
	at := func(c byte) bool { return p.at < len(p.b) && p.b[p.at] == c }
	if at('-') {
		p.at++
	}
	if at('0') {
		p.at++
	} else if !digits() {
		return span{}, jsonError()
	}
	if at('.') {
		p.at++
		if !digits() {
			return span{}, jsonError()
		}
	}
	if at('e') || at('E') {
		p.at++
		if at('+') || at('-') {
			p.at++
		}
		if !digits() {
			return span{}, jsonError()
		}
	}
	if p.at < len(p.b) && jsonWord(p.b[p.at]) {
		return span{}, jsonError()
	}
	return p.since(start), nil
}

// json keeps the text as it is, after the checks of json_in.
func (in *input) json(dst []byte) ([]byte, error) {
	raw := in.raw
	switch in.declared {
	case OIDJSON:
		if in.binary {
			if err := checkText(raw); err != nil {
				return dst, err
			}
		}
	case OIDJSONB:
		return dst, in.uncast()
	default:
		return dst, in.mismatch()
	}
	p := jsonParser{b: raw, exact: true}
	if err := p.document(); err != nil {
		return dst, err
	}
	return append(append(dst, byte(TagJSON)), raw...), nil
}
