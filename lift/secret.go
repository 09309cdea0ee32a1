package lift

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/pay-theory/streamer/lift/internal/redact"
)

// A Secret is a text that does not show itself: printed, logged or encoded it is
// "[redacted]", inside other values too. Only Reveal gives the text. The zero
// Secret is empty.
//
// Secrets are compared with [Secret.Reveal], not with ==.
type Secret struct{ text *string }

// NewSecret returns a Secret of the text.
func NewSecret(text string) Secret { return Secret{&text} }

// Reveal returns the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// String returns "[redacted]".
func (Secret) String() string { return redact.Mark }

// Format writes "[redacted]", whatever the verb.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redact.Mark) }

// LogValue logs "[redacted]".
func (Secret) LogValue() slog.Value { return slog.StringValue(redact.Mark) }

// MarshalText encodes "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redact.Mark), nil }

// UnmarshalText sets the text.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
