package redact

import "bytes"

// Text returns text without the secrets in it, and text itself where there are
// none. The text may be a line of JSON, which stays valid. Secrets are:
//
//   - the value behind a credential's name and = or :, quoted or not, also where
//     the signs between them are escaped. Behind ": " the words of a sentence are none;
//   - what follows a scheme behind Authorization, and the word Bearer anywhere;
//   - the password of a URL's user;
//   - a JWT, and the id of an AWS access key.
func Text(text []byte) []byte {
	var out []byte
	s := scanner{text: text}
	for pos := 0; pos < len(text); {
		if !announces[text[pos]] {
			pos++
			continue
		}
		found := s.match(pos)
		if found.end <= found.start || string(text[found.start:found.end]) == Mark {
			pos++
			continue
		}
		out = append(append(out, text[s.done:found.start]...), found.quote...)
		out = append(append(out, Mark...), found.quote...)
		s.done, pos = found.end, found.end
	}
	if s.done == 0 {
		return text
	}
	return append(out, text[s.done:]...)
}

// announces has the bytes at which match may find a secret.
var announces = [256]bool{'e': true, 'A': true, ' ': true, '\t': true, '\\': true, ':': true, '=': true, '%': true}

// A span is a secret's place. The zero span is none. The quote goes around the mark.
type span struct {
	start, end int
	quote      []byte
}

// A scanner goes through a text once: what is looked at again is bounded, or
// ends where the next look begins.
type scanner struct {
	text  []byte
	done  int // the end of the last secret
	noJWT int // no JWT begins before
}

// match finds the secret that the byte at pos announces.
func (s *scanner) match(pos int) span {
	switch s.text[pos] {
	case 'e':
		return s.jwt(pos)
	case 'A':
		return keyID(s.text, pos)
	case ' ', '\t', '\\':
		return s.bearer(pos)
	case ':':
		if bytes.HasPrefix(s.text[pos:], []byte("://")) {
			return userPassword(s.text, pos+len("://"))
		}
	}
	if found := s.named(pos); found.end > found.start {
		return found
	}
	return s.bearer(pos)
}

// named is the value of a credential's name, of which the separator is at pos.
func (s *scanner) named(pos int) span {
	text := s.text
	n := separator(text, pos)
	end := pos
	for end > s.done && (text[end-1] == ' ' || text[end-1] == '\t') {
		end--
	}
	quote := text[end:end]
	if n > 0 {
		quote = quoteBefore(text[s.done:end])
	}
	end -= len(quote)
	start := end
	for start > s.done && end-start < maxName && isName(text[start-1]) {
		start--
	}
	var buf [maxName]byte
	name := fold(buf[:0], text[start:end])
	if n == 0 || !isSecret(name) || isARN(text, start, end) {
		return span{}
	}
	at := pos + n
	if at < len(text) && (text[at] == '=' || text[at] == '>') { // :=, == and =>
		at++
	}
	from := at + blanks(text[at:])
	if from == len(text) || hasSuffix(name, "pwd") && text[from] == '/' { // the working directory
		return span{}
	}
	prose := text[pos] == ':' && from > at
	return value(text, from, quote, name, prose)
}

// value is the value at pos. In prose it may be the words of a sentence.
func value(text []byte, pos int, quote, name []byte, prose bool) span {
	if n := quoteAt(text[pos:]); n > 0 {
		return span{start: pos + n, end: closing(text, pos, n)}
	}
	switch {
	case bytes.HasPrefix(text[pos:], []byte(Mark)), text[pos] == '{':
		return span{}
	case text[pos] == '[':
		return list(text, pos+1, quote)
	}
	end := bareEnd(text, pos)
	next := end + blanks(text[end:])
	word := text[pos:end]
	if saysNothing(word) {
		return span{}
	}
	second := bareEnd(text, next)
	if next > end && second > next && !bytes.HasPrefix(text[next:], []byte(Mark)) &&
		(isScheme(word) || hasSuffix(name, "authorization") && !isSentence(text, next, second) && !isLower(word)) {
		if isWord(word) || isScheme(word) {
			pos = next
		}
		return span{pos, parameters(text, next), quote}
	}
	if prose && isSentence(text, pos, end) || next > end && isScheme(word) {
		return span{}
	}
	if hasSuffix(name, "cookie") {
		end = lineEnd(text, pos)
	}
	return span{pos, end, quote}
}

// list is what stands in a list, of JSON or as Go prints one, from pos on.
func list(text []byte, pos int, quote []byte) span {
	n := quoteAt(text[pos:])
	if n == 0 {
		end := pos
		for end < len(text) && text[end] != ']' && text[end] != '[' && text[end] != '{' && !isHardEnd(text, end) || at(text, end) == ' ' {
			end += step(text, end)
		}
		if len(quote) > 0 && at(text, end) != ']' {
			return span{}
		}
		return span{pos, end, quote}
	}
	found := span{start: pos + n}
	for n > 0 {
		found.end = closing(text, pos, n)
		pos = min(len(text), found.end+n)
		if at(text, pos) != ',' {
			break
		}
		pos++
		pos += blanks(text[pos:])
		n = quoteAt(text[pos:])
	}
	return found
}

// parameters returns the end of a scheme's credentials at pos: a word, or pairs
// with commas between.
func parameters(text []byte, pos int) int {
	for {
		end := bareEnd(text, pos)
		if n := quoteAt(text[end:]); n > 0 && nameEnd(text, pos) == end-1 && text[end-1] == '=' {
			after := min(len(text), closing(text, end, n)+n)
			if after < len(text) && text[after] != ',' && !isHardEnd(text, after) { // the quote closes what is around
				return end
			}
			end = after
		}
		if at(text, end) != ',' {
			return end
		}
		pos = end + 1 + blanks(text[end+1:])
		if name := nameEnd(text, pos); name == pos || at(text, name) != '=' {
			return end
		}
	}
}

// bearer is the token behind the word Bearer that ends at pos (RFC 6750, section
// 2.1). A word of letters is taken for one of the sentence.
func (s *scanner) bearer(pos int) span {
	const word = "bearer"
	text := s.text
	if pos-s.done < len(word) || text[pos-1]|0x20 != 'r' || !bytes.EqualFold(text[pos-len(word):pos], []byte(word)) {
		return span{}
	}
	start := pos
	for n := 1; n > 0; start += n {
		n = max(blanks(text[start:]), separator(text, start), quoteAt(text[start:]))
	}
	end, digit, lower, upper := start, false, false, false
	for ; end < len(text) && (isName(text[end]) || bytes.IndexByte([]byte(".~+/%"), text[end]) >= 0); end++ {
		c := text[end]
		digit = digit || isDigit(c)
		lower = lower || c >= 'a' && c <= 'z'
		upper = upper || end > start && c >= 'A' && c <= 'Z'
	}
	letters := end - start
	for at(text, end) == '=' {
		end++
	}
	isParameter := end-start > letters && isName(at(text, end))
	if start == pos || end-start < 8 || isParameter || !digit && !(lower && upper) && letters < 32 {
		return span{}
	}
	return span{start: start, end: end}
}

// jwt is a JWT in its compact form: parts of base64url with dots between.
func (s *scanner) jwt(pos int) span {
	if pos < s.noJWT || !bytes.HasPrefix(s.text[pos:], []byte("eyJ")) {
		return span{}
	}
	end, dots := pos, 0
	for ; end < len(s.text) && (s.text[end] == '.' || isName(s.text[end])); end++ {
		if s.text[end] == '.' {
			dots++
		}
	}
	if dots == 0 || end-pos < 12 {
		s.noJWT = end
		return span{}
	}
	return span{start: pos, end: end}
}

// keyID is the id of an AWS access key:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func keyID(text []byte, pos int) span {
	const length = 20
	end := pos + length
	if end > len(text) || string(text[pos:pos+4]) != "AKIA" && string(text[pos:pos+4]) != "ASIA" || isAlphanumeric(at(text, end)) {
		return span{}
	}
	for _, c := range text[pos:end] {
		if !isDigit(c) && (c < 'A' || c > 'Z') {
			return span{}
		}
	}
	return span{start: pos, end: end}
}

// userPassword is the password in the URL whose authority begins at pos (RFC 3986, section 3.2.1).
func userPassword(text []byte, pos int) span {
	colon, last, end := -1, -1, pos
	for ; end < len(text) && !isHardEnd(text, end) && bytes.IndexByte([]byte("/?#"), text[end]) < 0; end += step(text, end) {
		switch {
		case text[end] == '@':
			last = end
		case text[end] == ':' && colon < 0:
			colon = end
		}
	}
	if colon < 0 || at(text, pos) == '[' {
		return span{}
	}
	if last < 0 && len(bytes.Trim(text[colon+1:end], "0123456789")) > 0 {
		// Not a port: a password with a slash that should have been escaped.
		const most = 256
		for i := end; i < min(len(text), end+most) && !isHardEnd(text, i); i += step(text, i) {
			if text[i] == '@' {
				last = i
			}
		}
	}
	return span{start: colon + 1, end: last}
}
