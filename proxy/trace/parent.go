package trace

import (
	"strings"

	otel "go.opentelemetry.io/otel/trace"
)

// key is how sqlcommenter writes the W3C trace context's header into a comment.
const key = "traceparent='"

// parentLength is that of version 00: version, trace-id, parent-id and trace-flags, https://www.w3.org/TR/trace-context/.
const parentLength = 55

// parentOf reads the traceparent from the comment at a text's end, strictly: what is not exactly as it should be is not there.
func parentOf(text string) (otel.SpanContext, bool) {
	text = strings.TrimRight(text, " \t\r\n;\x00")
	if !strings.HasSuffix(text, "*/") {
		return otel.SpanContext{}, false
	}
	at := strings.LastIndex(text, "/*")
	if at < 0 || at+2 > len(text)-2 {
		return otel.SpanContext{}, false
	}
	comment := text[at+2 : len(text)-2]
	for len(comment) > 0 {
		field, rest, _ := strings.Cut(comment, ",")
		comment = rest
		value, ok := strings.CutPrefix(strings.TrimSpace(field), key)
		if ok && len(value) == parentLength+1 && value[parentLength] == '\'' {
			return parse(value[:parentLength])
		}
		if ok {
			break
		}
	}
	return otel.SpanContext{}, false
}

// parse reads version-traceid-parentid-flags.
func parse(v string) (otel.SpanContext, bool) {
	var c otel.SpanContextConfig
	var version, flags [1]byte
	if v[2] != '-' || v[35] != '-' || v[52] != '-' || !unhex(version[:], v[:2]) || version[0] != 0 ||
		!unhex(c.TraceID[:], v[3:35]) || !unhex(c.SpanID[:], v[36:52]) || !unhex(flags[:], v[53:]) {
		return otel.SpanContext{}, false
	}
	c.TraceFlags, c.Remote = otel.TraceFlags(flags[0])&otel.FlagsSampled, true
	parent := otel.NewSpanContext(c)
	return parent, parent.IsValid() // neither is all zeros
}

// unhex reads lower-case hexadecimal digits, two a byte.
func unhex(dst []byte, src string) bool {
	for i := range dst {
		var b byte
		for _, c := range []byte(src[2*i : 2*i+2]) {
			switch {
			case '0' <= c && c <= '9':
				b = b<<4 | (c - '0')
			case 'a' <= c && c <= 'f':
				b = b<<4 | (c - 'a' + 10)
			default:
				return false
			}
		}
		dst[i] = b
	}
	return true
}
