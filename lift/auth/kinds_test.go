package auth_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
)

// cause is the cause of a refusal, "" for a token that is let in, and whatever the
// error says when it is not a refusal.
func cause(err error) string {
	if err == nil {
		return ""
	}
	e, refused := errors.AsType[*lift.Error](err)
	if !refused || e.Code != lift.CodeUnauthorized || e.Cause == nil {
		return "not a refusal: " + err.Error()
	}
	return e.Cause.Error()
}

// matches reports whether a cause is of the wanted kind; "" stands for none.
func matches(got, want string) bool {
	return (got == "") == (want == "") && strings.Contains(got, want)
}

func TestAccessTokensAlone(t *testing.T) {
	t.Parallel()
	const other, kind, bound = "the header typ is neither JWT nor at+jwt", "an access token is needed", "bound to a key (cnf"
	v := verifier(t, config(t))
	for name, tt := range map[string]struct {
		typ    any
		claims map[string]any
		want   string
	}{
		"JWT":                               {"JWT", nil, ""},
		"no typ":                            {nil, nil, ""},
		"an access token of RFC 9068":       {"at+jwt", nil, ""},
		"the whole media type, in capitals": {"APPLICATION/AT+JWT", nil, ""},
		"a DPoP proof":                      {"dpop+jwt", nil, other},
		"a logout token":                    {"logout+jwt", nil, other},
		"a security event":                  {"secevent+jwt", nil, other},
		"a typ that is not a text":          {7, nil, other},
		"an empty typ":                      {"", nil, other},
		"bound by DPoP":                     {"at+jwt", map[string]any{"cnf": map[string]string{"jkt": "x"}}, bound},
		"bound by mTLS":                     {"JWT", map[string]any{"cnf": map[string]string{"x5t#S256": "x"}}, bound},
		"bound to nothing":                  {"JWT", map[string]any{"cnf": nil}, ""},
		"Cognito's access token":            {nil, map[string]any{"token_use": "access"}, ""},
		"Cognito's ID token":                {nil, map[string]any{"token_use": "id"}, kind},
		"Keycloak's access token":           {"JWT", map[string]any{"typ": "Bearer"}, ""},
		"Keycloak's ID token":               {"JWT", map[string]any{"typ": "ID"}, kind},
		"Keycloak's refresh token":          {"JWT", map[string]any{"typ": "Refresh"}, kind},
		"an ID token with at_hash":          {"JWT", map[string]any{"at_hash": "x"}, kind},
		"an ID token with c_hash":           {"JWT", map[string]any{"c_hash": "x"}, kind},
		"a logout token without a typ": {"JWT", map[string]any{
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": struct{}{}}}, kind},
		"a claim events of one's own": {"JWT", map[string]any{"events": []string{"concert"}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims(tt.claims))
			if token.Header["typ"] = tt.typ; tt.typ == nil {
				delete(token.Header, "typ")
			}
			text, err := token.SignedString(keys()["EdDSA"])
			if err != nil {
				t.Fatal(err)
			}
			_, err = v.Verify(t.Context(), text)
			if got := cause(err); !matches(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestTenants(t *testing.T) {
	t.Parallel()
	org := map[string]any{"id": "org_1", "slash/and~tilde": "odd", "inner": map[string]any{"id": "deep"}, "n": 7}
	for name, tt := range map[string]struct {
		claim, fixed string
		claims       map[string]any
		tenant       string
		want         string
	}{
		"none is looked for":         {"", "", nil, "", ""},
		"a claim":                    {"tenant", "", nil, "acme", ""},
		"Cognito's":                  {"custom:tenant", "", map[string]any{"custom:tenant": "globex"}, "globex", ""},
		"a name that is a URL":       {"https://app.example/tenant", "", map[string]any{"https://app.example/tenant": "globex"}, "globex", ""},
		"a name with dots":           {"o.id", "", map[string]any{"o.id": "dotted", "o": org}, "dotted", ""},
		"one for every token":        {"", "initech", nil, "initech", ""},
		"a member":                   {"/o/id", "", map[string]any{"o": org}, "org_1", ""},
		"a member of a member":       {"/o/inner/id", "", map[string]any{"o": org}, "deep", ""},
		"a member with odd signs":    {"/o/slash~1and~0tilde", "", map[string]any{"o": org}, "odd", ""},
		"missing":                    {"custom:tenant", "", nil, "", "the token has no claim custom:tenant, which names the tenant"},
		"in other letters":           {"tenant", "", map[string]any{"tenant": nil, "Tenant": "globex"}, "", "no claim tenant"},
		"null":                       {"t", "", map[string]any{"t": jwt.MapClaims(nil)}, "", "no claim t,"},
		"empty":                      {"tenant", "", map[string]any{"tenant": ""}, "", "the claim tenant, which names the tenant, is not a text"},
		"a list":                     {"tenant", "", map[string]any{"tenant": []string{"acme"}}, "", "is not a text"},
		"a number":                   {"/o/n", "", map[string]any{"o": org}, "", "is not a text"},
		"an object":                  {"/o", "", map[string]any{"o": org}, "", "is not a text"},
		"a member of no object":      {"/tenant/id", "", nil, "", "the token has no claim /tenant/id"},
		"a member of a missing one":  {"/x/y/z", "", nil, "", "the token has no claim /x/y/z"},
		"an element, as a member":    {"/list/0", "", map[string]any{"list": []string{"a"}}, "", "the token has no claim /list/0"},
		"a pointer to the whole set": {"/", "", nil, "", "the token has no claim /,"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t)
			cfg.TenantClaim, cfg.Tenant = tt.claim, tt.fixed
			got, err := verifier(t, cfg).Verify(t.Context(), sign(t, "EdDSA", "", claims(tt.claims)))
			if why := cause(err); !matches(why, tt.want) {
				t.Fatalf("got %q, want %q", why, tt.want)
			}
			if err == nil && got.Tenant != tt.tenant {
				t.Errorf("got the tenant %q, want %q", got.Tenant, tt.tenant)
			}
		})
	}
}

// Scopes stand in a member of an object as well, as Keycloak's roles do.
func TestScopesInAMember(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.ScopeClaims = []string{"scope", "/realm_access/roles"}
	got, err := verifier(t, cfg).Verify(t.Context(), sign(t, "EdDSA", "", claims(map[string]any{
		"realm_access": map[string]any{"roles": []string{"operator"}}})))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"read", "write", "operator"}; !slices.Equal(got.Scopes, want) {
		t.Errorf("got the scopes %q, want %q", got.Scopes, want)
	}
}

func TestAlgorithmsByEitherName(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Algorithms = []string{"Ed25519"}
	v := verifier(t, cfg)
	for alg, want := range map[string]string{auth.EdDSA: "", auth.PS256: "alg is none of EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			_, err := v.Verify(t.Context(), sign(t, alg, "", claims(nil)))
			if got := cause(err); !matches(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
