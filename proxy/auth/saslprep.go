package auth

import (
	"unicode/utf8"

	"github.com/xdg-go/stringprep"
	"golang.org/x/text/unicode/norm"
)

// prohibited is RFC 4013 §2.3 and the code points that Unicode 3.2 had not assigned (§2.5).
var prohibited = []stringprep.Set{
	stringprep.TableA1, stringprep.TableC1_2, stringprep.TableC2_1, stringprep.TableC2_2, stringprep.TableC3,
	stringprep.TableC4, stringprep.TableC5, stringprep.TableC6, stringprep.TableC7, stringprep.TableC8, stringprep.TableC9,
}

// saslprep prepares a password as PostgreSQL does before hashing: RFC 4013, but a password that this forbids is used as it
// is, and what is forbidden is looked for before normalisation. pg_saslprep, src/common/saslprep.c.
func saslprep(password string) string {
	if ascii(password) || !utf8.ValidString(password) {
		return password
	}
	var mapped []rune
	for _, r := range password {
		if stringprep.TableC1_2.Contains(r) {
			mapped = append(mapped, ' ')
		} else if _, nothing := stringprep.TableB1.Map(r); !nothing {
			mapped = append(mapped, r)
		}
	}
	if len(mapped) == 0 || !allowed(mapped) {
		return password
	}
	return norm.NFKC.String(string(mapped))
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// allowed checks for prohibited characters and the rules for text in two directions: RFC 3454 §6.
func allowed(text []rune) bool {
	var rightToLeft, leftToRight bool
	for _, r := range text {
		for _, set := range prohibited {
			if set.Contains(r) {
				return false
			}
		}
		rightToLeft = rightToLeft || stringprep.TableD1.Contains(r)
		leftToRight = leftToRight || stringprep.TableD2.Contains(r)
	}
	if !rightToLeft {
		return true
	}
	return !leftToRight && stringprep.TableD1.Contains(text[0]) && stringprep.TableD1.Contains(text[len(text)-1])
}
