package stack

import (
	"strings"
	"testing"
)

func TestTheStacksOwnIssuer(t *testing.T) {
	t.Parallel()
	const own = `{"algorithms":["EdDSA"],"audience":"streamer","issuer":"streamer-staging","jwks":"https://127.0.0.1/jwks.json",` +
		`"scope_claims":["scope","scp","permissions"],"tenant_claim":"tenant_id"}`
	for name, tt := range map[string]struct{ given, want string }{
		"alone":         {"", "[" + own + "]"},
		"beside others": {`[{"issuer":"x"}]`, `[{"issuer":"x"},` + own + "]"},
		"not a list":    {`{"issuer":"x"}`, "the parameter JwtIssuers is not a valid JSON list"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := withOwnIssuer(tt.given, "https://127.0.0.1/jwks.json")
			if err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
