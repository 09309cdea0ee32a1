package redact

import "bytes"

// Some functions are calls and not inlined: a function's size is its cold start.

// at is the byte at pos, and 0 behind the end.
//
//go:noinline
func at(text []byte, pos int) byte {
	if pos >= len(text) {
		return 0
	}
	return text[pos]
}

// blanks returns how many bytes of spaces and tabs text begins with, also
// escaped ones.
func blanks(text []byte) int {
	n := 0
	for {
		switch rest := text[n:]; {
		case at(rest, 0) == ' ', at(rest, 0) == '\t':
			n++
		case at(rest, 0) == '\\' && at(rest, backslashes(rest)) == 't':
			n += backslashes(rest) + 1
		case bytes.HasPrefix(rest, []byte("%20")), bytes.HasPrefix(rest, []byte("%09")):
			n += 3
		default:
			return n
		}
	}
}

// separator returns the length of the = or : at pos, which a URL escapes; 0 for
// anything else.
func separator(text []byte, pos int) int {
	switch at(text, pos) {
	case '=', ':':
		return 1
	case '%':
		if at(text, pos+1) == '3' && (at(text, pos+2)|0x20 == 'd' || at(text, pos+2)|0x20 == 'a') {
			return 3
		}
	}
	return 0
}

// quoteAt returns the length of the quote that text begins with, with the
// backslashes before it; 0 for anything else.
func quoteAt(text []byte) int {
	n := backslashes(text)
	switch {
	case isQuote(at(text, n)):
		return n + 1
	case bytes.HasPrefix(text, []byte("%22")), bytes.HasPrefix(text, []byte("%27")):
		return 3
	}
	return 0
}

// quoteBefore returns the quote that text ends with.
func quoteBefore(text []byte) []byte {
	if bytes.HasSuffix(text, []byte("%22")) || bytes.HasSuffix(text, []byte("%27")) {
		return text[len(text)-3:]
	}
	start := len(text) - 1
	if start < 0 || !isQuote(text[start]) {
		return nil
	}
	for start > 0 && text[start-1] == '\\' {
		start--
	}
	return text[start:]
}

// closing returns where the text that the quote of n bytes at pos opens ends:
// before the next one that is not escaped, or that is escaped less and so closes
// what is around it.
func closing(text []byte, pos, n int) int {
	depth := n - 1
	if text[pos] == '%' {
		end := pos + n
		for end < len(text) && !isHardEnd(text, end) && !bytes.HasPrefix(text[end:], text[pos:pos+n]) {
			end += step(text, end)
		}
		return end
	}
	quote := text[pos+depth]
	for i := pos + n; i < len(text); {
		r := backslashes(text[i:])
		switch c := at(text, i+r); {
		case c == quote && r < depth:
			return i
		case c == quote && (r-depth)%(2*depth+2) == 0:
			return i + r - depth
		case c == '"' && quote != '"' && r%2 == 0: // of a JSON text around it
			return i + r
		}
		i += r + 1
	}
	return len(text)
}

// bareEnd returns the end of the value without quotes at pos. A comma, a bracket
// and the like end it where nothing follows them, or the next pair.
func bareEnd(text []byte, pos int) int {
	for pos < len(text) && !isHardEnd(text, pos) {
		after := pos
		for after < len(text) && isPunctuation(text[after]) {
			after++
		}
		if after > pos && (after == len(text) || isHardEnd(text, after) || isPair(text, after)) {
			break
		}
		pos = max(after, pos+step(text, pos))
	}
	return pos
}

// lineEnd returns the end of the line, or of the quoted text, that pos is in.
func lineEnd(text []byte, pos int) int {
	for pos < len(text) && (text[pos] == ' ' || text[pos] == '\t' || !isHardEnd(text, pos)) {
		pos += step(text, pos)
	}
	return pos
}

// isHardEnd reports whether no value without quotes goes on at pos: at a blank,
// a quote or a line's end, also escaped as in JSON.
func isHardEnd(text []byte, pos int) bool {
	switch c := text[pos]; c {
	case '"', '`', '<':
		return true
	case '\\':
		n := backslashes(text[pos:])
		c = at(text, pos+n)
		return c == '"' || c == '`' || n == 1 && (c == 'n' || c == 'r' || c == 't')
	default:
		return c <= ' '
	}
}

// isPair reports whether a name with = or : begins at pos.
func isPair(text []byte, pos int) bool {
	end := nameEnd(text, pos)
	return end > pos && separator(text, end) > 0
}

func nameEnd(text []byte, pos int) int {
	end := pos
	for end-pos < maxName && isName(at(text, end)) {
		end++
	}
	return end
}

// isSentence reports whether the word from pos to end is followed by another, or
// by the colon of an error's text.
func isSentence(text []byte, pos, end int) bool {
	if !isWord(text[pos:end]) || end == len(text) {
		return false
	}
	next := end + blanks(text[end:])
	return text[end] == ':' || next > end && next < len(text) && text[next] > ' ' && !isPair(text, next)
}

// isARN reports whether the name from start to end is the kind of a resource, as
// in arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop.
func isARN(text []byte, start, end int) bool {
	return at(text, end) == ':' && start > 1 && text[start-1] == ':' && isDigit(text[start-2])
}

// isScheme reports whether a word is a common scheme of HTTP authentication.
func isScheme(word []byte) bool {
	for _, scheme := range [...]string{"bearer", "basic", "digest", "dpop", "negotiate", "aws4-hmac-sha256"} {
		if bytes.EqualFold(word, []byte(scheme)) {
			return true
		}
	}
	return false
}

// saysNothing reports whether a word in a value's place says that there is none,
// or what is wrong with it.
func saysNothing(word []byte) bool {
	for _, w := range [...]string{"null", "nil", "true", "false", "none", "empty", "missing", "required", "invalid", "expired", "eof"} {
		if bytes.EqualFold(word, []byte(w)) {
			return true
		}
	}
	return false
}

func isWord(word []byte) bool {
	for _, c := range word {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return false
		}
	}
	return len(word) > 0
}

func isLower(word []byte) bool { return isWord(word) && word[0] >= 'a' }

// step is how far a loop may go on from pos at once: over a run of backslashes,
// which would be counted for each of them, or one byte.
func step(text []byte, pos int) int { return max(1, backslashes(text[pos:])) }

func backslashes(text []byte) int {
	n := 0
	for n < len(text) && text[n] == '\\' {
		n++
	}
	return n
}

//go:noinline
func isQuote(c byte) bool { return c == '"' || c == '\'' || c == '`' }

//go:noinline
func isPunctuation(c byte) bool { return bytes.IndexByte([]byte(",;&:')]}>|"), c) >= 0 }

//go:noinline
func isName(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '_' }

//go:noinline
func isAlphanumeric(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
