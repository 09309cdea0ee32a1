package auth

import (
	"strings"

	"github.com/golang-jwt/jwt/v5"
)

// A keySet finds the keys for one token.
type keySet struct {
	issuer string // of the settings
	keys   []key
	fetch  func(missing bool) (keys []key, looked bool, err error) // nil for keys that never change
	asked  bool                                                    // the token's algorithm is allowed, and its keys were looked for
	looked bool                                                    // the keys are as they are at their source now
	fault  error                                                   // why the keys are not known for now
}

// forToken returns the keys that may have signed the token: those of its
// algorithm, and of its kid where both have one. Keys that are fetched may have
// changed: a kid that is not among them is worth another look.
func (s *keySet) forToken(token *jwt.Token) (any, error) {
	s.asked = true
	if err := checkHeader(token.Header); err != nil {
		return nil, err
	}
	claims, _ := token.Claims.(*tokenClaims)
	if why := claims.checkIssuer(s.issuer); why != "" {
		return nil, why // and no keys are fetched for it
	}
	if s.fetch != nil {
		s.keys, s.looked, s.fault = s.fetch(false)
		if s.fault != nil {
			return nil, s.fault
		}
	}
	alg := canonical(token.Method.Alg())
	kid, _ := token.Header["kid"].(string)
	set := s.candidates(s.keys, claims, alg, kid)
	if len(set.Keys) == 0 && s.fetch != nil && kid != "" && !s.looked {
		keys, looked, err := s.fetch(true)
		if s.looked = looked; err != nil {
			s.fault = err // whether the kid is good is not known for now
			return nil, err
		}
		set = s.candidates(keys, claims, alg, kid)
	}
	if len(set.Keys) == 0 {
		return nil, errNoKey
	}
	return set, nil
}

func (s *keySet) candidates(keys []key, claims *tokenClaims, alg, kid string) (set jwt.VerificationKeySet) {
	for _, k := range keys {
		if k.issuer != "" && strings.Contains(s.issuer, anyDirectory) && !claims.isOf(k.issuer) {
			continue
		}
		if k.fits(alg) && (kid == "" || k.id == "" || k.id == kid) {
			set.Keys = append(set.Keys, k.public)
		}
	}
	return set
}

// checkHeader refuses what a header must not say.
func checkHeader(header map[string]any) error {
	// No extension is understood here, and crit names those that must be; b64
	// changes what is signed (RFC 7515, section 4.1.11; RFC 7797, section 6).
	for _, extension := range []string{"crit", "b64"} {
		if _, present := header[extension]; present {
			return errCritical
		}
	}
	typ, present := header["typ"]
	if !present {
		return nil
	}
	// A media type: without its "application/", and in whatever case (RFC 7515,
	// section 4.1.9). Other kinds of JWT, such as dpop+jwt and logout+jwt, have a typ
	// so that they are not taken for access tokens (RFC 8725, section 3.11).
	name, _ := typ.(string)
	name = strings.ToLower(name)
	switch strings.TrimPrefix(name, "application/") {
	case "jwt", "at+jwt":
		return nil
	}
	return errType
}
