package functions_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
)

// Who may count what over HTTP: operators their own tenant, owners every one.
func TestStatisticsOverHTTP(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	ada := bearer(s.token(t, nil))
	olga := bearer(s.token(t, map[string]any{"sub": "olga", "scope": request.OperatorScope}))
	eve := bearer(s.token(t, map[string]any{"sub": "eve", "tenant_id": "globex", "scope": request.OperatorScope}))
	owner := bearer(s.token(t, map[string]any{"sub": "otto", "tenant_id": "hosting", "scope": request.OwnerScope}))
	for who, id := range map[string]http.Header{"acmes": ada, "globexs": eve} {
		if answer := s.call(t, id, "POST", "/requests", "", `{"id":"`+who+`","action":"long","payload":{}}`); answer.Status != 202 {
			t.Fatalf("got %d %s, want 202", answer.Status, answer.Body)
		}
	}
	for _, tt := range []struct {
		name        string
		who         http.Header
		method      string // GET where empty
		path, query string
		status      int
		contains    string
		lacks       string
	}{
		{"states", olga, "", "/stats/states", "", 200, `{"states":[{"state":"QUEUED","count":1,"oldest":"`, ""},
		{"actions and subjects", olga, "", "/stats/states", "", 200,
			`"actions":[{"action":"long","states":{"QUEUED":1}}],"subjects":[{"subject":"ada","queued":1,"running":0}]}`, "eve"},
		{"of a subject", olga, "", "/stats/states", "subject=bob", 200, `{"states":[],"actions":[],"subjects":[]}`, ""},
		{"of an action", olga, "", "/stats/states", "subject=*&action=other", 200, `{"states":[],"actions":[],"subjects":[]}`, ""},
		{"since", olga, "", "/stats/states", "since=2099-01-01T00:00:00Z", 200, `{"states":[]`, ""},
		{"until, with an offset", olga, "", "/stats/states", "until=2099-01-01T00:00:00+02:00", 200, `"count":1`, ""},
		{"since no time", olga, "", "/stats/states", "since=yesterday", 400, `since \"yesterday\" is not an RFC 3339 time`, ""},
		{"a foreign cursor", olga, "", "/stats/states", "cursor=x", 400, `"code":"VALIDATION_ERROR"`, ""},
		{"states, no operator", ada, "", "/stats/states", "", 403, `statistics need the scope`, ""},
		{"states of another tenant, no owner", eve, "", "/stats/states", "tenant=acme", 403, `"code":"FORBIDDEN"`, "ada"},
		{"states of one's own tenant by name", olga, "", "/stats/states", "tenant=acme", 200, `"count":1`, ""},
		{"states of every tenant", owner, "", "/stats/states", "tenant=*", 400, `name one tenant`, ""},
		{"states, owner", owner, "", "/stats/states", "tenant=globex", 200, `"subjects":[{"subject":"eve","queued":1,"running":0}]`, "ada"},
		{"states of the owner's own tenant", owner, "", "/stats/states", "", 200, `{"states":[]`, ""},

		{"waiting", olga, "", "/stats/waiting", "", 200, `{"waiting":[{"for":"worker","count":1,"oldest":"`, "eve"},
		{"waiting, no tenants", olga, "", "/stats/waiting", "", 200,
			`"workers":[],"subjects":[{"subject":"ada","queued":1,"running":0}]}`, "tenant"},
		{"waiting, no operator", ada, "", "/stats/waiting", "", 403, `"code":"FORBIDDEN"`, ""},
		{"waiting everywhere, no owner", olga, "", "/stats/waiting", "tenant=*", 403, `"code":"FORBIDDEN"`, ""},
		{"waiting everywhere", owner, "", "/stats/waiting", "tenant=*", 200,
			`"tenants":[{"tenant":"acme","queued":1,"running":0},{"tenant":"globex","queued":1,"running":0}]`, ""},
		{"waiting everywhere, whose", owner, "", "/stats/waiting", "tenant=*", 200,
			`{"tenant":"globex","subject":"eve","queued":1,"running":0}`, ""},
		{"waiting, owner", owner, "", "/stats/waiting", "tenant=acme", 200, `"subjects":[{"subject":"ada",`, "eve"},

		{"failures", olga, "", "/stats/failures", "", 200, `{"failures":[]}`, ""},
		{"failures, no operator", ada, "", "/stats/failures", "", 403, `"code":"FORBIDDEN"`, ""},

		{"another tenant's list, no owner", eve, "", "/requests", "tenant=acme&subject=*", 403, `"code":"FORBIDDEN"`, "ada"},
		{"another tenant's list", owner, "", "/requests", "tenant=acme&subject=*", 200, `"id":"acmes","subject":"ada"`, "globexs"},
		{"another tenant's list of no subject", owner, "", "/requests", "tenant=acme", 400, `add subject`, ""},
		{"a list of every tenant", owner, "", "/requests", "tenant=*&subject=*", 400, `name one tenant`, ""},
		{"a list until", olga, "", "/requests", "subject=*&until=2001-01-01T00:00:00Z", 200, `{"requests":[]}`, ""},
		{"a list since", olga, "", "/requests", "subject=*&since=2001-01-01T00:00:00Z", 200, `"id":"acmes"`, ""},
		{"a list since no time", olga, "", "/requests", "since=2001", 400, `since \"2001\" is not`, ""},
		{"another tenant's request, no owner", eve, "", "/requests/acmes", "tenant=acme&subject=ada", 403, `"code":"FORBIDDEN"`, ""},
		{"another tenant's request", owner, "", "/requests/acmes", "tenant=acme&subject=ada", 200, `"subject":"ada"`, ""},
		{"another tenant's output", owner, "", "/requests/acmes/output", "tenant=acme&subject=ada", 200, `"chunks":[]`, ""},
		{"another tenant's schedules, no owner", eve, "", "/schedules", "tenant=acme", 403, `"code":"FORBIDDEN"`, ""},
		{"another tenant's schedules", owner, "", "/schedules", "tenant=acme", 200, `"name":"nightly"`, ""},
		{"another tenant's connections, no owner", eve, "", "/connections", "tenant=acme&subject=*", 403, `"code":"FORBIDDEN"`, ""},
		{"another tenant's connections", owner, "", "/connections", "tenant=acme&subject=*", 200, `{"connections":[]}`, ""},
		{"submit in another tenant", owner, "POST", "/requests", "tenant=acme&subject=ada", 403, `leave the tenant out`, ""},
		{"cancel in another tenant, no owner", eve, "DELETE", "/requests/acmes", "tenant=acme&subject=ada", 403, `"code":"FORBIDDEN"`, ""},
		{"cancel in another tenant", owner, "DELETE", "/requests/acmes", "tenant=acme&subject=ada", 200, `"state":"CANCELLED"`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			method, body := "GET", ""
			if tt.method != "" {
				method = tt.method
			}
			if method == "POST" {
				body = `{"id":"r9","action":"long","payload":{}}`
			}
			answer := s.call(t, tt.who, method, tt.path, tt.query, body)
			got := string(answer.Body)
			if answer.Status != tt.status || !strings.Contains(got, tt.contains) || tt.lacks != "" && strings.Contains(got, tt.lacks) {
				t.Errorf("got %d %s, want %d with %s and without %q", answer.Status, got, tt.status, tt.contains, tt.lacks)
			}
		})
	}
}

// An issuer that may be a tenant's own makes no owner of the stage.
func TestOwnersComeFromTheStagesIssuersAlone(t *testing.T) {
	t.Parallel()
	own, partner := lifttest.NewIssuer("https://own.example"), lifttest.NewIssuer("https://partner.example")
	directory := lifttest.NewIssuer("https://login.example/0f8fad5b-d9cb-469f-a165-70867728950e/v2.0")
	// Microsoft Entra's keys say of which issuers they are.
	keys := bytes.ReplaceAll(directory.Keys(), []byte(`{"`), []byte(`{"issuer":"https://login.example/{tenantid}/v2.0","`))
	verifier, err := functions.NewVerifier(
		auth.Config{Issuer: own.Name, Keys: own.Keys(), Audience: "api"},
		auth.Config{Issuer: partner.Name, Keys: partner.Keys(), Audience: "api", Tenant: "globex"},
		auth.Config{Issuer: "https://login.example/{tenantid}/v2.0", Keys: keys, Audience: "api", TenantClaim: "tid"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		issuer *lifttest.Issuer
		want   []string
	}{
		"the stage's":      {own, []string{"a", request.OwnerScope, "b"}},
		"one tenant's":     {partner, []string{"a", "b"}},
		"of any directory": {directory, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims, err := verifier.Verify(t.Context(), tt.issuer.Token(map[string]any{"aud": "api", "tenant_id": "acme", "tid": "0f8fad5b-d9cb-469f-a165-70867728950e",
				"scope": "a " + request.OwnerScope + " b"}))
			if err != nil || !slices.Equal(claims.Scopes, tt.want) {
				t.Errorf("got %+v, %v; want the scopes %q", claims, err, tt.want)
			}
		})
	}
}
