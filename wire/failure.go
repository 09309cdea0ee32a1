package wire

import "strings"

// FailureMessage is the message by which a [Failure] groups a request that failed, and the kind
// of its cause. What a client hears of an internal error says nothing, so that the cause of the
// last attempt takes its place where it is known.
func FailureMessage(e Error, history []Attempt) (message, kind string) {
	message = e.Message
	if n := len(history); n > 0 && e.Code == InternalError && history[n-1].Cause.Message != "" {
		message, kind = history[n-1].Cause.Message, history[n-1].Cause.Kind
	}
	return WithoutNumbers(message), kind
}

// WithoutNumbers is a message with # in the place of each number, with a unit or without; of
// the whole word where that is hexadecimal, or so long that it is an id; and of a UUID. Digits
// behind a letter, as in sha256, are part of the word.
func WithoutNumbers(message string) string {
	var out strings.Builder
	for i := 0; i < len(message); {
		if isUUID(message[i:]) {
			out.WriteByte('#')
			i += uuidLength
			continue
		}
		end := i
		for end < len(message) && isAlphanumeric(message[end]) {
			end++
		}
		if end == i {
			out.WriteByte(message[i])
			i++
			continue
		}
		writeWord(&out, message[i:end])
		i = end
	}
	return out.String()
}

// idLength is from how many characters on a word with digits is an id.
const idLength = 16

// writeWord writes a word of letters and digits without its numbers.
func writeWord(out *strings.Builder, word string) {
	digits, hex := false, strings.TrimPrefix(word, "0x")
	for i := range len(word) {
		digits = digits || isDigit(word[i])
	}
	if digits && (len(word) >= idLength || strings.Trim(hex, hexDigits) == "") {
		out.WriteByte('#')
		return
	}
	unit := strings.TrimLeft(word, "0123456789")
	if len(unit) < len(word) {
		out.WriteByte('#')
	}
	out.WriteString(unit)
}

const (
	hexDigits  = "0123456789abcdefABCDEF"
	uuidLength = 36
)

func isUUID(text string) bool {
	if len(text) < uuidLength || len(text) > uuidLength && isAlphanumeric(text[uuidLength]) {
		return false
	}
	for i := range uuidLength {
		switch i {
		case 8, 13, 18, 23:
			if text[i] != '-' {
				return false
			}
		default:
			if strings.IndexByte(hexDigits, text[i]) < 0 {
				return false
			}
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlphanumeric(c byte) bool { return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
