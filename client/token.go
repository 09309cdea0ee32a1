package client

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"time"
)

// expiry is when a JWT says that it expires; zero when it is not a JWT or has
// no expiry. Nothing is verified: the server does that.
func expiry(token string) time.Time {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if json.Unmarshal(raw, &claims) != nil || claims.Exp <= 0 || claims.Exp > math.MaxInt32*100 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Exp), 0)
}

// renewal is how long to wait before a token that expires at exp is renewed: a
// minute before, or a fifth of what is left when that is less. Asked again after
// a renewal that failed, it comes ever closer to exp. It is false when the token
// has no expiry, or too little time is left.
func renewal(exp time.Time) (time.Duration, bool) {
	left := time.Until(exp)
	if exp.IsZero() || left < time.Second {
		return 0, false
	}
	return left - min(left/5, time.Minute), true
}
