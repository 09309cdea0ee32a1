// Package redact knows what must not be written down: the values of names that
// credentials have, and texts with the form of a credential.
package redact

// Mark stands where something was left out.
const Mark = "[redacted]"

// names are what the names of credentials end with, folded.
var names = [...]string{
	"accesskey", "apikey", "authorization", "cookie", "passphrase", "passwd", "password", "privatekey", "pwd",
	"secret", "secretkey", "secretstring", "signingkey", "token", "xamzsignature",
}

// maxName bounds how much of a name is compared, from its end.
const maxName = 40

// Keys are names of credentials of an application's own, besides the common
// ones. Case, hyphens and underscores do not tell them apart.
type Keys map[string]struct{}

// NewKeys returns the common names of credentials and more, which count as a whole.
func NewKeys(more ...string) Keys {
	set := make(Keys, len(more))
	for _, key := range more {
		set[string(fold(nil, []byte(key)))] = struct{}{}
	}
	return set
}

// Has reports whether the key is one of the set, or ends as a credential's does.
func (k Keys) Has(key string) bool {
	var buf [maxName]byte
	if isSecret(fold(buf[:0], []byte(key[max(0, len(key)-maxName):]))) {
		return true
	}
	if len(key) > maxName {
		return false
	}
	_, ok := k[string(fold(buf[:0], []byte(key)))]
	return ok
}

// isSecret reports whether a folded name is a credential's.
func isSecret(name []byte) bool {
	for _, end := range names {
		if hasSuffix(name, end) {
			return true
		}
	}
	return false
}

//go:noinline
func hasSuffix(name []byte, end string) bool {
	return len(name) >= len(end) && string(name[len(name)-len(end):]) == end
}

//go:noinline
func fold(dst, key []byte) []byte {
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
