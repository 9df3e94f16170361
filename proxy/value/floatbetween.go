package value

import (
	"math"
	"math/big"
	"strconv"
)

// between reports whether the decimal text, which reads as f, is exactly half way between f and one of its neighbours. That
// takes a text of few digits, so the cheap tests come first.
func between(text []byte, f float64, bits int) bool {
	exponent := 0
	digits := make([]byte, 0, 20)
	for i, c := range text {
		switch {
		case isDigit(c):
			digits = append(digits, c)
		case c == 'e':
			e, err := strconv.Atoi(string(text[i+1:]))
			if err != nil {
				return false
			}
			exponent = e - len(digits) + 1
		}
		if c == 'e' {
			break
		}
	}
	if exponent == 0 || exponent < -24 || exponent > 24 {
		return false
	}
	d, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return false
	}
	power := big.NewInt(5)
	power.Exp(power, big.NewInt(int64(max(exponent, -exponent))), nil)
	v := new(big.Rat).SetInt(new(big.Int).SetUint64(d))
	if exponent < 0 {
		if power.IsUint64() && d%power.Uint64() != 0 {
			return false
		}
		power.Lsh(power, uint(-exponent))
		v.Quo(v, new(big.Rat).SetInt(power))
	} else {
		power.Lsh(power, uint(exponent))
		v.Mul(v, new(big.Rat).SetInt(power))
	}
	f = math.Abs(f)
	for _, to := range []float64{0, math.Inf(1)} {
		next := math.Nextafter(f, to)
		if bits == 32 {
			next = float64(math.Nextafter32(float32(f), float32(to)))
		}
		if math.IsInf(next, 0) {
			continue
		}
		half := new(big.Rat).Add(new(big.Rat).SetFloat64(f), new(big.Rat).SetFloat64(next))
		if half.Quo(half, big.NewRat(2, 1)).Cmp(v) == 0 {
			return true
		}
	}
	return false
}
