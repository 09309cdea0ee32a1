package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"net/http"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift/lifttest"
)

// Who the events are of.
const (
	tenant  = "acme"
	subject = "ada"
)

// A tokens signs tokens that both sides trust.
type tokens struct {
	key    ed25519.PrivateKey
	public string
}

const (
	tokenIssuer   = "https://auth.example.com"
	tokenAudience = "streamer"
)

var issuer = newTokens()

func newTokens() tokens {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err) // the system gives no random bytes
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err) // a key that was just made encodes
	}
	return tokens{private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}
}

func (t tokens) env() []string {
	return []string{"STREAMER_JWT_KEYS=" + t.public, "STREAMER_JWT_ISSUER=" + tokenIssuer, "STREAMER_JWT_AUDIENCE=" + tokenAudience}
}

func (t tokens) sign() string {
	now := time.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": tokenIssuer, "aud": tokenAudience, "sub": subject, "tenant_id": tenant, "permissions": []string{"requests:write"},
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).SignedString(t.key)
	if err != nil {
		panic(err) // an Ed25519 key signs everything
	}
	return token
}

// connectionID is the n-th, in the form of AWS's.
func connectionID(n int) string {
	var id [11]byte
	binary.BigEndian.PutUint64(id[:], uint64(n))
	return base64.URLEncoding.EncodeToString(id[:])
}

func requestID(n int) string { return fmt.Sprintf("r%06d", n) }

func connectEvent(token string, n int) []byte {
	return lifttest.Connect{ConnectionID: connectionID(n), Header: http.Header{
		"Authorization": {"Bearer " + token}, "Sec-WebSocket-Protocol": {"streamer.v1"}, "Origin": {"https://app.example.com"},
		"Sec-WebSocket-Extensions": {"permessage-deflate; client_max_window_bits"}, "Sec-WebSocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
		"User-Agent":      {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"},
		"X-Amzn-Trace-Id": {"Root=1-65d2f6ae-1c0a9d4e7b3c5f8a0e2d4b6c"},
	}}.Payload()
}

func disconnectEvent(n int) []byte {
	return lifttest.Disconnect{ConnectionID: connectionID(n), Code: 1000}.Payload()
}

// echoEvent is a short action with a payload of about 200 bytes.
func echoEvent(n int) []byte {
	return messageEvent(n, "echo", `{"customer":"4711","lines":[{"sku":"A-100","quantity":2,"price":"19.90"},{"sku":"B-205",`+
		`"quantity":1,"price":"249.00"}],"note":"please call twice","currency":"EUR","total":"288.80"}`)
}

// The steps of a job: as short as can be, or so long that each one's progress is
// sent, which both sides do ten times a second at most.
const (
	echoSteps = 5
	shortStep = time.Millisecond
	longStep  = 150 * time.Millisecond
)

func enqueueEvent(n int, step time.Duration) []byte {
	return messageEvent(n, "echo_async", fmt.Sprintf(`{"message":"a report for customer 4711","step_ms":%d}`, step.Milliseconds()))
}

func messageEvent(n int, action, payload string) []byte {
	body := fmt.Sprintf(`{"id":%q,"action":%q,"payload":%s,"metadata":{"page":"orders"}}`, requestID(n), action, payload)
	return lifttest.Message{ConnectionID: connectionID(0), Body: body}.Payload()
}
