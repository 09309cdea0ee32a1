package functions_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/wire"
)

// The log tells the operator which check failed, on each of the three ways that a
// token takes, and the client learns that its token is not valid.
func TestARefusedTokenIsExplainedInTheLogAlone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		claims map[string]any
		want   string
	}{
		"no tenant":         {map[string]any{"tenant_id": nil}, "the token has no claim tenant_id, which names the tenant"},
		"a tenant too long": {map[string]any{"tenant_id": strings.Repeat("x", 300)}, "the tenant has more than 256 bytes"},
		"no subject":        {map[string]any{"sub": nil}, "the token has no claim sub, which names the subject"},
		"everyone":          {map[string]any{"sub": "*"}, `the claim sub is \"*\", which is a wildcard`},
		"another audience":  {map[string]any{"aud": "other-api"}, `aud is not \"streamer\"`},
		"another issuer":    {map[string]any{"iss": "other-issuer"}, `iss is not \"tests\"`},
		"not yet":           {map[string]any{"nbf": time.Now().Add(time.Hour).Unix()}, "nbf is in the future"},
		"bound to a key":    {map[string]any{"cnf": map[string]string{"jkt": "x"}}, "the token is bound to a key (cnf: DPoP or mTLS)"},
		"an ID token":       {map[string]any{"token_use": "id"}, "an access token is needed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSystem(t)
			s.open(t, "c1", nil)
			token := s.token(t, tt.claims)
			shown := map[string]string{
				"connect": string(lifttest.Invoke(t.Context(), t, s.connect, lifttest.Connect{ConnectionID: "c2", Header: bearer(token)}).Body),
				"HTTP":    string(lifttest.Invoke(t.Context(), t, s.router, lifttest.HTTP{Path: "/requests/r", Header: bearer(token)}).Body),
				"renewal": string(s.ask(t, "c1", `{"id":"a","action":"streamer.authenticate","payload":{"token":"`+token+`"}}`).Append(nil)),
			}
			for way, body := range shown {
				if !strings.Contains(body, string(wire.Unauthorized)) || !strings.Contains(body, `"the token is not valid"`) {
					t.Errorf("%s: got %s, want UNAUTHORIZED and that the token is not valid, no more", way, body)
				}
			}
			if got := strings.Count(s.log.String(), tt.want); got != len(shown) {
				t.Errorf("got the reason %d times, want %q once for each of %d ways, in:\n%s", got, tt.want, len(shown), s.log.String())
			}
			for _, part := range append(strings.Split(token, "."), "other-api", "other-issuer") {
				if strings.Contains(s.log.String(), part) {
					t.Errorf("a part of the token is in the log: %s", part)
				}
			}
		})
	}
}

func TestNewVerifierRefuses(t *testing.T) {
	t.Parallel()
	issuer := lifttest.NewIssuer("https://issuer.example/")
	good := auth.Config{Issuer: issuer.Name, Keys: issuer.Keys(), Audience: "api"}
	for name, tt := range map[string]struct {
		issuers []auth.Config
		want    string
	}{
		"none":          {nil, "without an issuer"},
		"one twice":     {[]auth.Config{good, good}, `the issuer "https://issuer.example/" is there twice`},
		"one of no use": {[]auth.Config{good, {Issuer: "x", Audience: "api"}}, `the issuer "x": auth: Config.Keys is empty`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := functions.NewVerifier(tt.issuers...); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// Tokens of several issuers open sockets, each with the tenant that its issuer's
// settings find.
func TestSeveralIssuersOpenSockets(t *testing.T) {
	t.Parallel()
	s := newSystem(t)
	pool, entra := lifttest.NewIssuer("https://pool.example"), lifttest.NewIssuer("https://entra.example/v2.0")
	s.parts.Issuers = append(s.parts.Issuers,
		auth.Config{Issuer: pool.Name, Keys: pool.Keys(), ClientIDs: []string{"web"}, TenantClaim: "custom:tenant"},
		auth.Config{Issuer: entra.Name, Keys: entra.Keys(), Audience: "api", TenantClaim: "tid"})
	connect := s.build(t, "connect", functions.Connect)
	for name, tt := range map[string]struct{ token, want string }{
		"the default":         {s.token(t, nil), "200 acme"},
		"a pool's":            {pool.Token(map[string]any{"client_id": "web", "custom:tenant": "globex"}), "200 globex"},
		"another's":           {entra.Token(map[string]any{"aud": "api", "tid": "initech"}), "200 initech"},
		"another's tenant":    {pool.Token(map[string]any{"client_id": "web", "tid": "globex"}), "401"},
		"of another audience": {entra.Token(map[string]any{"aud": "streamer", "tid": "initech"}), "401"},
	} {
		t.Run(name, func(t *testing.T) {
			id := "c-" + strings.ReplaceAll(name, " ", "-")
			answer := lifttest.Invoke(t.Context(), t, connect, lifttest.Connect{ConnectionID: id, Header: bearer(tt.token)})
			got := fmt.Sprint(answer.Status)
			if answer.Status == http.StatusOK {
				conn, err := s.store.LoadConnection(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				got += " " + conn.Principal.Tenant
			}
			if got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
