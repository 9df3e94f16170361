package sql

import "strings"

// What a text may contain, as bits of a transition.
const (
	hitName    uint32 = 1 << (24 + iota) // a name, or part of one, wherever it stands
	hitWord                              // a name if it stands alone; match turns it into hitName
	hitUnicode                           // U&"
	hitBlock                             // DO, FUNCTION, PROCEDURE
	hitHidden                            // EXECUTE, LANGUAGE, a backslash, U&'
	hitDrop                              // DROP, TRUNCATE, RENAME
	hitCascade                           // CASCADE, SCHEMA
	hitCatalog                           // part of a name by which the types of columns are read

	stateMask = 1<<24 - 1
)

// matcher finds many words in one pass (Aho and Corasick, 1975). It reads one table entry a byte: the low 24 bits are the next state's row, the high
// bits what has just been found. Letters of either case are alike. A name of ASCII letters, digits, _ and $ counts only where it stands alone; parts of
// names and operators count anywhere.
type matcher struct {
	class  [256]uint8
	next   []uint32
	words  map[string]bool // names in lower case that must stand alone
	always uint32          // found in every text
}

// newMatcher builds the matcher for the given names and the fixed words; nil for no names.
func newMatcher(names []string) *matcher {
	if len(names) == 0 {
		return nil
	}
	m := &matcher{words: map[string]bool{}}
	type word struct {
		text string
		hit  uint32
	}
	words := []word{
		{`u&"`, hitUnicode}, {"do", hitBlock}, {"function", hitBlock}, {"procedure", hitBlock}, {"execute", hitHidden},
		{"language", hitHidden}, {`\`, hitHidden}, {"u&'", hitHidden}, {"drop", hitDrop}, {"truncate", hitDrop}, {"rename", hitDrop}, {"cascade", hitCascade},
		{"schema", hitCascade},
	}
	for _, n := range catalogWords {
		words = append(words, word{n, hitCatalog})
	}
	for _, n := range names {
		if prefix, ok := strings.CutSuffix(n, "*"); ok && wordName(prefix) {
			words = append(words, word{prefix, hitName})
			continue
		}
		run := searchable(n)
		if run == "" {
			return &matcher{always: hitName | hitCatalog}
		}
		if run == n && wordName(n) {
			m.words[strings.ToLower(n)] = true
			words = append(words, word{n, hitWord})
		} else {
			words = append(words, word{run, hitName})
		}
	}
	classes := 1
	for _, w := range words {
		for i := range len(w.text) {
			if c := lower(w.text[i]); m.class[c] == 0 {
				m.class[c] = uint8(classes)
				classes++
			}
		}
	}
	for c := byte('A'); c <= 'Z'; c++ {
		m.class[c] = m.class[c|0x20]
	}
	t := trie{width: classes}
	t.node()
	for _, w := range words {
		t.add(&m.class, w.text, w.hit)
	}
	if len(t.next) > stateMask {
		return &matcher{always: hitName | hitCatalog}
	}
	m.next = t.link()
	return m
}

// match returns what the text contains. It stops at the first name.
func (m *matcher) match(text string) uint32 {
	if m == nil {
		return 0
	}
	if m.always != 0 {
		return m.always
	}
	found, state := uint32(0), uint32(0)
	next := m.next
	for i := 0; i < len(text); i++ {
		state = next[state&stateMask+uint32(m.class[text[i]])]
		found |= state
		if state&(hitName|hitWord) != 0 && (state&hitName != 0 || m.alone(text, i+1)) {
			found |= hitName
			break
		}
	}
	return found &^ (stateMask | hitWord)
}

// alone reports whether one of the names ends at end and is an identifier by itself: what follows does not continue it, and what stands
// before is no letter. A digit, $ or byte beyond ASCII before it does not count, since old servers end a number or parameter there.
func (m *matcher) alone(text string, end int) bool {
	if class(text, end, isIdentCont) {
		return false
	}
	var word [maxName]byte
	for n := 1; n <= maxName && n <= end; n++ {
		c := text[end-n]
		word[maxName-n] = lower(c)
		if n < end && isLetter(text[end-n-1]) {
			continue
		}
		if m.words[string(word[maxName-n:])] {
			return true
		}
		if classes[c]&isIdentCont == 0 {
			return false
		}
	}
	return false
}

// maxName is the longest name that must stand alone: longer ones may be cut from what is written.
const maxName = 60

// wordName reports whether a name may be searched for as a whole identifier.
func wordName(name string) bool {
	if len(name) > maxName {
		return false
	}
	for i := range len(name) {
		if name[i] >= 0x80 || classes[name[i]]&isIdentCont == 0 {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// searchable is the longest part of a name that stands in every text that uses the name, whatever the client's encoding and quoting.
func searchable(name string) string {
	best, start := "", 0
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] < 0x80 && name[i] != '"' {
			continue
		}
		if i-start > len(best) {
			best = name[start:i]
		}
		start = i + 1
	}
	return best
}

type trie struct {
	width int
	next  []uint32 // 0: no child
	hits  []uint32
}

func (t *trie) node() uint32 {
	t.next = append(t.next, make([]uint32, t.width)...)
	t.hits = append(t.hits, 0)
	return uint32(len(t.hits) - 1)
}

func (t *trie) add(class *[256]uint8, text string, hit uint32) {
	at := uint32(0)
	for i := range len(text) {
		c := int(class[lower(text[i])])
		if t.next[int(at)*t.width+c] == 0 {
			n := t.node()
			t.next[int(at)*t.width+c] = n
		}
		at = t.next[int(at)*t.width+c]
	}
	t.hits[at] |= hit
}

// link turns the trie into an automaton: breadth first, each missing child becomes that of the longest proper suffix.
func (t *trie) link() []uint32 {
	fail := make([]uint32, len(t.hits))
	queue := make([]uint32, 0, len(t.hits))
	for c := range t.width {
		if n := t.next[c]; n != 0 {
			queue = append(queue, n)
		}
	}
	for i := 0; i < len(queue); i++ {
		at := queue[i]
		t.hits[at] |= t.hits[fail[at]]
		for c := range t.width {
			n, suffix := t.next[int(at)*t.width+c], t.next[int(fail[at])*t.width+c]
			if n == 0 {
				t.next[int(at)*t.width+c] = suffix
				continue
			}
			fail[n] = suffix
			queue = append(queue, n)
		}
	}
	out := make([]uint32, len(t.next))
	for i, n := range t.next {
		out[i] = n*uint32(t.width) | t.hits[n]
	}
	return out
}
