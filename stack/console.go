package stack

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/pay-theory/streamer/console"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/request"
)

// consoleToken is how long a token of the console's own sign-in is valid; the
// page asks for the next one by itself.
const consoleToken = 15 * time.Minute

// A consoleConfig is what the two stacks tell the console differently.
type consoleConfig struct {
	address          net.Addr // of the listener
	stage            string
	actions          []string
	issuer, audience string
	key              *Key
	foreign          bool // the functions trust another key than this one
	logs             *logRing
}

// withConsole serves the console beside a stack's APIs, and returns the path of
// its page. It signs visitors in when the listener is on the loopback and the key
// is of use, and only then; the path then has the secret of this start.
func withConsole(apis http.Handler, c consoleConfig) (handler http.Handler, path string, err error) {
	switch c.stage {
	case strings.TrimPrefix(console.Path, "/"), "requests", "connections", "health":
		return nil, "", fmt.Errorf("%q is not a valid stage here: "+
			"the console or the HTTP API has that path on the same port; choose another", c.stage)
	}
	public, err := c.key.PublicPEM()
	if err != nil {
		return nil, "", err
	}
	verifier, err := functions.NewVerifier(auth.Config{Keys: public, Issuer: c.issuer, Audience: c.audience})
	if err != nil {
		return nil, "", err
	}
	config := console.Config{
		Stage: c.stage, Actions: c.actions, Tenant: "dev", Subject: "you", Logs: c.logs.lines,
		Verify: func(ctx context.Context, token string) (string, bool, error) {
			claims, err := verifier.Verify(ctx, token)
			if err != nil {
				return "", false, err
			}
			return claims.Tenant, claims.HasScope(request.OperatorScope), nil
		},
	}
	path = console.Path + "/"
	if tcp, ok := c.address.(*net.TCPAddr); ok && tcp.IP.IsLoopback() && !c.foreign {
		config.Secret = rand.Text() // 130 bits
		path = console.SignInPath(config.Secret)
		config.Sign = func(tenant, subject string) (string, error) {
			grant := Grant{Tenant: tenant, Subject: subject, Scopes: []string{request.OperatorScope}, TTL: consoleToken}
			return c.key.SignClaims(grant, map[string]any{"iss": c.issuer, "aud": c.audience}, time.Now())
		}
	}
	page := console.New(config)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == console.Path || strings.HasPrefix(r.URL.Path, console.Path+"/") {
			page.ServeHTTP(w, r)
			return
		}
		apis.ServeHTTP(w, r)
	}), path, nil
}
