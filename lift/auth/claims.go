package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokenClaims are the registered claims, by their exact names, and the whole set
// (RFC 7519, section 4.1: claim names are case-sensitive).
type tokenClaims struct {
	jwt.RegisteredClaims
	all map[string]json.RawMessage
	raw json.RawMessage
}

// UnmarshalJSON reads each claim by its exact name, which a struct of encoding/json
// does not: it takes SUB for sub.
func (c *tokenClaims) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, &c.all); err != nil {
		return err
	}
	for name, into := range map[string]any{"iss": &c.Issuer, "sub": &c.Subject, "aud": &c.Audience,
		"exp": &c.ExpiresAt, "nbf": &c.NotBefore, "iat": &c.IssuedAt, "jti": &c.ID} {
		raw, present := c.all[name]
		if !present {
			continue
		}
		_, isDate := into.(**jwt.NumericDate)
		err := json.Unmarshal(raw, into)
		if err != nil || isDate && raw[0] == '"' { // a date is a number (section 2), and jwt takes a text of one, too
			return fault("the claim " + name + " is not of the kind that RFC 7519, section 4.1, gives it")
		}
	}
	c.raw = slices.Clone(data)
	return nil
}

// get returns a claim by its exact name, or by a JSON Pointer. A claim of null is
// as good as none.
func (c *tokenClaims) get(name string) (value json.RawMessage, present bool) {
	if !strings.HasPrefix(name, "/") {
		value = c.all[name]
		return value, len(value) > 0 && !isNull(value)
	}
	object := c.all
	unescape := strings.NewReplacer("~1", "/", "~0", "~") // RFC 6901, section 4
	for token := range strings.SplitSeq(name[1:], "/") {
		value = object[unescape.Replace(token)]
		object = nil
		if json.Unmarshal(value, &object) != nil {
			object = nil // it is the last one, or there is no member in it
		}
	}
	return value, len(value) > 0 && !isNull(value)
}

func isNull(value json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(value), []byte("null")) }

// text returns a claim that is a text, and whether there is any claim of the
// name.
func (c *tokenClaims) text(name string) (text string, present bool) {
	raw, present := c.get(name)
	if present && json.Unmarshal(raw, &text) != nil {
		text = ""
	}
	return text, present
}

// scopes reads the claims that hold scopes: lists separated by spaces (RFC 8693,
// section 4.2) or arrays.
func (c *tokenClaims) scopes(names []string) (scopes []string, _ fault) {
	for _, name := range names {
		raw, present := c.get(name)
		if !present {
			continue
		}
		var list []string
		var text string
		if err := json.Unmarshal(raw, &list); err == nil {
			scopes = append(scopes, list...)
		} else if err := json.Unmarshal(raw, &text); err == nil {
			scopes = append(scopes, strings.Fields(text)...)
		} else {
			return nil, fault(fmt.Sprintf("the claim %s, which holds scopes, is neither a text nor a list of texts", name))
		}
	}
	return scopes, ""
}

// lastExpiry is the end of the last year that a timestamp can name (RFC 3339,
// section 5.6: four digits). A time behind it is most likely in milliseconds.
var lastExpiry = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// checkIssuer finds out whether a token is of an issuer.
func (c *tokenClaims) checkIssuer(issuer string) fault {
	switch {
	case c.Issuer == "":
		return errNoIssuer
	case !c.isOf(issuer):
		return fault(fmt.Sprintf("the token is of another issuer: iss is not %q", issuer))
	}
	return ""
}

// check returns the first fault of a token of the issuer whose signature is good. That
// it has expired comes last, since a caller who learns that gets a new one.
func (v *Verifier) check(c *tokenClaims) fault {
	now, leeway := v.config.Now(), v.config.Leeway
	if c.ExpiresAt == nil {
		return "the token has no claim exp"
	}
	if fault := v.checkAudience(c); fault != "" {
		return fault
	}
	if fault := checkKind(c); fault != "" {
		return fault
	}
	switch {
	case !c.ExpiresAt.Before(lastExpiry):
		return errFarExpiry
	case c.NotBefore != nil && now.Before(c.NotBefore.Add(-leeway)):
		return errNotYet
	case !now.Before(c.ExpiresAt.Add(leeway)):
		return errExpired
	}
	return ""
}

// checkAudience finds out whether a token is for the audience, or of one of the
// clients. An ID token has an aud (OpenID Connect Core, section 2), so that azp, which
// it may have as well, counts only without.
func (v *Verifier) checkAudience(c *tokenClaims) fault {
	if v.config.Audience != "" && (len(c.Audience) > 0 || len(v.config.ClientIDs) == 0) {
		switch {
		case len(c.Audience) == 0:
			return errNoAudience
		case !slices.Contains(c.Audience, v.config.Audience):
			return fault(fmt.Sprintf("the token is for another audience: aud is not %q", v.config.Audience))
		}
		return ""
	}
	client, named := c.text("client_id")
	if !named && len(c.Audience) == 0 {
		client, named = c.text("azp")
	}
	switch {
	case !named:
		return errNoClient
	case !slices.Contains(v.config.ClientIDs, client):
		return errClient
	}
	return ""
}

// checkKind refuses what is known not to be an access token, or not to be one that
// its bearer alone may use.
func checkKind(c *tokenClaims) fault {
	if _, bound := c.get("cnf"); bound {
		return errBound
	}
	// Cognito: access or id.
	if use, named := c.text("token_use"); named && use != "access" {
		return errNotAccess
	}
	// Keycloak, in the claims and not in the header.
	switch typ, _ := c.text("typ"); typ {
	case "ID", "Refresh", "Offline", "Logout":
		return errNotAccess
	}
	// OpenID Connect Core, section 3.3.2.11.
	for _, name := range []string{"at_hash", "c_hash"} {
		if _, present := c.get(name); present {
			return errNotAccess
		}
	}
	// An object of events is a security event, such as a logout token (RFC 8417,
	// section 2.2; OpenID Connect Back-Channel Logout, section 2.4).
	if events, present := c.get("events"); present && events[0] == '{' {
		return errNotAccess
	}
	return ""
}

// tenant returns the tenant of a token, "" where none is looked for.
func (v *Verifier) tenant(c *tokenClaims) (string, fault) {
	name := v.config.TenantClaim
	if name == "" {
		return v.config.Tenant, ""
	}
	tenant, present := c.text(name)
	switch {
	case !present:
		return "", fault(fmt.Sprintf("the token has no claim %s, which names the tenant", name))
	case tenant == "":
		return "", fault(fmt.Sprintf("the claim %s, which names the tenant, is not a text of one character at least", name))
	}
	return tenant, ""
}
