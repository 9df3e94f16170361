package sql

// What a text may contain, as bits of a transition.
const (
	hitName    uint32 = 1 << (24 + iota)
	hitUnicode        // U&"
	hitBlock          // DO, FUNCTION, PROCEDURE
	hitHidden         // EXECUTE, LANGUAGE, a backslash
	hitDrop           // DROP, TRUNCATE
	hitCascade        // CASCADE

	stateMask = 1<<24 - 1
)

// matcher finds many words in one pass (Aho and Corasick, 1975). It reads one table entry a byte: the low 24 bits are the next state's row, the high
// bits what has just been found. Letters of either case are alike.
type matcher struct {
	class  [256]uint8
	next   []uint32
	always uint32 // found in every text
}

// newMatcher builds the matcher for the given names and the fixed words; nil for no names.
func newMatcher(names []string) *matcher {
	if len(names) == 0 {
		return nil
	}
	m := &matcher{}
	type word struct {
		text string
		hit  uint32
	}
	words := []word{
		{`u&"`, hitUnicode}, {"do", hitBlock}, {"function", hitBlock}, {"procedure", hitBlock}, {"execute", hitHidden},
		{"language", hitHidden}, {`\`, hitHidden}, {"drop", hitDrop}, {"truncate", hitDrop}, {"cascade", hitCascade},
	}
	for _, n := range names {
		run := searchable(n)
		if run == "" {
			return &matcher{always: hitName}
		}
		words = append(words, word{run, hitName})
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
		return &matcher{always: hitName}
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
		if state&hitName != 0 {
			break
		}
	}
	return found &^ stateMask
}

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
