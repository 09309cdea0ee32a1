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
// Config.Issuer is a token's iss verifies it, with its keys and its audience alone.
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
	v := i[name]
	if name == "" {
		return nil, refuse("the token has no claim iss")
	}
	if v == nil {
		names := slices.Sorted(maps.Keys(i))
		return nil, refuse(fault(fmt.Sprintf("the token is of another issuer: iss is none of %q", names)))
	}
	return v.Verify(ctx, token)
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
