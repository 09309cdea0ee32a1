package deployed_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/functions/deployed"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// An issuer of tokens with its keys at a URL.
type keysAt struct {
	*lifttest.Issuer
	url string
}

func issuerAt(t *testing.T, name string) keysAt {
	t.Helper()
	issuer := lifttest.NewIssuer(name)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(issuer.Keys()) }))
	t.Cleanup(server.Close)
	return keysAt{issuer, server.URL}
}

// The settings of tokens mean the same in the environment, in its list of issuers and in
// the application's parts.
func TestSettingsOfTokens(t *testing.T) {
	t.Parallel()
	pool, entra := issuerAt(t, "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_example"), issuerAt(t, "https://login.example/t1/v2.0")
	one := func(more ...string) map[string]string {
		env := map[string]string{"STREAMER_JWT_ISSUER": pool.Name, "STREAMER_JWKS_URL": pool.url}
		for _, pair := range more {
			name, value, _ := strings.Cut(pair, "=")
			env["STREAMER_JWT_"+name] = value
		}
		return env
	}
	element := func(i keysAt, more string) string {
		return fmt.Sprintf(`{"issuer": %q, "jwks": %q%s}`, i.Name, i.url, more)
	}
	access := map[string]any{"client_id": "web", "token_use": "access", "custom:tenant": "acme", "scope": "shop/read"}
	app := map[string]any{"aud": "api", "tid": "t1", "scp": "read write", "roles": []string{"operator"}}
	for name, tt := range map[string]struct {
		env   map[string]string
		own   []auth.Config
		token string
		want  string // the tenant and scopes, or the status
	}{
		"client ids and a tenant claim": {one("CLIENT_IDS=app, web", "TENANT_CLAIM=custom:tenant"), nil, pool.Token(access), "acme [shop/read]"},
		"one tenant for every token":    {one("CLIENT_IDS=web", "TENANT=initech"), nil, pool.Token(access), "initech [shop/read]"},
		"no tenant claim":               {one("CLIENT_IDS=web"), nil, pool.Token(access), "401"},
		"the default tenant claim": {one("AUDIENCE=api"), nil, pool.Token(map[string]any{"aud": "api", "tenant_id": "acme", "scope": "a", "scp": []string{"b"},
			"permissions": []string{"c"}, "roles": []string{"d"}}), "acme [a b c]"},
		"roles, once they are named": {one("AUDIENCE=api", "SCOPE_CLAIMS=scp,roles", "TENANT_CLAIM=tid"), nil, pool.Token(app), "t1 [read write operator]"},
		"an algorithm":               {one("AUDIENCE=api", "TENANT_CLAIM=tid", "ALGORITHMS=Ed25519"), nil, pool.Token(app), "t1 [read write]"},
		"another algorithm":          {one("AUDIENCE=api", "TENANT_CLAIM=tid", "ALGORITHMS=RS256,PS256"), nil, pool.Token(app), "401"},
		"beside a list": {one("CLIENT_IDS=web", "TENANT_CLAIM=custom:tenant", "ISSUERS=["+element(entra, `, "audience": "api", "tenant_claim": "tid"`)+"]"),
			nil, entra.Token(app), "t1 [read write]"},
		"the one, beside a list": {one("CLIENT_IDS=web", "TENANT_CLAIM=custom:tenant", "ISSUERS=["+element(entra, `, "audience": "api", "tenant_claim": "tid"`)+"]"),
			nil, pool.Token(access), "acme [shop/read]"},
		"a list alone": {map[string]string{"STREAMER_JWT_ISSUERS": "[" + element(pool, `, "client_ids": ["web"], "tenant": "initech", "scope_claims": ["scope"],
			"algorithms": ["EdDSA"]`) + "," + element(entra, `, "audience": "api", "tenant_claim": "tid"`) + "]"}, nil, pool.Token(access), "initech [shop/read]"},
		"what a list leaves out": {map[string]string{"STREAMER_JWT_ISSUERS": "[" + element(entra, "") + "]", "STREAMER_JWT_AUDIENCE": "api",
			"STREAMER_JWT_TENANT_CLAIM": "tid", "STREAMER_JWT_SCOPE_CLAIMS": "roles"}, nil, entra.Token(app), "t1 [operator]"},
		"the application's": {nil, []auth.Config{{Issuer: entra.Name, JWKS: auth.JWKSConfig{URL: entra.url}, Audience: "api", TenantClaim: "tid"}},
			entra.Token(app), "t1 [read write]"},
		"the application's, beside the environment's": {one("CLIENT_IDS=web"),
			[]auth.Config{{Issuer: entra.Name, Keys: entra.Keys(), Audience: "api", TenantClaim: "tid"}}, entra.Token(app), "t1 [read write]"},
		"the environment's wins over one of the same name": {one("AUDIENCE=api", "TENANT_CLAIM=tid"),
			[]auth.Config{{Issuer: pool.Name, Keys: pool.Keys(), Audience: "api", Tenant: "code"}}, pool.Token(app), "t1 [read write]"},
		"of no issuer that is named": {one("AUDIENCE=api", "TENANT_CLAIM=tid"), nil, entra.Token(app), "401"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := environment(t)
			for _, variable := range []string{"STREAMER_JWT_KEYS", "STREAMER_JWT_ISSUER", "STREAMER_JWT_AUDIENCE"} {
				delete(env, variable)
			}
			maps.Copy(env, tt.env)
			own := parts
			own.Issuers = tt.own
			own.Routes = func(app *lift.App, authenticate lift.Middleware) {
				app.HTTP("GET /me", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
					return &lift.Response{Body: fmt.Append(nil, e.Claims.Tenant, " ", e.Claims.Scopes)}, nil
				}), authenticate)
			}
			router, err := deployed.Router(t.Context(), own, options(env))
			if err != nil {
				t.Fatal(err)
			}
			answer := lifttest.Invoke(t.Context(), t, router, lifttest.HTTP{Path: "/me", Header: http.Header{"Authorization": {"Bearer " + tt.token}}})
			got := string(answer.Body)
			if answer.Status != http.StatusOK {
				got = fmt.Sprint(answer.Status)
			}
			if got != tt.want {
				t.Errorf("got %s (%s), want %s", got, answer.Body, tt.want)
			}
		})
	}
}

func TestSettingsOfTokensThatWillNotDo(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		env  map[string]string
		want string
	}{
		"none at all":            {nil, "STREAMER_JWT_ISSUER is not set: name the issuer of your tokens"},
		"keys without an issuer": {map[string]string{"STREAMER_JWKS_URL": "https://x"}, "STREAMER_JWT_ISSUER is not set"},
		"no keys":                {map[string]string{"STREAMER_JWT_ISSUER": "x", "STREAMER_JWT_AUDIENCE": "a"}, "STREAMER_JWKS_URL is not set"},
		"no audience":            {map[string]string{"STREAMER_JWT_ISSUER": "x", "STREAMER_JWKS_URL": "https://x"}, "neither is STREAMER_JWT_CLIENT_IDS"},
		"two kinds of tenant": {map[string]string{"STREAMER_JWT_ISSUER": "x", "STREAMER_JWKS_URL": "https://x", "STREAMER_JWT_AUDIENCE": "a",
			"STREAMER_JWT_TENANT": "t", "STREAMER_JWT_TENANT_CLAIM": "tid"}, `the issuer "x": auth: Config has both a Tenant`},
		"an algorithm of secrets": {map[string]string{"STREAMER_JWT_ISSUER": "x", "STREAMER_JWKS_URL": "https://x", "STREAMER_JWT_AUDIENCE": "a",
			"STREAMER_JWT_ALGORITHMS": "HS256"}, `"HS256" is none of RS256`},
		"not a list":        {map[string]string{"STREAMER_JWT_ISSUERS": `{"issuer": "x"}`}, "STREAMER_JWT_ISSUERS is not a JSON list such as"},
		"more than a list":  {map[string]string{"STREAMER_JWT_ISSUERS": `[] []`}, "there is more behind the list"},
		"a misspelt member": {map[string]string{"STREAMER_JWT_ISSUERS": `[{"issuer": "x", "tennant": "y"}]`}, `unknown field "tennant"`},
		"one twice": {map[string]string{"STREAMER_JWT_ISSUERS": `[{"issuer": "x", "jwks": "https://x"}, {"issuer": "x", "jwks": "https://y"}]`,
			"STREAMER_JWT_AUDIENCE": "a"}, `the issuer "x" is there twice`},
		"one of development": {map[string]string{"STREAMER_JWT_ISSUERS": `[{"issuer": "streamer-dev", "jwks": "https://x", "audience": "a"}]`},
			"the issuer of development tokens"},
		"one without an audience": {map[string]string{"STREAMER_JWT_ISSUERS": `[{"issuer": "x", "jwks": "https://x"}]`},
			`the issuer "x": auth: Config.Audience is empty`},
	} {
		for _, function := range []string{"connect", "router"} {
			t.Run(name+", "+function, func(t *testing.T) {
				t.Parallel()
				env := environment(t)
				for _, variable := range []string{"STREAMER_JWT_KEYS", "STREAMER_JWT_ISSUER", "STREAMER_JWT_AUDIENCE"} {
					delete(env, variable)
				}
				maps.Copy(env, tt.env)
				if _, err := builders[function](t.Context(), parts, options(env)); err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got %v, want %q", err, tt.want)
				}
			})
		}
	}
	t.Run("a verifier beside issuers", func(t *testing.T) {
		t.Parallel()
		own := functions.Parts{Verifier: refuseAll{}, Issuers: []auth.Config{{Issuer: "x"}}}
		if _, err := deployed.Connect(t.Context(), own, options(environment(t))); err == nil || !strings.Contains(err.Error(), "both a Verifier and Issuers") {
			t.Errorf("got %v, want an error about both", err)
		}
	})
}
