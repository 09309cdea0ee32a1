package auth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func mustVerifier(t *testing.T, cfg auth.Config) *auth.Verifier {
	t.Helper()
	v, err := auth.NewVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A token is verified by its own issuer's keys and audience, and by no other's.
func TestSeveralIssuers(t *testing.T) {
	t.Parallel()
	ours, partner := lifttest.NewIssuer("https://ours.example.com/"), lifttest.NewIssuer("https://partner.example.com/")
	impostor := lifttest.NewIssuer(ours.Name)
	v := auth.Issuers(
		mustVerifier(t, auth.Config{Keys: ours.Keys(), Issuer: ours.Name, Audience: "orders"}),
		mustVerifier(t, auth.Config{Keys: partner.Keys(), Issuer: partner.Name, Audience: "partners"}),
	)
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.HTTP("GET /", lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		return &lift.Response{Body: []byte(e.Claims.Issuer + " " + e.Claims.Subject)}, nil
	}), auth.JWT(v))
	for name, tt := range map[string]struct {
		header http.Header
		status int
		body   string
	}{
		"ours":                     {ours.Header(map[string]any{"aud": "orders"}), 200, "https://ours.example.com/ ada"},
		"the partner's":            {partner.Header(map[string]any{"aud": "partners", "sub": "bob"}), 200, "https://partner.example.com/ bob"},
		"another's audience":       {partner.Header(map[string]any{"aud": "orders"}), 401, ""},
		"another's key":            {impostor.Header(map[string]any{"aud": "orders"}), 401, ""},
		"another's name":           {partner.Header(map[string]any{"iss": ours.Name, "aud": "orders"}), 401, ""},
		"an unknown issuer":        {lifttest.NewIssuer("https://x.example.com/").Header(map[string]any{"aud": "orders"}), 401, ""},
		"a name in capitals":       {ours.Header(map[string]any{"iss": nil, "ISS": ours.Name, "aud": "orders"}), 401, ""},
		"an issuer of a number":    {ours.Header(map[string]any{"iss": 7, "aud": "orders"}), 401, ""},
		"no issuer":                {ours.Header(map[string]any{"iss": nil, "aud": "orders"}), 401, ""},
		"expired":                  {ours.Header(map[string]any{"aud": "orders", "exp": time.Now().Add(-time.Hour).Unix()}), 401, ""},
		"not a token":              {http.Header{"Authorization": {"Bearer x"}}, 401, ""},
		"not base64":               {http.Header{"Authorization": {"Bearer a.*.c"}}, 401, ""},
		"not JSON":                 {http.Header{"Authorization": {"Bearer a.YQ.c"}}, 401, ""},
		"longer than any token":    {http.Header{"Authorization": {"Bearer a." + strings.Repeat("x", 20<<10) + ".c"}}, 401, ""},
		"a token that is not ours": {http.Header{"Authorization": {"Bearer a.e30.c"}}, 401, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Header: tt.header})
			if answer.Status != tt.status || tt.body != "" && string(answer.Body) != tt.body {
				t.Errorf("got %d %s, want %d %s", answer.Status, answer.Body, tt.status, tt.body)
			}
		})
	}
	for name, verifiers := range map[string][]*auth.Verifier{
		"none":     nil,
		"the same": {mustVerifier(t, auth.Config{Keys: ours.Keys(), Issuer: "x", Audience: "a"}), mustVerifier(t, auth.Config{Keys: ours.Keys(), Issuer: "x", Audience: "b"})},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			auth.Issuers(verifiers...)
		})
	}
}

// Cognito's access tokens name their client in client_id and have no audience.
func TestClientIDs(t *testing.T) {
	t.Parallel()
	issuer := lifttest.NewIssuer("https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example")
	for name, tt := range map[string]struct {
		audience string
		claims   map[string]any
		good     bool
	}{
		"an access token":                    {"", map[string]any{"client_id": "web", "token_use": "access"}, true},
		"one of another client":              {"", map[string]any{"client_id": "other", "token_use": "access"}, false},
		"an id token":                        {"", map[string]any{"aud": "web", "token_use": "id"}, false},
		"an id token with a client_id":       {"", map[string]any{"client_id": "web", "token_use": "id"}, false},
		"no client":                          {"", map[string]any{"token_use": "access"}, false},
		"a client_id of another form":        {"", map[string]any{"client_id": []string{"web"}, "token_use": "access"}, false},
		"a token without token_use":          {"", map[string]any{"client_id": "web"}, true},
		"a name in capitals":                 {"", map[string]any{"CLIENT_ID": "web", "token_use": "access"}, false},
		"beside an audience":                 {"orders", map[string]any{"client_id": "web", "token_use": "access"}, true},
		"an audience":                        {"orders", map[string]any{"aud": []string{"x", "orders"}}, true},
		"another audience, a known client":   {"orders", map[string]any{"aud": "x", "client_id": "web", "token_use": "access"}, false},
		"azp, without aud":                   {"", map[string]any{"azp": "web"}, true},
		"another azp, without aud":           {"", map[string]any{"azp": "other"}, false},
		"azp with an aud, as an id token":    {"", map[string]any{"azp": "web", "aud": "web"}, false},
		"azp beside another client_id":       {"", map[string]any{"azp": "web", "client_id": "other"}, false},
		"neither, beside an audience":        {"orders", nil, false},
		"a resource's audience, no audience": {"", map[string]any{"aud": "https://api.example.com", "client_id": "web", "token_use": "access"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := mustVerifier(t, auth.Config{Keys: issuer.Keys(), Issuer: issuer.Name, Audience: tt.audience, ClientIDs: []string{"web", "app"}})
			if _, err := v.Verify(t.Context(), issuer.Token(tt.claims)); (err == nil) != tt.good {
				t.Errorf("got %v, want good %t", err, tt.good)
			}
		})
	}
}

// Microsoft Entra has an issuer for each directory, and keys that all of them share,
// beside some that one alone has.
func TestAnIssuerOfAllDirectories(t *testing.T) {
	t.Parallel()
	const base, ours, theirs = "https://login.microsoftonline.com/", "8eaef023-2b34-4da1-9baa-8bc8c9d6a490", "82229342-1101-4ab6-817b-70c0747630f3"
	shared, personal := lifttest.NewIssuer(""), lifttest.NewIssuer("")
	type keySet struct {
		Keys []map[string]string `json:"keys"`
	}
	var set keySet
	for _, key := range []struct {
		issuer *lifttest.Issuer
		of     string
	}{{shared, base + "{tenantid}/v2.0"}, {personal, base + theirs + "/v2.0"}} {
		var one keySet
		if err := json.Unmarshal(key.issuer.Keys(), &one); err != nil {
			t.Fatal(err)
		}
		one.Keys[0]["issuer"] = key.of
		set.Keys = append(set.Keys, one.Keys...)
	}
	keys, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	all := mustVerifier(t, auth.Config{Keys: keys, Issuer: base + "{tenantid}/v2.0", Audience: "api", TenantClaim: "tid"})
	own := lifttest.NewIssuer(base + theirs + "/v2.0")
	for name, tt := range map[string]struct {
		issuer   *lifttest.Issuer
		iss, tid string
		want     string // the tenant, or the cause of the refusal
	}{
		"one directory":                {shared, base + ours + "/v2.0", ours, ours},
		"another":                      {shared, base + theirs + "/v2.0", theirs, theirs},
		"its own key":                  {personal, base + theirs + "/v2.0", theirs, theirs},
		"another's key":                {personal, base + ours + "/v2.0", ours, "the signature does not verify"},
		"the tid of another":           {shared, base + ours + "/v2.0", theirs, "the token is of another issuer"},
		"no tid":                       {shared, base + ours + "/v2.0", "", "the token is of another issuer"},
		"no GUID":                      {shared, base + "common/v2.0", "common", "the token is of another issuer"},
		"a path in the GUID's place":   {shared, base + ours + "/x/v2.0", ours + "/x", "the token is of another issuer"},
		"the name of all":              {shared, base + "{tenantid}/v2.0", "{tenantid}", "the token is of another issuer"},
		"another host":                 {shared, "https://login.example/" + ours + "/v2.0", ours, "the token is of another issuer"},
		"version 1, which has no v2.0": {shared, base + ours + "/", ours, "the token is of another issuer"},
	} {
		for form, v := range map[string]auth.TokenVerifier{"alone": all, "among others": auth.Issuers(all,
			mustVerifier(t, auth.Config{Keys: own.Keys(), Issuer: "https://x.example/", Audience: "api"}))} {
			t.Run(name+", "+form, func(t *testing.T) {
				t.Parallel()
				got, err := v.Verify(t.Context(), tt.issuer.Token(map[string]any{"iss": tt.iss, "tid": tt.tid, "aud": "api"}))
				switch {
				case err == nil && got.Tenant != tt.want:
					t.Errorf("got the tenant %q, want %q", got.Tenant, tt.want)
				case err != nil && !strings.Contains(cause(err), tt.want):
					t.Errorf("got %q, want %q", cause(err), tt.want)
				}
			})
		}
	}
	t.Run("a directory with settings of its own", func(t *testing.T) {
		t.Parallel()
		v := auth.Issuers(all, mustVerifier(t, auth.Config{Keys: own.Keys(), Issuer: own.Name, Audience: "api", Tenant: "partner"}))
		got, err := v.Verify(t.Context(), own.Token(map[string]any{"tid": theirs, "aud": "api"}))
		if err != nil || got.Tenant != "partner" {
			t.Errorf("got %+v, %v, want the tenant of its settings", got, err)
		}
	})
}
