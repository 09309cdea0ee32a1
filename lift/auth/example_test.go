package auth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift/auth"
)

// A Verifier checks a token's signature, issuer, audience and times.
func ExampleVerifier() {
	public, private, _ := ed25519.GenerateKey(nil)
	der, _ := x509.MarshalPKIXPublicKey(public)
	verifier, err := auth.NewVerifier(auth.Config{
		Issuer: "https://id.example.com", Audience: "orders",
		Keys: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	token, _ := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"iss": "https://id.example.com", "aud": "orders", "sub": "ada", "scope": "read", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(private)
	claims, err := verifier.Verify(context.Background(), token)
	fmt.Println(claims.Subject, claims.HasScope("read"), err)
	_, err = verifier.Verify(context.Background(), token+"x")
	fmt.Println(err != nil)
	// Output:
	// ada true <nil>
	// true
}
