// Package redact knows what must not be written down: keys whose values are
// credentials, and texts that look like bearer tokens.
package redact

import "bytes"

// Mark stands where something was left out.
const Mark = "[redacted]"

// keys are those of common credentials, folded.
var keys = [...]string{
	"apikey", "authorization", "clientsecret", "cookie", "idtoken", "accesstoken", "refreshtoken",
	"password", "passwd", "privatekey", "proxyauthorization", "secret", "secretaccesskey",
	"sessiontoken", "setcookie", "token", "xapikey", "xamzsecuritytoken",
}

// maxKey bounds the keys that are compared; a longer one is not a credential's.
const maxKey = 40

// Keys is a set of keys. Case, hyphens and underscores do not tell them apart.
type Keys map[string]struct{}

// NewKeys returns the common credentials' keys and more.
func NewKeys(more ...string) Keys {
	set := make(Keys, len(keys)+len(more))
	for _, key := range keys {
		set[key] = struct{}{}
	}
	for _, key := range more {
		set[string(fold(nil, key))] = struct{}{}
	}
	return set
}

// Has reports whether the key is one of the set.
func (k Keys) Has(key string) bool {
	if len(key) > maxKey {
		return false
	}
	var buf [maxKey]byte
	_, ok := k[string(fold(buf[:0], key))]
	return ok
}

func fold(dst []byte, key string) []byte {
	for i := range len(key) {
		switch c := key[i]; {
		case c == '-' || c == '_':
		case c >= 'A' && c <= 'Z':
			dst = append(dst, c|0x20)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

var jwt, scheme = []byte("eyJ"), []byte("earer ")

// Tokens returns text without the tokens in it: whatever has the form of a JWT,
// and what follows the word Bearer. Text without any is returned as it is.
func Tokens(text []byte) []byte {
	var out []byte
	done := 0
	for pos := 0; pos < len(text); {
		start, end := next(text, pos)
		if start < 0 {
			break
		}
		if end > start {
			out = append(append(out, text[done:start]...), Mark...)
			done = end
		}
		pos = max(end, start+1)
	}
	if done == 0 {
		return text
	}
	return append(out, text[done:]...)
}

// next finds where a token may begin, from pos on, and where it ends; an end
// that is not behind the start means that it is none.
func next(text []byte, pos int) (start, end int) {
	start = bytes.Index(text[pos:], jwt)
	if word := bytes.Index(text[pos:], scheme); word >= 0 && (start < 0 || word < start) {
		start = pos + word + len(scheme)
		return start, opaque(text, start)
	}
	if start < 0 {
		return -1, -1
	}
	start += pos
	return start, compact(text, start)
}

// compact returns the end of a JWT in its compact form: parts of base64url with
// dots between.
func compact(text []byte, start int) int {
	end, dots := start, 0
	for ; end < len(text); end++ {
		if text[end] == '.' {
			dots++
		} else if !isBase64URL(text[end]) {
			break
		}
	}
	if dots == 0 || end-start < 12 {
		return start
	}
	return end
}

// opaque returns the end of a token of any form (RFC 6750, section 2.1). A word
// without a digit is taken for one of the sentence.
func opaque(text []byte, start int) int {
	end, digit := start, false
	for ; end < len(text); end++ {
		c := text[end]
		if !isBase64URL(c) && c != '.' && c != '~' && c != '+' && c != '/' && c != '=' {
			break
		}
		digit = digit || c >= '0' && c <= '9'
	}
	if !digit || end-start < 8 {
		return start
	}
	return end
}

func isBase64URL(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_'
}
