package verify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

var handshakeChecks = []Check{
	{"handshake", "a good token connects", func(ctx context.Context, t *Target) error {
		s, err := t.connect(ctx)
		if err != nil {
			return err
		}
		s.close()
		return nil
	}},
	{"handshake", "the token may travel in the query", func(ctx context.Context, t *Target) error {
		s, status, err := dial(ctx, t.WebSocketURL+"?token="+t.Token, "")
		if err != nil {
			return fmt.Errorf("status %d: %w", status, err)
		}
		s.close()
		return nil
	}},
	{"handshake", "the token may travel as a subprotocol, which is not echoed", func(ctx context.Context, t *Target) error {
		s, status, err := dialWith(ctx, t.WebSocketURL, &websocket.DialOptions{Subprotocols: []string{"streamer.v1", "bearer." + t.Token}})
		if err != nil {
			return fmt.Errorf("status %d: %w", status, err)
		}
		defer s.close()
		if got := s.conn.Subprotocol(); got != "streamer.v1" {
			return fmt.Errorf("the server chose the subprotocol %q", got)
		}
		return nil
	}},
	{"handshake", "no token: 401", refused(func(t *Target) (string, error) { return "", nil })},
	{"handshake", "garbage for a token: 401", refused(func(t *Target) (string, error) { return "x.y.z", nil })},
	{"handshake", "a changed signature: 401", refused(func(t *Target) (string, error) {
		head, signature, err := cutSignature(t.Token)
		if err != nil {
			return "", err
		}
		signature[0] ^= 1
		return head + "." + base64.RawURLEncoding.EncodeToString(signature), nil
	})},
	{"handshake", "a changed claim: 401", refused(func(t *Target) (string, error) {
		parts := strings.Split(t.Token, ".")
		if len(parts) != 3 {
			return "", fmt.Errorf("the token has %d parts", len(parts))
		}
		claims, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			return "", err
		}
		parts[1] = base64.RawURLEncoding.EncodeToString(append(claims[:len(claims)-1:len(claims)-1], `,"sub":"another"}`...))
		return strings.Join(parts, "."), nil
	})},
	{"handshake", "the algorithm none: 401", refused(func(t *Target) (string, error) {
		return withHeader(t.Token, `{"alg":"none","typ":"JWT"}`, nil)
	})},
	{"handshake", "HS256 instead of a signature: 401", refused(func(t *Target) (string, error) {
		return withHeader(t.Token, `{"alg":"HS256","typ":"JWT"}`, []byte("guess"))
	})},
	{"handshake", "an expired token: 401", refusedClaims(map[string]any{"exp": time.Now().Add(-time.Hour).Unix()})},
	{"handshake", "a token without exp: 401", refusedClaims(map[string]any{"exp": nil})},
	{"handshake", "a token for another audience: 401", refusedClaims(map[string]any{"aud": "another"})},
	{"handshake", "a token of another issuer: 401", refusedClaims(map[string]any{"iss": "another"})},
	{"handshake", "a token without a tenant: 401", refusedClaims(map[string]any{"tenant_id": nil})},
	{"handshake", "a token without a subject: 401", refusedClaims(map[string]any{"sub": nil})},
}

// refused is a check that a token is answered with 401 before the upgrade.
func refused(token func(t *Target) (string, error)) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		bad, err := token(t)
		if err != nil {
			return err
		}
		s, status, err := dial(ctx, t.WebSocketURL, bad)
		if err == nil {
			s.close()
			return fmt.Errorf("it was let in")
		}
		if status != http.StatusUnauthorized {
			return fmt.Errorf("answered %d: %w", status, err)
		}
		return nil
	}
}

// refusedClaims is a check that a token with other claims is refused. A stage may not
// ask for a claim that its good tokens do not have, such as a tenant.
func refusedClaims(claims map[string]any) func(context.Context, *Target) error {
	return func(ctx context.Context, t *Target) error {
		if t.Sign == nil {
			return skip("needs the stage's signing key")
		}
		good, err := claimsOf(t.Token)
		if err != nil {
			return err
		}
		for name := range claims {
			if _, has := good[name]; !has {
				return skip("the stage's token has no claim " + name)
			}
		}
		return refused(func(t *Target) (string, error) { return t.Sign(claims) })(ctx, t)
	}
}

// claimsOf reads a token's claims, and checks nothing.
func claimsOf(token string) (map[string]any, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("the token has %d parts, want 3 with dots between", len(parts))
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, fmt.Errorf("the token's claims: %w", err)
	}
	var claims map[string]any
	if err := json.Unmarshal(raw, &claims); err != nil {
		return nil, fmt.Errorf("the token's claims: %w", err)
	}
	return claims, nil
}

func cutSignature(token string) (head string, signature []byte, err error) {
	i := strings.LastIndexByte(token, '.')
	if i < 0 {
		return "", nil, fmt.Errorf("the token has no signature")
	}
	signature, err = base64.RawURLEncoding.DecodeString(token[i+1:])
	if err == nil && len(signature) == 0 {
		err = fmt.Errorf("the token has no signature")
	}
	return token[:i], signature, err
}

// withHeader gives a token another header, and a signature by a secret.
func withHeader(token, header string, secret []byte) (string, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return "", fmt.Errorf("the token has %d parts", len(parts))
	}
	head := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + parts[1]
	if secret == nil {
		return head + ".", nil
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(head))
	return head + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}
