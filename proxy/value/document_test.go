package value

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

var documentPaths = [][]string{{"a", "b"}, {"a", "c", "d"}, {"s"}, {"é"}}

// marked puts the index of its path in place of each value.
func marked(t testing.TB, text string, paths [][]string) (string, []string, error) {
	t.Helper()
	var values []string
	out, err := EditDocument([]byte("> "), []byte(text), paths, func(dst []byte, path int, value []byte) ([]byte, error) {
		values = append(values, string(value))
		return append(dst, '<', byte('0'+path), '>'), nil
	})
	if err != nil {
		return "", nil, err
	}
	return strings.TrimPrefix(string(out), "> "), values, nil
}

func TestEditDocument(t *testing.T) {
	for text, want := range map[string]string{
		`{}`: `{}`, `[]`: `[]`, `"s"`: `"s"`, ` null `: ` null `, `1.50e3`: `1.50e3`,
		`{"s": "x"}`:                                              `{"s": <2>}`,
		"{ \"s\"\n:\t\"x\" , \"t\" : [ 1 ] } ":                    "{ \"s\"\n:\t<2> , \"t\" : [ 1 ] } ",
		`{"s":1,"s":{"s":[]},"s":null}`:                           `{"s":<2>,"s":<2>,"s":<2>}`,
		`{"a":{"b":"x","c":{"d":"y","e":1},"f":{"b":2}},"b":"z"}`: `{"a":{"b":<0>,"c":{"d":<1>,"e":1},"f":{"b":2}},"b":"z"}`,
		`{"a":{"b":1},"a":"x","a":{"c":{"d":true}}}`:              `{"a":{"b":<0>},"a":"x","a":{"c":{"d":<1>}}}`,
		`{"a":[{"b":"x"}],"s":[{"s":1}]}`:                         `{"a":[{"b":"x"}],"s":<2>}`,
		`{"\u0073":"x","\u00e9":"y","é":"z"}`:                     `{"\u0073":<2>,"\u00e9":<3>,"é":<3>}`,
		`{"a\u0000":1,"A":{"b":1},"a.b":2}`:                       "!",
		`{"A":{"b":1},"a.b":2,"":{"b":3}}`:                        `{"A":{"b":1},"a.b":2,"":{"b":3}}`,
		`{"x":"}{\"][","s":"}\\\"{"}`:                             `{"x":"}{\"][","s":<2>}`,
		`{"s":12345678901234567890.12345e-9}`:                     `{"s":<2>}`,
		`{"s" "x"}`:                                               "!",
		`{"s":`:                                                   "!",
		`{"s":"x`:                                                 "!",
		`{"a":{"b":1`:                                             "!",
		`{"a":{"b":1]`:                                            "!",
	} {
		got, _, err := marked(t, text, documentPaths)
		if want == "!" && err == nil || want != "!" && (err != nil || got != want) {
			t.Errorf("%s: %s, %v, want %s", text, got, err, want)
		}
	}
	if got, values, err := marked(t, ` "x" `, [][]string{{}}); err != nil || got != ` <0> ` || !reflect.DeepEqual(values, []string{`"x"`}) {
		t.Errorf("the root: %q %q %v", got, values, err)
	}
	if got, _, err := marked(t, `{"s": 1}`, nil); err != nil || got != `{"s": 1}` {
		t.Errorf("without paths: %q %v", got, err)
	}
}

func TestJSONText(t *testing.T) {
	deep := strings.Repeat("[", 900) + strings.Repeat("]", 900)
	tooDeep := strings.Repeat(`{"a":`, 100000) + "1" + strings.Repeat("}", 100000)
	for _, c := range []struct {
		raw      string
		declared uint32
		format   int16
		purpose  Purpose
		want     string // the text, or the SQLSTATE
	}{
		{`{"a": 1}`, 0, FormatText, Store, `{"a": 1}`}, {"\x01{}", 0, FormatBinary, Store, "{}"}, {"\x01{}", OIDJSONB, FormatBinary, Compare, "{}"},
		{"{}", OIDJSON, FormatBinary, Store, "{}"}, {"{}", OIDJSON, FormatText, Compare, "42883"}, {"{}", OIDUnknown, FormatText, Compare, "{}"},
		{"{}", OIDText, FormatText, Store, "42804"}, {"{}", OIDText, FormatText, Compare, "42883"}, {"\x02{}", 0, FormatBinary, Store, "XX000"}, {"", 0, FormatBinary, Store, "08P01"},
		{"{}", 0, 7, Store, "22023"}, {"{", 0, FormatText, Store, "22P02"}, {"", 0, FormatText, Store, "22P02"}, {`{"a": 01}`, 0, FormatText, Store, "22P02"},
		{`{"s": "` + "\xff" + `"}`, 0, FormatText, Store, "22021"}, {`{"s": "\ud800"}`, 0, FormatText, Store, "22P02"}, {`{"s": "\u0000"}`, 0, FormatText, Store, "22P05"},
		{`{"s": 'x'}`, 0, FormatText, Store, "22P02"}, {`{} {}`, 0, FormatText, Store, "22P02"}, {deep, 0, FormatText, Store, deep}, {tooDeep, 0, FormatText, Store, "54001"},
	} {
		got, err := JSONText([]byte(c.raw), c.declared, c.format, c.purpose)
		var e *Error
		if errors.As(err, &e) {
			got = []byte(e.SQLSTATE)
		}
		if string(got) != c.want {
			t.Errorf("%.40q as %d: %.60s, %v, want %.60s", c.raw, c.declared, got, err, c.want)
		}
	}
}

func TestJSONString(t *testing.T) {
	for raw, want := range map[string]string{`"x"`: "x", `""`: "", `"\"\\\/\b\f\n\r\t\u0041\ud83d\ude00é"`: "\"\\/\b\f\n\r\tA😀é"} {
		if got, null, err := JSONString([]byte(raw)); string(got) != want || null || err != nil {
			t.Errorf("%s: %q %v %v", raw, got, null, err)
		}
	}
	if _, null, err := JSONString([]byte("null")); !null || err != nil {
		t.Error("null", null, err)
	}
	for _, raw := range []string{"1", "true", "[]", `{"a": "x"}`, ""} {
		var e *Error
		if _, _, err := JSONString([]byte(raw)); !errors.As(err, &e) || e.SQLSTATE != "22023" || strings.Contains(e.Message, "x") && strings.Contains(e.Message, raw) {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// FuzzEditDocument checks against encoding/json that each value at a path is found and nothing else is changed.
func FuzzEditDocument(f *testing.F) {
	for _, s := range []string{`{"a":{"b":"x","c":{"d":1}},"s":"y"}`, `{"\u0073":"x","s":{"s":[1,{"s":2}]}}`, `[{"s":1}]`, `{"a":[{"b":1}],"é":"\ud83d\ude00"}`, "{\"s\" : \"\\\"}\"\n}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if _, err := JSONText([]byte(text), 0, FormatText, Store); err != nil {
			return
		}
		got, values, err := marked(t, text, documentPaths)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		// Put back, it is what it was.
		back := got
		for _, v := range values {
			i := strings.IndexByte(back, '<')
			for i >= 0 && !(i+2 < len(back) && back[i+2] == '>' && back[i+1] >= '0' && back[i+1] <= '3') {
				next := strings.IndexByte(back[i+1:], '<')
				if next < 0 {
					i = -1
					break
				}
				i += 1 + next
			}
			if i < 0 || strings.Contains(text, "<") {
				return
			}
			back = back[:i] + v + back[i+3:]
		}
		if back != text {
			t.Fatalf("%q became %q and back %q", text, got, back)
		}
		// What encoding/json finds at the paths, of which it keeps the last of equal keys, was found.
		var doc any
		if json.Unmarshal([]byte(text), &doc) != nil {
			return
		}
		for _, p := range documentPaths {
			at, ok := doc, true
			for _, step := range p {
				var m map[string]any
				if m, ok = at.(map[string]any); !ok {
					break
				}
				if at, ok = m[step]; !ok {
					break
				}
			}
			if !ok {
				continue
			}
			found := false
			for _, v := range values {
				var one any
				found = found || json.Unmarshal([]byte(v), &one) == nil && reflect.DeepEqual(one, at)
			}
			if !found {
				t.Fatalf("%q: %v of path %v is not among %q", text, at, p, values)
			}
		}
	})
}
