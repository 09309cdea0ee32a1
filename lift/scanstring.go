package lift

import (
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads the string that begins at pos, and returns what stands between
// its quotes, and whether that is free of escapes.
func (s *scanner) quoted() (inner string, plain bool, err error) {
	s.pos++
	start := s.pos
	plain = true
	for {
		text, i := s.text, s.pos
		for len(text)-i >= 8 {
			found := specials(word(text[i : i+8]))
			if found != 0 {
				i += bits.TrailingZeros64(found) / 8
				break
			}
			i += 8
		}
		for i < len(text) && !special[text[i]] {
			i++
		}
		s.pos = i
		switch {
		case i >= len(text):
			return "", false, s.fail("the string's end")
		case text[i] == '"':
			s.pos++
			return text[start:i], plain, nil
		case text[i] != '\\':
			return "", false, s.fail("a character that may stand in a string")
		}
		plain = false
		if err := s.escape(); err != nil {
			return "", false, err
		}
	}
}

// word is eight bytes as one number, the first the lowest. It and specials are small
// enough to become part of the loop, which a call for each word takes twice as long.
func word(b string) uint64 {
	_ = b[7]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// specials has the top bit of a byte set where it is special: a quote, a backslash or
// below 0x20. A borrow may set bits behind the first, never before it.
func specials(word uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, backslash := word^'"'*ones, word^'\\'*ones
	return ((word-0x20*ones)&^word | (quote-ones)&^quote | (backslash-ones)&^backslash) & tops
}

// special are the bytes that mean something inside a string.
var special = [256]bool{
	0x00: true, 0x01: true, 0x02: true, 0x03: true, 0x04: true, 0x05: true, 0x06: true, 0x07: true,
	0x08: true, 0x09: true, 0x0a: true, 0x0b: true, 0x0c: true, 0x0d: true, 0x0e: true, 0x0f: true,
	0x10: true, 0x11: true, 0x12: true, 0x13: true, 0x14: true, 0x15: true, 0x16: true, 0x17: true,
	0x18: true, 0x19: true, 0x1a: true, 0x1b: true, 0x1c: true, 0x1d: true, 0x1e: true, 0x1f: true,
	'"': true, '\\': true,
}

// escape steps over one escape sequence.
func (s *scanner) escape() error {
	s.pos++
	if s.pos >= len(s.text) {
		return s.fail("an escape")
	}
	switch s.text[s.pos] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return nil
	case 'u':
		s.pos++
		for range 4 {
			if s.pos >= len(s.text) || unhex(s.text[s.pos]) < 0 {
				return s.fail("a hexadecimal digit")
			}
			s.pos++
		}
		return nil
	}
	return s.fail("an escape")
}

// string reads a string; null reads as "".
func (s *scanner) string() (string, error) {
	switch s.next() {
	case '"':
	case 'n':
		return "", s.null()
	default:
		return "", s.fail("a string")
	}
	inner, plain, err := s.quoted()
	if err != nil || plain {
		return inner, err
	}
	return string(unescape(inner)), nil
}

// bytes reads a string into bytes of its own; null reads as nil.
func (s *scanner) bytes() ([]byte, error) {
	switch s.next() {
	case '"':
	case 'n':
		return nil, s.null()
	default:
		return nil, s.fail("a string")
	}
	inner, plain, err := s.quoted()
	if err != nil {
		return nil, err
	}
	if plain {
		return []byte(inner), nil
	}
	return unescape(inner), nil
}

// unescape resolves the escapes of what quoted accepted. Half a surrogate pair
// becomes U+FFFD.
func unescape(inner string) []byte {
	out := make([]byte, 0, len(inner))
	for i := 0; i < len(inner); {
		cut := strings.IndexByte(inner[i:], '\\')
		if cut < 0 {
			return append(out, inner[i:]...)
		}
		out = append(out, inner[i:i+cut]...)
		i += cut + 1
		c := inner[i]
		i++
		switch c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex4(inner[i:])
			i += 4
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if strings.HasPrefix(inner[i:], `\u`) {
					pair = utf16.DecodeRune(r, hex4(inner[i+2:]))
				}
				if pair != utf8.RuneError {
					i += 6
				}
				r = pair
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c)
		}
	}
	return out
}

func hex4(s string) rune {
	var r rune
	for i := range 4 {
		r = r<<4 | rune(unhex(s[i]))
	}
	return r
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
