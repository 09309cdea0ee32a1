package lift

import (
	"fmt"
	"strconv"
	"strings"
)

// A scanner reads one JSON text from front to back and builds only what it is
// asked for: events are mostly fields that no handler looks at. Strings without
// escapes are parts of the text and cost nothing. It takes exactly the texts
// that encoding/json takes, and its errors never quote the text, which may hold
// credentials.
type scanner struct {
	text  string
	pos   int
	depth int
}

// maxDepth bounds nesting, as encoding/json does.
const maxDepth = 10000

func (s *scanner) fail(want string) error {
	if s.pos >= len(s.text) {
		return fmt.Errorf("invalid JSON: it ends at byte %d, where %s should be", s.pos, want)
	}
	return fmt.Errorf("invalid JSON: byte %d is not %s", s.pos, want)
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// next skips space and returns the byte that follows, 0 at the end.
func (s *scanner) next() byte {
	s.space()
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) literal(word string) bool {
	if strings.HasPrefix(s.text[s.pos:], word) {
		s.pos += len(word)
		return true
	}
	return false
}

// end checks that nothing but space is left.
func (s *scanner) end() error {
	s.space()
	if s.pos < len(s.text) {
		return s.fail("the end of the text")
	}
	return nil
}

// object calls member with each key; member must read the value. null counts as
// an object without members.
func (s *scanner) object(member func(key string) error) error {
	switch s.next() {
	case 'n':
		return s.null()
	case '{':
	default:
		return s.fail("an object")
	}
	s.depth++
	if s.depth > maxDepth {
		return s.fail("less deeply nested")
	}
	s.pos++
	if s.next() == '}' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if s.next() != '"' {
			return s.fail("a member's name")
		}
		key, plain, err := s.quoted()
		if err != nil {
			return err
		}
		if !plain {
			key = string(unescape(key))
		}
		if s.next() != ':' {
			return s.fail("a colon")
		}
		s.pos++
		if err := member(key); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			s.depth--
			return nil
		default:
			return s.fail("a comma or the object's end")
		}
	}
}

// array calls element for each element, which must read it. null counts as an
// array without elements.
func (s *scanner) array(element func() error) error {
	switch s.next() {
	case 'n':
		return s.null()
	case '[':
	default:
		return s.fail("an array")
	}
	s.depth++
	if s.depth > maxDepth {
		return s.fail("less deeply nested")
	}
	s.pos++
	if s.next() == ']' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			s.depth--
			return nil
		default:
			return s.fail("a comma or the array's end")
		}
	}
}

func (s *scanner) null() error {
	if s.next() == 'n' && s.literal("null") {
		return nil
	}
	return s.fail("null")
}

// raw reads any value and returns its text.
func (s *scanner) raw() (string, error) {
	s.space()
	start := s.pos
	if err := s.skip(); err != nil {
		return "", err
	}
	return s.text[start:s.pos], nil
}

func (s *scanner) skip() error {
	switch c := s.next(); {
	case c == '"':
		_, _, err := s.quoted()
		return err
	case c == '{':
		return s.object(func(string) error { return s.skip() })
	case c == '[':
		return s.array(s.skip)
	case c == '-' || c >= '0' && c <= '9':
		_, err := s.number()
		return err
	case c == 't' && s.literal("true"), c == 'f' && s.literal("false"), c == 'n' && s.literal("null"):
		return nil
	}
	return s.fail("a value")
}

// number reads a number and returns its text.
func (s *scanner) number() (string, error) {
	s.space()
	start := s.pos
	if s.pos < len(s.text) && s.text[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.text) && s.text[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return "", s.fail("a digit")
	}
	if s.pos < len(s.text) && s.text[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return "", s.fail("a digit")
		}
	}
	if s.pos < len(s.text) && s.text[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return "", s.fail("a digit")
		}
	}
	return s.text[start:s.pos], nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos] >= '0' && s.text[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// float reads a number; null reads as 0.
func (s *scanner) float() (float64, error) {
	if s.next() == 'n' {
		return 0, s.null()
	}
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, s.fail("after a number that fits")
	}
	return f, nil
}

// int reads a whole number; null reads as 0.
func (s *scanner) int() (int64, error) {
	if s.next() == 'n' {
		return 0, s.null()
	}
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, s.fail("after a whole number that fits")
	}
	return n, nil
}

// bool reads true or false; null reads as false.
func (s *scanner) bool() (bool, error) {
	switch s.next() {
	case 'n':
		return false, s.null()
	case 't':
		if s.literal("true") {
			return true, nil
		}
	case 'f':
		if s.literal("false") {
			return false, nil
		}
	}
	return false, s.fail("true or false")
}
