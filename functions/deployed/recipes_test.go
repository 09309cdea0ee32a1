package deployed_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// variables are what the template makes of its parameters.
var variables = map[string]string{
	"JwtIssuer": "STREAMER_JWT_ISSUER", "JwksUrl": "STREAMER_JWKS_URL", "JwtAudience": "STREAMER_JWT_AUDIENCE",
	"JwtClientIds": "STREAMER_JWT_CLIENT_IDS", "JwtTenantClaim": "STREAMER_JWT_TENANT_CLAIM", "JwtTenant": "STREAMER_JWT_TENANT",
	"JwtScopeClaims": "STREAMER_JWT_SCOPE_CLAIMS", "JwtAlgorithms": "STREAMER_JWT_ALGORITHMS",
}

// A recipe of docs/auth.md: one or more settings, and a token that each of them lets in.
type recipe struct {
	settings        []map[string]string
	header, payload map[string]any
}

var block = regexp.MustCompile("(?s)```(text|json)\n(.*?)```")

func recipes(t *testing.T) map[string]recipe {
	t.Helper()
	page, err := os.ReadFile("../../docs/auth.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "## Recipes")
	if !found {
		t.Fatal("docs/auth.md has no recipes")
	}
	all := map[string]recipe{}
	for section := range strings.SplitSeq(text, "\n### ") {
		name, _, _ := strings.Cut(section, "\n")
		var r recipe
		for _, b := range block.FindAllStringSubmatch(section, -1) {
			if b[1] == "json" {
				decoder := json.NewDecoder(strings.NewReader(b[2]))
				if err := decoder.Decode(&r.header); err != nil {
					t.Fatalf("the header of %s: %v", name, err)
				}
				if err := decoder.Decode(&r.payload); err != nil {
					t.Fatalf("the claims of %s: %v", name, err)
				}
				continue
			}
			env := map[string]string{}
			for line := range strings.SplitSeq(strings.TrimSpace(b[2]), "\n") {
				parameter, value, _ := strings.Cut(line, "=")
				if variables[parameter] == "" {
					t.Fatalf("%s sets %s, which is no parameter of tokens", name, parameter)
				}
				env[variables[parameter]] = value
			}
			r.settings = append(r.settings, env)
		}
		if len(r.settings) > 0 {
			all[name] = r
		}
	}
	return all
}

// Each recipe lets its issuer's access token in, as who it is, and no other token of
// that issuer.
func TestRecipes(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	all := recipes(t)
	const cognito, auth0, entra, keycloak, clerk = "Amazon Cognito", "Auth0", "Microsoft Entra ID", "Keycloak", "Clerk"
	ask := func(t *testing.T, settings map[string]string, header, payload map[string]any) string {
		t.Helper()
		env := environment(t)
		maps.Copy(env, settings)
		if !strings.HasPrefix(settings["STREAMER_JWKS_URL"], "https://") {
			t.Errorf("got the keys' URL %q, want one of https", settings["STREAMER_JWKS_URL"])
		}
		delete(env, "STREAMER_JWKS_URL")
		env["STREAMER_JWT_KEYS"] = public
		if settings["STREAMER_JWT_AUDIENCE"] == "" {
			delete(env, "STREAMER_JWT_AUDIENCE")
		}
		claims := jwt.MapClaims{"iat": time.Now().Unix(), "nbf": time.Now().Unix() - 10, "exp": time.Now().Add(time.Minute).Unix()}
		maps.Copy(claims, payload)
		maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
		token := &jwt.Token{Header: header, Claims: claims, Method: jwt.GetSigningMethod(fmt.Sprint(header["alg"]))}
		text, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		own := parts
		own.Routes = func(app *lift.App, authenticate lift.Middleware) {
			app.HTTP("GET /me", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
				return &lift.Response{Body: fmt.Append(nil, e.Claims.Tenant, " ", e.Claims.Subject, " ", e.Claims.Scopes)}, nil
			}), authenticate)
		}
		router, err := deployed.Router(t.Context(), own, options(env))
		if err != nil {
			t.Fatal(err)
		}
		answer := lifttest.Invoke(t.Context(), t, router, lifttest.HTTP{Path: "/me", Header: http.Header{"Authorization": {"Bearer " + text}}})
		if answer.Status != http.StatusOK {
			return fmt.Sprint(answer.Status)
		}
		return string(answer.Body)
	}
	for name, want := range map[string][]string{
		cognito: {"acme aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee [openid shop/orders.read]"},
		auth0:   {"acme auth0|6553da60a54af58e29493993 [openid profile orders.read]"},
		entra: {"acme HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ [orders.read orders.write Orders.Admin]",
			"72f988bf-86f1-41af-91ab-2d7cd011db47 HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ [orders.read orders.write Orders.Admin]"},
		keycloak: {"acme 0b1c2d3e-4f50-6172-8394-a5b6c7d8e9f0 [openid profile orders.read]"},
		clerk:    {"org_123 user_123 [admin]"},
	} {
		for i := range max(len(want), len(all[name].settings)) {
			t.Run(fmt.Sprint(name, " ", i), func(t *testing.T) {
				t.Parallel()
				if i >= len(all[name].settings) || i >= len(want) {
					t.Fatalf("docs/auth.md has %d settings, want %d", len(all[name].settings), len(want))
				}
				if got := ask(t, all[name].settings[i], all[name].header, all[name].payload); got != want[i] {
					t.Errorf("got %s, want %s", got, want[i])
				}
			})
		}
	}
	for name, tt := range map[string]struct {
		recipe string
		change map[string]any // of the claims; nil removes one
	}{
		"Cognito's ID token":                   {cognito, map[string]any{"token_use": "id", "aud": "1example23456789", "client_id": nil}},
		"another app client's":                 {cognito, map[string]any{"client_id": "2example"}},
		"another pool's":                       {cognito, map[string]any{"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_OTHER"}},
		"Cognito without the trigger":          {cognito, map[string]any{"tenant_id": nil, "custom:tenant": "acme"}},
		"Auth0's userinfo token":               {auth0, map[string]any{"aud": "https://example.us.auth0.com/userinfo"}},
		"Auth0's issuer without its slash":     {auth0, map[string]any{"iss": "https://example.us.auth0.com"}},
		"Auth0 without the Action":             {auth0, map[string]any{"https://app.example/tenant": nil}},
		"Entra's token of version 1":           {entra, map[string]any{"iss": "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/"}},
		"Entra's token for Graph":              {entra, map[string]any{"aud": "00000003-0000-0000-c000-000000000000"}},
		"Keycloak's ID token":                  {keycloak, map[string]any{"typ": "ID", "aud": "streamer"}},
		"Keycloak's refresh token":             {keycloak, map[string]any{"typ": "Refresh", "aud": "https://id.example/realms/shop"}},
		"Keycloak without the audience mapper": {keycloak, map[string]any{"aud": nil}},
		"Keycloak's DPoP token":                {keycloak, map[string]any{"typ": "DPoP", "cnf": map[string]any{"jkt": "x"}}},
		"another page's session of Clerk":      {clerk, map[string]any{"azp": "https://evil.example"}},
		"a session without an organization":    {clerk, map[string]any{"o": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			payload := maps.Clone(all[tt.recipe].payload)
			maps.Copy(payload, tt.change)
			for _, settings := range all[tt.recipe].settings {
				if got := ask(t, settings, all[tt.recipe].header, payload); got != "401" {
					t.Errorf("got %s, want 401", got)
				}
			}
		})
	}
}
