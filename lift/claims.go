package lift

import (
	"encoding/json"
	"slices"
	"time"
)

// Claims are what a verified token says of the caller. A middleware that
// verifies tokens puts them on the [Event].
type Claims struct {
	Tenant   string // the organization that the subject belongs to; "" where the verifier looks for none
	Subject  string
	Issuer   string
	Audience []string
	Scopes   []string
	Expiry   time.Time

	// Raw is the whole claim set, a JSON object.
	Raw json.RawMessage
}

// HasScope reports whether the token grants the scope.
func (c *Claims) HasScope(scope string) bool { return slices.Contains(c.Scopes, scope) }

// Text returns a claim that is a string, and "" for one that is missing or of
// another kind.
func (c *Claims) Text(name string) string {
	var text string
	if ok, err := c.Decode(name, &text); !ok || err != nil {
		return ""
	}
	return text
}

// Decode unmarshals one claim into v, and reports whether the token has it.
func (c *Claims) Decode(name string, v any) (bool, error) {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(c.Raw, &all); err != nil {
		return false, err
	}
	raw, ok := all[name]
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(raw, v)
}
