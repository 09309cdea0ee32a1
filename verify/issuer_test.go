package verify_test

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"net/http"
	"net/http/cookiejar"
	"net/url"

	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift/auth"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
	"github.com/pay-theory/streamer/wire"
)

// api is the audience of the tokens.
const api = "https://streamer.example"

// issuers are real ones: npm's oidc-provider in a process of its own, each on a port
// of the loopback. Their keys rotate together.
type issuers struct {
	all     []*oidc
	input   io.Writer
	answers *bufio.Scanner
}

// An oidc is what an issuer's discovery document says.
type oidc struct {
	Issuer string `json:"issuer"`
	JWKS   string `json:"jwks_uri"`
	Token  string `json:"token_endpoint"`
	Auth   string `json:"authorization_endpoint"`
}

func startIssuers(t *testing.T, n int) *issuers {
	t.Helper()
	nodetest.Installed(t, "node")
	command := exec.Command("node", "issuer.mjs", fmt.Sprint(n))
	command.Dir, command.Stderr = "node", new(strings.Builder)
	input, errIn := command.StdinPipe()
	output, errOut := command.StdoutPipe()
	if err := errors.Join(errIn, errOut, command.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		err := errors.Join(input.Close(), command.Wait())
		if err != nil || t.Failed() {
			t.Logf("issuers: %v\n%s", err, command.Stderr)
		}
	})
	s := &issuers{input: input, answers: bufio.NewScanner(output)}
	if !s.answers.Scan() {
		t.Fatal("the issuers do not start")
	}
	var urls []string
	if err := json.Unmarshal(s.answers.Bytes(), &urls); err != nil {
		t.Fatal(err)
	}
	for _, u := range urls {
		found := new(oidc)
		res, err := http.Get(u + "/.well-known/openid-configuration")
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(json.NewDecoder(res.Body).Decode(found), res.Body.Close())
		if err != nil || found.Issuer != u {
			t.Fatalf("discovery of %s: %+v, %v", u, found, err)
		}
		s.all = append(s.all, found)
	}
	return s
}

// rotate gives every issuer new keys, beside which the old ones stay published until
// withdraw.
func (s *issuers) rotate(t *testing.T)   { s.order(t, "rotate") }
func (s *issuers) withdraw(t *testing.T) { s.order(t, "withdraw") }

func (s *issuers) order(t *testing.T, order string) {
	t.Helper()
	if _, err := fmt.Fprintln(s.input, order); err != nil || !s.answers.Scan() || s.answers.Text() != order {
		t.Fatalf("%s: got %q, %v", order, s.answers.Text(), err)
	}
}

// A form is how a token is asked for, and what is changed of it for the shape of
// another issuer; nil leaves a member out.
type form struct {
	alg             string // "": PS256
	resource        string // "": api
	header, payload map[string]any
	proof           string // of possession of a key, which binds the token (RFC 9449)
}

// machine gets an access token by the grant client_credentials, with a resource
// indicator (RFC 8707).
func (o *oidc) machine(t *testing.T, f form) string {
	t.Helper()
	resource := f.resource
	if resource == "" {
		resource = api
	}
	return o.ask(t, "machine", f, url.Values{"grant_type": {"client_credentials"}, "resource": {resource}, "scope": {"orders.read"}}).Access
}

type answer struct {
	Access string `json:"access_token"`
	ID     string `json:"id_token"`
}

func (o *oidc) ask(t *testing.T, client string, f form, body url.Values) (got answer) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, o.Token, strings.NewReader(body.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	changes, err := json.Marshal(map[string]any{"header": f.header, "payload": f.payload})
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(client, "sesame")
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("X-Alg", f.alg)
	req.Header.Set("X-Token", string(changes))
	if f.proof != "" {
		req.Header.Set("DPoP", f.proof)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err = errors.Join(err, json.Unmarshal(text, &got)); err != nil || got.Access == "" {
		t.Fatalf("no token: %d %s %v", res.StatusCode, text, err)
	}
	return got
}

// ada signs ada in by the grant authorization_code, for her access token and her ID
// token.
func (o *oidc) ada(t *testing.T) answer {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var code string
	browser := &http.Client{Jar: jar, CheckRedirect: func(req *http.Request, _ []*http.Request) error {
		if code = req.URL.Query().Get("code"); code != "" {
			return http.ErrUseLastResponse // the client's own page
		}
		return nil
	}}
	res, err := browser.Get(o.Auth + "?" + url.Values{"client_id": {"web"}, "response_type": {"code"}, "resource": {api},
		"redirect_uri": {"https://app.example/callback"}, "scope": {"openid orders.read"}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if code == "" {
		t.Fatalf("no code: %s", res.Status)
	}
	return o.ask(t, "web", form{}, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "resource": {api},
		"redirect_uri": {"https://app.example/callback"}})
}

// proof is a DPoP proof for the token endpoint.
func (o *oidc) proof(t *testing.T) string {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	proof := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{"jti": "1", "htm": "POST", "htu": o.Token, "iat": time.Now().Unix()})
	proof.Header["typ"] = "dpop+jwt"
	proof.Header["jwk"] = map[string]string{"kty": "OKP", "crv": "Ed25519", "x": base64.RawURLEncoding.EncodeToString(public)}
	text, err := proof.SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The shapes of access tokens of two other issuers, over those of oidc-provider.
var (
	cognito = form{alg: "RS256", header: map[string]any{"typ": nil}, payload: map[string]any{"aud": nil, "token_use": "access", "version": 2,
		"client_id": "1example23456789", "username": "ada", "sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "scope": "shop/orders.read",
		"custom:tenant": "globex", "tenant_id": nil}}
	entra = form{alg: "RS256", header: map[string]any{"typ": "JWT"}, payload: map[string]any{
		"aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "ver": "2.0",
		"tid": "72f988bf-86f1-41af-91ab-2d7cd011db47", "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "sub": "HKZpfaHyWadeOouYlitjrI",
		"azp": "1e70a1b2-0c3d-4e5f-8a9b-0c1d2e3f4a5b", "azpacr": "0", "scp": "orders.read orders.write", "roles": []string{"Orders.Admin"},
		"scope": nil, "client_id": nil, "tenant_id": nil}}
)

// settings trust the first issuer as it is, and two more by what they are shaped after.
func (s *issuers) settings() []auth.Config {
	often := func(o *oidc) auth.JWKSConfig {
		return auth.JWKSConfig{URL: o.JWKS, Fresh: time.Nanosecond, Cooldown: time.Nanosecond}
	}
	return []auth.Config{
		{Issuer: s.all[0].Issuer, JWKS: often(s.all[0]), Audience: api},
		{Issuer: s.all[1].Issuer, JWKS: often(s.all[1]), ClientIDs: []string{"1example23456789"}, TenantClaim: "custom:tenant"},
		{Issuer: s.all[2].Issuer, JWKS: often(s.all[2]), Audience: entra.payload["aud"].(string), TenantClaim: "tid",
			ScopeClaims: []string{"scp", "roles"}},
	}
}

// who is the action that answers who asks.
var who = streamer.NewAction(streamer.ActionConfig{Name: "who"},
	func(_ context.Context, job *streamer.Job, _ json.RawMessage) (string, error) {
		p := job.Principal()
		return fmt.Sprint(p.Tenant, "/", p.Subject, " ", p.Scopes), nil
	})

// TestTokensOfARealIssuer lets tokens in that an issuer of npm made, and refuses those
// that it made for another purpose or that were made by another.
func TestTokensOfARealIssuer(t *testing.T) {
	t.Parallel()
	s := startIssuers(t, 4)
	plain, pool, directory, stranger := s.all[0], s.all[1], s.all[2], s.all[3]
	var log lifttest.Log
	running, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0",
		Parts: functions.Parts{Logger: log.Logger(), Issuers: s.settings(),
			Actions: func(request.Lister) ([]streamer.Action, error) { return []streamer.Action{who}, nil }}})
	if err != nil {
		t.Fatal(err)
	}
	closeAtEnd(t, running)
	target := targetOf(t, running)
	t.Run("let in", func(t *testing.T) {
		ada := plain.ada(t)
		for name, tt := range map[string]struct{ token, want string }{
			"PS256":           {plain.machine(t, form{alg: "PS256"}), "acme/machine [orders.read]"},
			"EdDSA":           {plain.machine(t, form{alg: "EdDSA"}), "acme/machine [orders.read]"},
			"Ed25519":         {plain.machine(t, form{alg: "Ed25519"}), "acme/machine [orders.read]"},
			"RS256":           {plain.machine(t, form{alg: "RS256"}), "acme/machine [orders.read]"},
			"ES256":           {plain.machine(t, form{alg: "ES256"}), "acme/machine [orders.read]"},
			"ES384":           {plain.machine(t, form{alg: "ES384"}), "acme/machine [orders.read]"},
			"a user":          {ada.Access, "acme/ada [orders.read]"},
			"Cognito's shape": {pool.machine(t, cognito), "globex/aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee [shop/orders.read]"},
			"Entra's shape": {directory.machine(t, entra),
				"72f988bf-86f1-41af-91ab-2d7cd011db47/HKZpfaHyWadeOouYlitjrI [orders.read orders.write Orders.Admin]"},
			"a development token": {target.Token, "acme/ada []"},
		} {
			t.Run(name, func(t *testing.T) {
				if got := asks(t, tt.token, target); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			})
		}
	})
	t.Run("refused", func(t *testing.T) { refusedTokens(t, target, &log, plain, stranger) })
	t.Run("rotation while a socket is open", func(t *testing.T) { rotation(t, target, s) })
}

// The functions' binaries, told of the issuer by the template's parameters, take its
// tokens before and after its keys rotate, and staging's own beside them.
func TestTokensOfARealIssuerOnStaging(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	s := startIssuers(t, 1)
	issuer := s.all[0]
	list, err := json.Marshal([]map[string]string{{"issuer": issuer.Issuer, "jwks": issuer.JWKS}})
	if err != nil {
		t.Fatal(err)
	}
	var log, printed lifttest.Log
	running := startStaging(t, &log, stack.StagingConfig{Output: &printed, Parameters: map[string]string{"JwtIssuers": string(list),
		"JwtAudience": api, "JwtScopeClaims": "scope", "JwtAlgorithms": "PS256"}})
	target := targetOf(t, running)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn := rawDial(t, ctx, target) // by staging's own issuer, which stays
	conn.CloseNow()
	target.Token = issuer.ada(t).Access
	conn = rawDial(t, ctx, target)
	s.rotate(t)
	for name, tt := range map[string]struct{ token, want string }{
		"by the new key": {issuer.ada(t).Access, "renewed"},
		"by the old one": {target.Token, "renewed"},
		"bound to a key": {issuer.machine(t, form{proof: issuer.proof(t)}), "the token is not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := renew(t, ctx, conn, tt.token); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if want := "bound to a key (cnf"; !strings.Contains(printed.String(), want) {
		t.Errorf("the functions log nothing of %q", want)
	}
}

// asks connects with a token and returns who the stage says that is.
func asks(t *testing.T, token string, target *verify.Target) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn := dialAs(t, ctx, target, token)
	defer conn.CloseNow()
	return whoOn(t, ctx, conn)
}

func dialAs(t *testing.T, ctx context.Context, target *verify.Target, token string) *websocket.Conn {
	t.Helper()
	return rawDial(t, ctx, &verify.Target{WebSocketURL: target.WebSocketURL, Token: token})
}

func whoOn(t *testing.T, ctx context.Context, conn *websocket.Conn) string {
	t.Helper()
	write(t, ctx, conn, `{"action":"who"}`)
	f := read(t, ctx, conn)
	var got string
	if err := json.Unmarshal(f.Data, &got); err != nil {
		t.Fatalf("%s: %v", f.Append(nil), err)
	}
	return got
}

// refusedTokens shows each bad kind at the handshake and to an open socket, which
// stays open.
func refusedTokens(t *testing.T, target *verify.Target, log *lifttest.Log, issuer, stranger *oidc) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	changed := func(header, payload map[string]any) string {
		return issuer.machine(t, form{header: header, payload: payload})
	}
	another := func(header map[string]any) string {
		return stranger.machine(t, form{header: header, payload: map[string]any{"iss": issuer.Issuer}})
	}
	good, ada := issuer.machine(t, form{}), issuer.ada(t)
	parts := strings.Split(good, ".")
	unsigned := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"at+jwt"}`))
	conn := dialAs(t, ctx, target, ada.Access)
	now := time.Now().Unix()
	for name, tt := range map[string]struct{ token, message, why string }{
		"expired":                       {changed(nil, map[string]any{"exp": now - 1}), "the token has expired", "the token has expired"},
		"not yet":                       {changed(nil, map[string]any{"nbf": now + 300}), "", "nbf is in the future"},
		"of an issuer that is unknown":  {stranger.machine(t, form{}), "", "iss is none of"},
		"for another audience":          {issuer.machine(t, form{resource: "https://other.example"}), "", `aud is not "https://`},
		"by an algorithm of secrets":    {issuer.machine(t, form{alg: "HS256"}), "", "alg is none of RS256"},
		"without a signature":           {unsigned + "." + parts[1] + ".", "", "alg is none of RS256"},
		"by a key that is unknown":      {another(map[string]any{"kid": "mine"}), "", "none of the issuer's keys"},
		"by another's key of that name": {another(nil), "", "the signature does not verify"},
		"tampered with":                 {parts[0] + "." + tampered(t, parts[1]) + "." + parts[2], "", "the signature does not verify"},
		"an ID token":                   {ada.ID, "", `aud is not "https://streamer.example"`},
		"an ID token for the audience":  {changed(nil, map[string]any{"at_hash": "77QmUPtjPfzWtF2A"}), "", "an access token is needed"},
		"a logout token":                {changed(map[string]any{"typ": "logout+jwt"}, nil), "", "the header typ is neither JWT nor at+jwt"},
		"a DPoP proof":                  {issuer.proof(t), "", "the token has no claim iss"},
		"bound to a key":                {issuer.machine(t, form{proof: issuer.proof(t)}), "", "bound to a key (cnf"},
		"without a tenant":              {changed(nil, map[string]any{"tenant_id": nil}), "", "the token has no claim tenant_id"},
		"without a subject":             {changed(nil, map[string]any{"sub": nil}), "", "the token has no claim sub"},
	} {
		t.Run(name, func(t *testing.T) {
			if tt.message == "" {
				tt.message = "the token is not valid"
			}
			before := len(log.Lines(t, "refused"))
			_, res, err := websocket.Dial(ctx, target.WebSocketURL,
				&websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + tt.token}}})
			if err == nil || res == nil || res.StatusCode != http.StatusUnauthorized {
				t.Fatalf("the handshake: got %v, %v, want 401", res, err)
			}
			if got := renew(t, ctx, conn, tt.token); got != tt.message {
				t.Errorf("the renewal: got %q, want %q", got, tt.message)
			}
			lines := log.Lines(t, "refused")[before:]
			if len(lines) != 2 {
				t.Fatalf("got the log lines %v, want one of the handshake and one of the renewal", lines)
			}
			for _, line := range lines {
				if got := fmt.Sprint(line["error"]); !strings.Contains(got, tt.why) || strings.Contains(got, tt.token) {
					t.Errorf("the log has the error %q, want %q in it and no token", got, tt.why)
				}
			}
			if got := whoOn(t, ctx, conn); got != "acme/ada [orders.read]" {
				t.Errorf("the socket is %s's afterwards", got)
			}
		})
	}
}

// renew shows an open socket's next token, and returns "renewed" or what is said
// against it.
func renew(t *testing.T, ctx context.Context, conn *websocket.Conn, token string) string {
	t.Helper()
	write(t, ctx, conn, `{"action":"streamer.authenticate","payload":{"token":"`+token+`"}}`)
	f := read(t, ctx, conn)
	if f.Error == nil {
		return "renewed"
	}
	if f.Error.Code != wire.Unauthorized {
		t.Errorf("got the code %s, want %s", f.Error.Code, wire.Unauthorized)
	}
	return f.Error.Message
}

// tampered gives the claims another tenant.
func tampered(t *testing.T, payload string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(data), "acme", "evil", 1)))
}

// rotation renews the token of an open socket across two generations of keys.
func rotation(t *testing.T, target *verify.Target, s *issuers) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	issuer := s.all[0]
	first := issuer.ada(t).Access
	conn := dialAs(t, ctx, target, first)
	s.rotate(t)
	second := issuer.ada(t).Access
	for _, step := range []struct{ name, token, want string }{
		{"the new key", second, "renewed"},
		{"the old key, which is still published", first, "renewed"},
	} {
		if got := renew(t, ctx, conn, step.token); got != step.want {
			t.Errorf("%s: got %s, want %s", step.name, got, step.want)
		}
	}
	s.withdraw(t)
	withdrawn := renew(t, ctx, conn, first)
	for withdrawn == "renewed" { // a fetch that takes longer than a token waits for it
		withdrawn = renew(t, ctx, conn, first)
	}
	if want := "the token is not valid"; withdrawn != want {
		t.Errorf("the old key, withdrawn: got %s, want %s", withdrawn, want)
	}
	if got := whoOn(t, ctx, conn); got != "acme/ada [orders.read]" {
		t.Errorf("the open socket is %s's, want ada's", got)
	}
	if got := renew(t, ctx, conn, second); got != "renewed" {
		t.Errorf("the new key, alone: got %s, want renewed", got)
	}
}
