package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
)

var now = time.Date(2024, 2, 19, 7, 0, 0, 0, time.UTC)

// keys are a private key for each algorithm, of RSA one for all, and one of a curve
// that none uses.
var keys = sync.OnceValue(func() map[string]crypto.Signer {
	_, ed, _ := ed25519.GenerateKey(nil)
	all := map[string]crypto.Signer{"EdDSA": ed}
	for name, curve := range map[string]elliptic.Curve{
		"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521(), "P-224": elliptic.P224()} {
		all[name], _ = ecdsa.GenerateKey(curve, rand.Reader)
	}
	all["RS256"], _ = rsa.GenerateKey(rand.Reader, 2048)
	for _, alg := range []string{"RS384", "RS512", "PS256", "PS384", "PS512"} {
		all[alg] = all["RS256"]
	}
	return all
})

func publicPEM(t *testing.T, algs ...string) []byte {
	t.Helper()
	var out []byte
	for _, alg := range algs {
		der, err := x509.MarshalPKIXPublicKey(keys()[alg].Public())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	}
	return out
}

func publicJWK(alg, kid string) map[string]string {
	b64 := base64.RawURLEncoding.EncodeToString
	switch public := keys()[alg].Public().(type) {
	case ed25519.PublicKey:
		return map[string]string{"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64(public)}
	case *ecdsa.PublicKey:
		point, _ := public.Bytes()
		half := 1 + len(point)/2
		return map[string]string{"kty": "EC", "crv": public.Params().Name, "kid": kid, "use": "sig", "x": b64(point[1:half]), "y": b64(point[half:])}
	case *rsa.PublicKey:
		return map[string]string{"kty": "RSA", "alg": alg, "kid": kid, "n": b64(public.N.Bytes()), "e": b64(big.NewInt(int64(public.E)).Bytes())}
	}
	panic(alg)
}

func config(t *testing.T) auth.Config {
	return auth.Config{Keys: publicPEM(t, "RS256", "ES256", "EdDSA"), Issuer: "iss", Audience: "aud", Now: func() time.Time { return now }}
}

func verifier(t *testing.T, cfg auth.Config) *auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// claims returns a valid set with changes; nil removes a claim.
func claims(changes map[string]any) jwt.MapClaims {
	c := jwt.MapClaims{"iss": "iss", "aud": "aud", "sub": "ada", "exp": now.Add(time.Hour).Unix(), "tenant": "acme", "scope": "read write"}
	for name, value := range changes {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
	return c
}

func sign(t *testing.T, alg, kid string, c jwt.MapClaims) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(alg), c)
	if kid != "" {
		token.Header["kid"] = kid
	}
	var key any = keys()[alg]
	switch alg {
	case "none":
		key = jwt.UnsafeAllowNoneSignatureType
	case "HS256":
		key = publicPEM(t, "RS256")
	}
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestVerify(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Keys = publicPEM(t, "RS256", "ES256", "ES384", "ES512", "EdDSA")
	v := verifier(t, cfg)
	for _, alg := range []string{auth.RS256, auth.RS384, auth.RS512, auth.PS256, auth.PS384, auth.PS512, auth.ES256, auth.ES384, auth.ES512, auth.EdDSA} {
		t.Run(alg, func(t *testing.T) {
			got, err := v.Verify(t.Context(), sign(t, alg, "", claims(map[string]any{"big": json.Number("9007199254740993")})))
			if err != nil {
				t.Fatalf("%s: %v", alg, err)
			}
			var n int64
			if got.Subject != "ada" || got.Issuer != "iss" || !slices.Equal(got.Audience, []string{"aud"}) || !got.Expiry.Equal(now.Add(time.Hour)) ||
				!slices.Equal(got.Scopes, []string{"read", "write"}) || got.Text("tenant") != "acme" {
				t.Errorf("%s: %+v", alg, got)
			}
			if ok, err := got.Decode("big", &n); !ok || err != nil || n != 9007199254740993 {
				t.Errorf("%s: big is %d", alg, n)
			}
		})
	}
	for name, scope := range map[string]any{"array": []string{"read", "write"}, "spaces": "  read   write "} {
		t.Run(name, func(t *testing.T) {
			if got, err := v.Verify(t.Context(), sign(t, "EdDSA", "", claims(map[string]any{"scope": scope}))); err != nil || !slices.Equal(got.Scopes, []string{"read", "write"}) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		})
	}
	if got, err := v.Verify(t.Context(), sign(t, "EdDSA", "", claims(map[string]any{"scope": nil, "aud": []string{"x", "aud"}}))); err != nil || got.Scopes != nil {
		t.Errorf("no scope: %v, %v", got, err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	v := verifier(t, cfg)
	cfg.Algorithms = []string{auth.ES256}
	strict := verifier(t, cfg)
	good := sign(t, "EdDSA", "", claims(nil))
	parts := strings.Split(good, ".")
	_, stranger, _ := ed25519.GenerateKey(nil)
	forged, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(nil)).SignedString(stranger)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		v              *auth.Verifier
		token          string
		message, cause string
	}{
		"empty":                  {v, "", "the token is not valid", "token is malformed"},
		"garbage":                {v, "a.b.c", "the token is not valid", "token is malformed"},
		"too long":               {v, strings.Repeat("a", 20<<10), "the token is not valid", "token is too long"},
		"none":                   {v, sign(t, "none", "", claims(nil)), "the token is not valid", "alg is none of RS256, RS384"},
		"HS256 by a public key":  {v, sign(t, "HS256", "", claims(nil)), "the token is not valid", "alg is none of"},
		"another curve":          {v, sign(t, "ES384", "", claims(nil)), "the token is not valid", "none of the issuer's keys"},
		"algorithm not allowed":  {strict, good, "the token is not valid", "alg is none of ES256"},
		"another's key":          {v, forged, "the token is not valid", "signature"},
		"set trailing bits":      {v, good[:len(good)-1] + string(rune(good[len(good)-1]+1)), "the token is not valid", "malformed"},
		"changed":                {v, parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"eve","iss":"iss"}`)) + "." + parts[2], "the token is not valid", "signature"},
		"no signature":           {v, parts[0] + "." + parts[1] + ".", "the token is not valid", "signature"},
		"expired":                {v, sign(t, "EdDSA", "", claims(map[string]any{"exp": now.Unix() - 1})), "the token has expired", "expired"},
		"expired, other issuer":  {v, sign(t, "EdDSA", "", claims(map[string]any{"exp": now.Unix() - 1, "iss": "x"})), "the token is not valid", "issuer"},
		"no exp":                 {v, sign(t, "EdDSA", "", claims(map[string]any{"exp": nil})), "the token is not valid", "no claim exp"},
		"no iss":                 {v, sign(t, "EdDSA", "", claims(map[string]any{"iss": nil})), "the token is not valid", "no claim iss"},
		"no aud":                 {v, sign(t, "EdDSA", "", claims(map[string]any{"aud": nil})), "the token is not valid", "no claim aud"},
		"wrong iss":              {v, sign(t, "EdDSA", "", claims(map[string]any{"iss": "x"})), "the token is not valid", "issuer"},
		"wrong aud":              {v, sign(t, "EdDSA", "", claims(map[string]any{"aud": "x"})), "the token is not valid", "audience"},
		"not yet":                {v, sign(t, "EdDSA", "", claims(map[string]any{"nbf": now.Unix() + 5})), "the token is not valid", "yet"},
		"scope of another kind":  {v, sign(t, "EdDSA", "", claims(map[string]any{"scope": 7})), "the token is not valid", "scopes"},
		"claims of another kind": {v, sign(t, "EdDSA", "", claims(map[string]any{"exp": "sesame"})), "the token is not valid", "the claim exp is not of the kind"},
		"exp as a text":          {v, sign(t, "EdDSA", "", claims(map[string]any{"exp": "1795000000"})), "the token is not valid", "the claim exp is not of the kind"},
		"nbf as a text":          {v, sign(t, "EdDSA", "", claims(map[string]any{"nbf": "1"})), "the token is not valid", "the claim nbf is not of the kind"},
		"iat as a text":          {v, sign(t, "EdDSA", "", claims(map[string]any{"iat": "1"})), "the token is not valid", "the claim iat is not of the kind"},
	} {
		t.Run(name, func(t *testing.T) {
			claims, err := tt.v.Verify(t.Context(), tt.token)
			var declared *lift.Error
			if claims != nil || !errors.As(err, &declared) || declared.Code != lift.CodeUnauthorized {
				t.Errorf("%s: %v, %v", name, claims, err)
				return
			}
			if declared.Message != tt.message || !strings.Contains(declared.Cause.Error(), tt.cause) {
				t.Errorf("%s: message %q, cause %q", name, declared.Message, declared.Cause)
			}
			if strings.Contains(err.Error(), "sesame") || len(tt.token) > 10 && strings.Contains(err.Error(), tt.token[:10]) {
				t.Errorf("%s: the token is quoted in %q", name, err)
			}
		})
	}
}

// Claim and header names are exact: another spelling is another claim.
func TestClaimNamesAreExact(t *testing.T) {
	t.Parallel()
	v := verifier(t, config(t))
	for _, tt := range []struct {
		name    string
		changes map[string]any
		want    string // the subject, or the cause of the refusal
	}{
		{"SUB beside sub", map[string]any{"sub": "eve", "SUB": "ada"}, "eve"},
		{"Sub before sub", map[string]any{"Sub": "ada", "sub": "eve"}, "eve"},
		{"Sub alone", map[string]any{"sub": nil, "Sub": "ada"}, ""},
		{"Exp beside an old exp", map[string]any{"exp": now.Unix() - 1, "Exp": now.Add(time.Hour).Unix()}, "the token has expired"},
		{"EXP alone", map[string]any{"exp": nil, "EXP": now.Add(time.Hour).Unix()}, "the token has no claim exp"},
		{"AUD beside another aud", map[string]any{"aud": "other", "AUD": "aud"}, `the token is for another audience: aud is not "aud"`},
		{"ISS beside another iss", map[string]any{"iss": "other", "ISS": "iss"}, `the token is of another issuer: iss is not "iss"`},
		{"NBF in the future", map[string]any{"NBF": now.Add(time.Hour).Unix()}, "ada"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			c, err := v.Verify(t.Context(), sign(t, "EdDSA", "", claims(tt.changes)))
			if e, refused := errors.AsType[*lift.Error](err); refused {
				got = e.Cause.Error()
			} else if err == nil {
				got = c.Subject
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestExtensionsAreRefused(t *testing.T) {
	t.Parallel()
	v := verifier(t, config(t))
	for name, header := range map[string]map[string]any{
		"an unknown crit":   {"crit": []string{"exp2"}, "exp2": 1},
		"an empty crit":     {"crit": []string{}},
		"b64 named by crit": {"crit": []string{"b64"}, "b64": false},
		"b64 alone":         {"b64": false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(nil))
			for k, value := range header {
				token.Header[k] = value
			}
			text, err := token.SignedString(keys()["EdDSA"])
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(t.Context(), text)
			if e, refused := errors.AsType[*lift.Error](err); !refused || !strings.Contains(e.Cause.Error(), "critical header") {
				t.Errorf("got %v, want a refusal for the header", err)
			}
		})
	}
}

func TestExpiryInMilliseconds(t *testing.T) {
	t.Parallel()
	v := verifier(t, config(t))
	for name, tt := range map[string]struct {
		exp  int64
		want string
	}{
		"the last second of the year 9999": {time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix(), ""},
		"milliseconds":                     {now.Add(time.Hour).UnixMilli(), "exp is not in seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := v.Verify(t.Context(), sign(t, "EdDSA", "", claims(map[string]any{"exp": tt.exp})))
			got := ""
			if e, refused := errors.AsType[*lift.Error](err); refused {
				got = e.Cause.Error()
			}
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// RFC 9864 gives EdDSA with Ed25519 a name of its own, which tokens may have.
func TestATokenWhoseAlgIsEd25519(t *testing.T) {
	t.Parallel()
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	only := config(t)
	only.Algorithms = []string{auth.ES256}
	for name, tt := range map[string]struct {
		v    *auth.Verifier
		key  any
		want string
	}{
		"a good signature":       {verifier(t, config(t)), keys()["EdDSA"], ""},
		"a stranger's signature": {verifier(t, config(t)), stranger, "signature"},
		"EdDSA is not allowed":   {verifier(t, only), keys()["EdDSA"], "alg is none of ES256"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(nil))
			token.Header["alg"] = "Ed25519"
			text, err := token.SignedString(tt.key)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			_, err = tt.v.Verify(t.Context(), text)
			if e, refused := errors.AsType[*lift.Error](err); refused {
				got = e.Cause.Error()
			}
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAJWKWhoseAlgIsEd25519(t *testing.T) {
	t.Parallel()
	k := publicJWK("EdDSA", "k")
	k["alg"] = "Ed25519"
	set, err := json.Marshal(map[string]any{"keys": []any{k}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := config(t)
	cfg.Keys = set
	if _, err := verifier(t, cfg).Verify(t.Context(), sign(t, "EdDSA", "k", claims(nil))); err != nil {
		t.Errorf("got %v, want the token accepted (RFC 9864, section 2.2)", err)
	}
}

func TestLeeway(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Leeway = 10 * time.Second
	v := verifier(t, cfg)
	for age, ok := range map[time.Duration]bool{9 * time.Second: true, 11 * time.Second: false} {
		t.Run(fmt.Sprint(age), func(t *testing.T) {
			_, err := v.Verify(t.Context(), sign(t, "EdDSA", "", claims(map[string]any{"exp": now.Add(-age).Unix()})))
			if (err == nil) != ok {
				t.Errorf("expired %s ago: %v", age, err)
			}
			_, err = v.Verify(t.Context(), sign(t, "EdDSA", "", claims(map[string]any{"nbf": now.Add(age).Unix()})))
			if (err == nil) != ok {
				t.Errorf("valid in %s: got %v, want it valid: %v", age, err, ok)
			}
		})
	}
}

func TestJWKs(t *testing.T) {
	t.Parallel()
	encode := func(v any) []byte {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	cfg := config(t)
	cfg.Keys = encode(map[string]any{"keys": []any{
		publicJWK("EdDSA", "ed"), publicJWK("ES256", "ec"), publicJWK("ES384", "ec384"), publicJWK("ES512", "ec512"),
		publicJWK("RS256", "rsa"), publicJWK("PS256", "pss"),
		map[string]string{"kty": "oct", "k": "AAAA"}, 7,
		map[string]string{"kty": "RSA", "use": "enc"},
	}})
	v := verifier(t, cfg)
	for alg, kid := range map[string]string{"EdDSA": "ed", "ES256": "ec", "ES384": "ec384", "ES512": "ec512", "RS256": "rsa", "PS256": "pss"} {
		t.Run(alg, func(t *testing.T) {
			if _, err := v.Verify(t.Context(), sign(t, alg, kid, claims(nil))); err != nil {
				t.Errorf("%s with its kid: %v", alg, err)
			}
			if _, err := v.Verify(t.Context(), sign(t, alg, "", claims(nil))); err != nil {
				t.Errorf("%s without kid: %v", alg, err)
			}
			if _, err := v.Verify(t.Context(), sign(t, alg, "gone", claims(nil))); err == nil {
				t.Errorf("%s with a kid that is not there passes", alg)
			}
		})
	}
	for alg, kid := range map[string]string{"RS256": "pss", "PS256": "rsa", "RS512": "rsa"} {
		t.Run(alg+" by a key of another algorithm", func(t *testing.T) {
			if _, err := v.Verify(t.Context(), sign(t, alg, kid, claims(nil))); err == nil {
				t.Errorf("%s passes with the key whose alg is another", alg)
			}
		})
	}
	cfg.Keys = encode(publicJWK("EdDSA", ""))
	if _, err := verifier(t, cfg).Verify(t.Context(), sign(t, "EdDSA", "any", claims(nil))); err != nil {
		t.Errorf("a single JWK: %v", err)
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	smallDER, _ := x509.MarshalPKIXPublicKey(&small.PublicKey)
	privateDER, _ := x509.MarshalPKCS8PrivateKey(keys()["EdDSA"])
	block := func(kind string, der []byte) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	for name, tt := range map[string]struct {
		change func(*auth.Config)
		want   string
	}{
		"no keys":        {func(c *auth.Config) { c.Keys = nil }, "Keys is empty"},
		"no issuer":      {func(c *auth.Config) { c.Issuer = "" }, "Issuer is empty"},
		"no audience":    {func(c *auth.Config) { c.Audience = "" }, "Audience is empty"},
		"two tenants":    {func(c *auth.Config) { c.Tenant, c.TenantClaim = "acme", "tid" }, "both a Tenant"},
		"leeway":         {func(c *auth.Config) { c.Leeway = time.Hour }, "Leeway of 1h"},
		"no PEM":         {func(c *auth.Config) { c.Keys = []byte("x") }, "neither PEM nor a JWK set"},
		"HS256":          {func(c *auth.Config) { c.Algorithms = []string{"HS256"} }, `"HS256" is none of`},
		"no key for it":  {func(c *auth.Config) { c.Keys, c.Algorithms = publicPEM(t, "ES256"), []string{"EdDSA"} }, "has no key for it"},
		"private key":    {func(c *auth.Config) { c.Keys = block("PRIVATE KEY", privateDER) }, "a private key"},
		"small key":      {func(c *auth.Config) { c.Keys = block("PUBLIC KEY", smallDER) }, "1024 bits"},
		"other curve":    {func(c *auth.Config) { c.Keys = publicPEM(t, "P-224") }, "P-224"},
		"other block":    {func(c *auth.Config) { c.Keys = block("X", nil) }, `type "X"`},
		"broken block":   {func(c *auth.Config) { c.Keys = block("PUBLIC KEY", []byte("x")) }, "parse PEM block"},
		"broken RSA":     {func(c *auth.Config) { c.Keys = block("RSA PUBLIC KEY", []byte("x")) }, "parse PEM block"},
		"broken cert":    {func(c *auth.Config) { c.Keys = block("CERTIFICATE", []byte("x")) }, "parse PEM block"},
		"broken JSON":    {func(c *auth.Config) { c.Keys = []byte(`{"keys":7}`) }, "parse JWK set"},
		"empty set":      {func(c *auth.Config) { c.Keys = []byte(`{"keys":[]}`) }, "has no keys"},
		"secret":         {func(c *auth.Config) { c.Keys = []byte(`{"keys":[{"kty":"oct"}]}`) }, "oct"},
		"use":            {func(c *auth.Config) { c.Keys = []byte(`{"keys":[{"kty":"RSA","use":"enc"}]}`) }, "enc"},
		"short EC":       {func(c *auth.Config) { c.Keys = []byte(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`) }, "32 bytes"},
		"short Ed25519":  {func(c *auth.Config) { c.Keys = []byte(`{"kty":"OKP","crv":"Ed25519","x":"AA"}`) }, "32 bytes"},
		"RSA without n":  {func(c *auth.Config) { c.Keys = []byte(`{"kty":"RSA","e":"AQAB"}`) }, "without n or e"},
		"RSA exponent":   {func(c *auth.Config) { c.Keys = []byte(`{"kty":"RSA","n":"AQAB","e":"Ag"}`) }, "exponent"},
		"other alg":      {func(c *auth.Config) { c.Keys = []byte(jwkWithAlg("HS256")) }, "HS256"},
		"small RSA JWK":  {func(c *auth.Config) { c.Keys = []byte(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`) }, "bits"},
		"point off P256": {func(c *auth.Config) { c.Keys = []byte(offCurve()) }, "point"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(t)
			tt.change(&cfg)
			if _, err := auth.NewVerifier(cfg); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func jwkWithAlg(alg string) string {
	j := publicJWK("EdDSA", "")
	j["alg"] = alg
	data, _ := json.Marshal(j)
	return string(data)
}

func offCurve() string {
	one := base64.RawURLEncoding.EncodeToString(append(make([]byte, 31), 1))
	return `{"kty":"EC","crv":"P-256","x":"` + one + `","y":"` + one + `"}`
}

func TestJWT(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	app := lift.New(lift.Config{Logger: log.Logger()})
	guard := auth.JWT(verifier(t, config(t)))
	h := lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
		return &lift.Response{Status: 200, Body: []byte(lift.ClaimsFrom(ctx).Subject)}, nil
	})
	app.HTTP("GET /x", h, guard)
	app.WebSocket(lift.RouteConnect, h, guard)
	good, expired := sign(t, "EdDSA", "", claims(nil)), sign(t, "EdDSA", "", claims(map[string]any{"exp": now.Unix() - 9}))
	header := func(value string) http.Header { return http.Header{"Authorization": {value}} }

	for name, tt := range map[string]struct {
		event     lifttest.Event
		status    int
		challenge string
	}{
		"header":                   {lifttest.HTTP{Path: "/x", Header: header("Bearer " + good)}, 200, ""},
		"header, other case":       {lifttest.HTTP{Path: "/x", Header: header("bearer " + good)}, 200, ""},
		"no token":                 {lifttest.HTTP{Path: "/x"}, 401, "Bearer"},
		"another scheme":           {lifttest.HTTP{Path: "/x", Header: header("Basic " + good)}, 401, "Bearer"},
		"expired":                  {lifttest.HTTP{Path: "/x", Header: header("Bearer " + expired)}, 401, `Bearer error="invalid_token"`},
		"query over HTTP":          {lifttest.HTTP{Path: "/x", Query: "token=" + good}, 401, "Bearer"},
		"connect, header":          {lifttest.Connect{Header: header("Bearer " + good)}, 200, ""},
		"connect, Authorization":   {lifttest.Connect{Query: url.Values{"Authorization": {good}}}, 200, ""},
		"connect, with a scheme":   {lifttest.Connect{Query: url.Values{"Authorization": {"Bearer " + good}}}, 200, ""},
		"connect, token":           {lifttest.Connect{Query: url.Values{"token": {good}}}, 200, ""},
		"connect, subprotocol":     {lifttest.Connect{Header: http.Header{"Sec-WebSocket-Protocol": {"streamer.v1, bearer." + good}}}, 200, ""},
		"connect, no token":        {lifttest.Connect{Header: http.Header{"Sec-WebSocket-Protocol": {"streamer.v1"}}}, 401, "Bearer"},
		"connect, a bad one":       {lifttest.Connect{Query: url.Values{"token": {expired}}}, 401, `Bearer error="invalid_token"`},
		"connect, first one wins":  {lifttest.Connect{Header: header("Bearer " + expired), Query: url.Values{"token": {good}}}, 401, `Bearer error="invalid_token"`},
		"connect, empty parameter": {lifttest.Connect{Query: url.Values{"token": {""}}}, 401, "Bearer"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, tt.event)
			if answer.Status != tt.status || answer.Header.Get("WWW-Authenticate") != tt.challenge {
				t.Errorf("%s: %d %q %s", name, answer.Status, answer.Header.Get("WWW-Authenticate"), answer.Body)
			}
			if answer.Status == 200 && string(answer.Body) != "ada" {
				t.Errorf("%s: subject %q", name, answer.Body)
			}
			for _, part := range strings.Split(good+"."+expired, ".") {
				if strings.Contains(log.String(), part) || strings.Contains(string(answer.Payload), part) {
					t.Errorf("%s: the token shows", name)
				}
			}
		})
	}
}

func TestJWTFitsOnlyWhereTokensAre(t *testing.T) {
	t.Parallel()
	guard := auth.JWT(verifier(t, config(t)))
	h := lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) { return nil, nil })
	for name, register := range map[string]func(*lift.App){
		"stream":  func(a *lift.App) { a.DynamoDB(h, guard) },
		"message": func(a *lift.App) { a.WebSocket(lift.RouteDefault, h, guard) },
		"stack":   func(a *lift.App) { a.Use(guard); a.Schedule(h) },
		"nil":     func(*lift.App) { auth.JWT(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			func() {
				defer func() {
					if text, _ := recover().(string); !strings.Contains(text, "JWT") {
						t.Errorf("%s: panic %q", name, text)
					}
				}()
				register(lift.New(lift.Config{}))
			}()
		})
	}
}
