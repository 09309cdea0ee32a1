package cli

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
)

// oneLine makes a text of another user fit for one cell of a table: at most 80
// characters, none of which moves the cursor or turns the line around.
func oneLine(s string) string {
	s = printable(s)
	if runes := []rune(s); len(runes) > 80 {
		return string(runes[:79]) + "…"
	}
	return s
}

// printable replaces what a terminal would obey in place of showing it.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if obeyed(r) {
			return ' '
		}
		return r
	}, s)
}

// printableLines is printable for a text of several lines.
func printableLines(s string) string {
	return strings.Map(func(r rune) rune {
		if obeyed(r) && r != '\n' && r != '\t' {
			return ' '
		}
		return r
	}, s)
}

// printableJSON escapes, in the strings of a JSON text, what a terminal would obey.
func printableJSON(text []byte) []byte {
	var b bytes.Buffer
	for _, r := range string(text) {
		if obeyed(r) && !strings.ContainsRune("\n\t\r", r) { // which JSON has as white space only
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.Bytes()
}

// obeyed reports whether a character is a control of C0 or C1, changes the
// direction of text, or ends a line.
func obeyed(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
}

// quote makes one shell word of a text that another user may have chosen.
func quote(word string) string {
	word = printable(word)
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.:/@%+,=-", r)
	}) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// excerpt quotes the beginning of a text for an error.
func excerpt(data []byte) string { return fmt.Sprintf("%q", oneLine(string(data))) }
