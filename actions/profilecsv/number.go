package profilecsv

import "strconv"

// parseNumber reads a decimal number as JSON has it, except that the zero before
// a point may be missing. A leading zero or plus makes text: it is a postcode or
// a telephone number. An integer is a number, and as an integer has 64 bits.
func parseNumber(s string) (float64, int64, kind) {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	begin := i
	var whole int64
	for i < len(s) && isDigit(s[i]) {
		if i-begin < 18 {
			whole = 10*whole + int64(s[i]-'0')
		}
		i++
	}
	digits := i - begin
	if digits > 1 && s[begin] == '0' {
		return 0, 0, 0
	}
	if i == len(s) && digits > 0 {
		if begin == 1 {
			whole = -whole
		}
		if digits <= 18 {
			return float64(whole), whole, integer | number
		}
		if v, err := strconv.ParseInt(s, 10, 64); err == nil {
			return float64(v), v, integer | number
		}
	}
	if i < len(s) && s[i] == '.' {
		i++
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == from {
			return 0, 0, 0
		}
		digits += i - from
	}
	if digits == 0 {
		return 0, 0, 0
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == from {
			return 0, 0, 0
		}
	}
	if i != len(s) {
		return 0, 0, 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil { // beyond the range
		return 0, 0, 0
	}
	return f, 0, number
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
