package sql

// scanNumber scans a numeric constant; end is -1 for trailing junk, as in 1a.
func scanNumber(text string, at int) (Kind, int) {
	if text[at] == '0' && at+1 < len(text) {
		if digits := radixDigits(text[at+1]); digits != "" {
			end := digitsEnd(text, at+2, digits, true)
			if end == at+2 || class(text, end, isIdentStart) {
				return KindNone, -1
			}
			return KindInteger, end
		}
	}
	kind, end := KindInteger, at
	if text[at] != '.' {
		end = digitsEnd(text, at, "", false)
	}
	if end < len(text) && text[end] == '.' {
		if kind == KindInteger && end > at && end+1 < len(text) && text[end+1] == '.' {
			return KindInteger, end // 1..10
		}
		kind = KindFloat
		end++
		if class(text, end, isDigit) {
			end = digitsEnd(text, end, "", false)
		}
	}
	if end < len(text) && text[end]|0x20 == 'e' {
		i := end + 1
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		if !class(text, i, isDigit) {
			return KindNone, -1
		}
		kind, end = KindFloat, digitsEnd(text, i, "", false)
	}
	if class(text, end, isIdentStart) {
		return KindNone, -1
	}
	return kind, end
}

// radixDigits names the digits that may follow 0x, 0o and 0b.
func radixDigits(c byte) string {
	switch c {
	case 'x', 'X':
		return "hex"
	case 'o', 'O':
		return "01234567"
	case 'b', 'B':
		return "01"
	}
	return ""
}

// digitsEnd returns the end of a run of digits that single underscores may divide; first says that one may come first.
func digitsEnd(text string, at int, digits string, first bool) int {
	end := at
	for end < len(text) {
		i := end
		if text[i] == '_' && (first || end > at) {
			i++
		}
		if i >= len(text) || !isDigitOf(text[i], digits) {
			return end
		}
		end = i + 1
	}
	return end
}

func isDigitOf(c byte, digits string) bool {
	switch digits {
	case "":
		return c >= '0' && c <= '9'
	case "hex":
		return classes[c]&isHex != 0
	}
	for i := range len(digits) {
		if digits[i] == c {
			return true
		}
	}
	return false
}
