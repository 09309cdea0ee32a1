package auth

import (
	"errors"
	"fmt"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift"
)

// A fault is why a token is refused, for the log. It has names of claims and
// settings of the verifier, and nothing of the token: the library's own errors could
// quote it. The zero fault is none.
type fault string

// Error implements error.
func (f fault) Error() string { return string(f) }

const (
	errTooLong    fault = "the token is too long"
	errMalformed  fault = "the token is malformed"
	errSignature  fault = "the signature does not verify"
	errNoKey      fault = "none of the issuer's keys has the token's kid and fits its algorithm"
	errCritical   fault = "the token has a critical header that is not understood"
	errType       fault = "the header typ is neither JWT nor at+jwt, so that it is not an access token"
	errNoIssuer   fault = "the token has no claim iss"
	errExpired    fault = "the token has expired"
	errNotYet     fault = "the token is not valid yet: nbf is in the future"
	errFarExpiry  fault = "exp is not in seconds since 1970: it lies behind the year 9999"
	errNoAudience fault = "the token has no claim aud: where the issuer names the client instead, list those that count in ClientIDs"
	errNoClient   fault = "the token has neither client_id nor, without an aud, azp, which would name its client"
	errClient     fault = "the token is of a client that is not among the ClientIDs"
	errNotAccess  fault = "the token is an ID, refresh or logout token: an access token is needed"
	errBound      fault = "the token is bound to a key (cnf: DPoP or mTLS), whose proof is not checked here: a bearer token is needed"
)

// refuse makes the error of a fault. Only of an expired token is the caller told
// more than that it is not valid: a new one will do.
func refuse(why fault) error {
	message := "the token is not valid"
	if why == errExpired {
		message = "the token has expired"
	}
	return &lift.Error{Code: lift.CodeUnauthorized, Message: message, Cause: why}
}

// refusal finds the fault of a token that could not be parsed. The library asks for
// keys once it knows the algorithm to be allowed.
func (v *Verifier) refusal(err error, asked bool) error {
	if own, ok := errors.AsType[fault](err); ok {
		return refuse(own)
	}
	switch {
	case errors.Is(err, jwt.ErrTokenMalformed):
		return refuse(errMalformed)
	case !asked:
		return refuse(fault(fmt.Sprintf("the token's algorithm is not allowed: alg is none of %s", strings.Join(v.config.Algorithms, ", "))))
	}
	return refuse(errSignature)
}
