package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pay-theory/streamer/lift"
)

// Issuers returns a verifier of the tokens of several issuers: the one whose
// Config.Issuer is a token's iss verifies it, with its keys and its audience alone. Its
// own name goes before one with {tenantid}.
// Issuers panics when two have the same, or none is given.
func Issuers(verifiers ...*Verifier) TokenVerifier {
	if len(verifiers) == 0 {
		panic("lift/auth: Issuers without a Verifier")
	}
	byName := make(issuers, len(verifiers))
	for _, v := range verifiers {
		if byName[v.config.Issuer] != nil {
			panic("lift/auth: Issuers has two Verifiers of the issuer " + v.config.Issuer)
		}
		byName[v.config.Issuer] = v
	}
	return byName
}

type issuers map[string]*Verifier

// Verify implements [TokenVerifier].
func (i issuers) Verify(ctx context.Context, token string) (*lift.Claims, error) {
	if len(token) > maxToken {
		return nil, refuse(errTooLong)
	}
	name, ok := claimedIssuer(token)
	if !ok {
		return nil, refuse(errMalformed)
	}
	if name == "" {
		return nil, refuse(errNoIssuer)
	}
	v := i.of(name)
	if v == nil {
		names := slices.Sorted(maps.Keys(i))
		return nil, refuse(fault(fmt.Sprintf("the token is of another issuer: iss is none of %q", names)))
	}
	return v.Verify(ctx, token)
}

// of returns the verifier of an issuer: the one of its very name, else the one of all
// directories.
func (i issuers) of(name string) *Verifier {
	if v := i[name]; v != nil {
		return v
	}
	for pattern, v := range i {
		if _, fits := directory(pattern, name); fits {
			return v
		}
	}
	return nil
}

// anyDirectory stands in Microsoft Entra's issuer of all directories, and in the issuer
// of a key, for the id of one.
const anyDirectory = "{tenantid}"

// directory returns what an issuer has in the place of {tenantid}, and whether it is
// of that form.
func directory(pattern, issuer string) (id string, fits bool) {
	before, after, found := strings.Cut(pattern, anyDirectory)
	if !found || !strings.HasPrefix(issuer, before) {
		return "", false
	}
	id, fits = strings.CutSuffix(issuer[len(before):], after)
	return id, fits && isGUID(id)
}

// isGUID takes 8-4-4-4-12 digits, which no slash can be among.
func isGUID(text string) bool {
	for i, c := range []byte(text) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
			return false
		}
	}
	return len(text) == 36
}

// isOf reports whether a token is of the issuer: by its exact name, or for {tenantid}
// by the directory that the token is of as well.
func (c *tokenClaims) isOf(issuer string) bool {
	if !strings.Contains(issuer, anyDirectory) {
		return c.Issuer == issuer
	}
	id, fits := directory(issuer, c.Issuer)
	tid, _ := c.text("tid")
	return fits && id == tid
}

// claimedIssuer reads a token's iss by its exact name, before anything of the
// token is verified: it only chooses who does that.
func claimedIssuer(token string) (string, bool) {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, ok := strings.Cut(rest, ".")
	if !ok {
		return "", false
	}
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return "", false
	}
	var claims map[string]json.RawMessage
	if err := json.Unmarshal(data, &claims); err != nil {
		return "", false
	}
	var name string
	if raw, present := claims["iss"]; present {
		if err := json.Unmarshal(raw, &name); err != nil {
			return "", false
		}
	}
	return name, true
}
