package value

import "bytes"

// JSONText is the text of a jsonb parameter or constant that a client sends for a document of which the proxy looks at some fields, checked as
// jsonb_in checks it (but that it may be 1000 levels deep, no more). declared is the type that the client gave it, 0 for none. The result
// aliases raw.
func JSONText(raw []byte, declared uint32, format int16, purpose Purpose) ([]byte, error) {
	in := input{t: Type{OID: OIDJSONB, Mod: -1}, declared: declared, o: Options{Purpose: purpose}}
	switch {
	case format != FormatText && format != FormatBinary:
		return nil, unsupportedFormat(format)
	case declared != 0 && declared != OIDJSONB && declared != OIDUnknown && !(declared == OIDJSON && purpose == Store):
		return nil, in.mismatch()
	case format == FormatBinary && declared != OIDJSON && declared != OIDUnknown:
		if len(raw) == 0 {
			return nil, errShort()
		}
		if raw[0] != jsonbVersion {
			return nil, fail(stateInternal, "unsupported jsonb version number")
		}
		raw = raw[1:]
	}
	if err := checkText(raw); err != nil {
		return nil, err
	}
	p := jsonParser{b: raw}
	return raw, p.document()
}

// EditDocument copies JSON to dst and has edit append what stands in place of the value at each of paths, which are sorted and of which
// none begins with the whole of another; edit gets the index of the path and the value's own text. All else is copied byte for byte. Keys
// that occur twice are all edited. What lies within an array is at no path.
func EditDocument(dst, json []byte, paths [][]string, edit func(dst []byte, path int, value []byte) ([]byte, error)) ([]byte, error) {
	w := documentWalk{p: jsonParser{b: json}, paths: paths, edit: edit, dst: dst}
	if err := w.value(0, 0, len(paths)); err != nil {
		return dst, err
	}
	return append(w.dst, json[w.copied:]...), nil
}

// documentWalk goes through one document; what precedes copied is in dst.
type documentWalk struct {
	p      jsonParser
	paths  [][]string
	edit   func(dst []byte, path int, value []byte) ([]byte, error)
	dst    []byte
	copied int
}

// value takes the value that begins here. paths[low:high] lead here by their first depth steps.
func (w *documentWalk) value(depth, low, high int) error {
	first := w.p.peek()
	switch {
	case low < high && len(w.paths[low]) == depth:
		start := w.p.at
		if err := w.skip(); err != nil {
			return err
		}
		w.dst = append(w.dst, w.p.b[w.copied:start]...)
		w.copied = w.p.at
		var err error
		w.dst, err = w.edit(w.dst, low, w.p.b[start:w.p.at])
		return err
	case low < high && first == '{':
		return w.members(depth, low, high)
	}
	return w.skip()
}

// members takes an object, of which some members may lead to a path.
func (w *documentWalk) members(depth, low, high int) error {
	w.p.at++
	if w.p.peek() == '}' {
		w.p.at++
		return nil
	}
	for {
		w.p.arena = w.p.arena[:0]
		key, err := w.p.key()
		if err != nil {
			return err
		}
		name := w.p.bytes(key)
		from, to := low, low
		for i := low; i < high; i++ {
			if w.paths[i][depth] != string(name) {
				continue
			}
			if from == to {
				from = i
			}
			to = i + 1
		}
		if err := w.value(depth+1, from, to); err != nil {
			return err
		}
		switch w.p.peek() {
		case ',':
			w.p.at++
		case '}':
			w.p.at++
			return nil
		default:
			return jsonError()
		}
	}
}

// skip passes one value without looking into it: brackets are counted outside strings.
func (w *documentWalk) skip() error {
	b, depth := w.p.b, 0
	for w.p.skip(); w.p.at < len(b); {
		switch c := b[w.p.at]; c {
		case '"':
			end := JSONStringEnd(b[w.p.at:])
			if end < 0 {
				return jsonError()
			}
			w.p.at += end
		case '{', '[':
			depth++
			w.p.at++
		case '}', ']':
			depth--
			w.p.at++
		case ',', ':', ' ', '\t', '\n', '\r':
			w.p.at++
			continue
		default:
			for w.p.at < len(b) && bytes.IndexByte([]byte(`{}[],:" `+"\t\n\r"), b[w.p.at]) < 0 {
				w.p.at++
			}
		}
		if depth <= 0 {
			break
		}
	}
	if depth != 0 || w.p.at > len(b) {
		return jsonError()
	}
	return nil
}

// JSONStringEnd is the length of the JSON string at the start of b, -1 if it has no end.
func JSONStringEnd(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// JSONString is the text of a string of JSON, as the value of a protected field is: NULL is null, and anything else is an error with
// SQLSTATE 22023.
func JSONString(json []byte) (text []byte, null bool, err error) {
	if string(json) == "null" {
		return nil, true, nil
	}
	if len(json) == 0 || json[0] != '"' {
		return nil, false, failHint(stateParameter, "the value at a protected path is not a string",
			"Only strings and null can stand at a protected path; write numbers and booleans in quotes.")
	}
	p := jsonParser{b: json}
	s, err := p.string()
	if err != nil {
		return nil, false, err
	}
	return p.bytes(s), false, nil
}
