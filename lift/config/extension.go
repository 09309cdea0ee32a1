package config

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A reference is where a secret is kept.
type reference struct{ service, name, key string }

const (
	secretsManager = "secretsmanager"
	parameterStore = "ssm"
)

func parseReference(text string) (reference, bool) {
	service, name, ok := strings.Cut(text, ":")
	if !ok || name == "" {
		return reference{}, false
	}
	switch service {
	case secretsManager:
		name, key, _ := strings.Cut(name, "#")
		return reference{service, name, key}, true
	case parameterStore:
		return reference{service, name, ""}, true
	}
	return reference{}, false
}

// An extension is the AWS Parameters and Secrets Lambda extension:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieving-secrets_lambda.html
// https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html
type extension struct {
	base, token string
	wait        time.Duration
	client      *http.Client
}

const (
	// maxSecret bounds the answers that are read. A secret has 64 KB at most,
	// and escapes can make six of one.
	maxSecret = 512 << 10

	// retryAfter is the time between two tries.
	retryAfter = 25 * time.Millisecond
)

func newExtension(opts Options) *extension {
	token, _ := opts.Lookup("AWS_SESSION_TOKEN")
	base := opts.Extension
	if base == "" {
		port, _ := opts.Lookup("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT")
		base = "http://localhost:" + cmp.Or(port, "2773")
	}
	return &extension{
		base:  strings.TrimSuffix(base, "/"),
		token: token,
		wait:  cmp.Or(opts.Wait, 2*time.Second),
		// Without a proxy: the token must not leave the machine.
		client: &http.Client{
			Transport:     &http.Transport{},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// fetch returns what a reference refers to. It tries again until the time is
// up, whatever went wrong: an extension that is still starting cannot be told
// from one that says no.
func (e *extension) fetch(ctx context.Context, ref reference) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, e.wait)
	defer cancel()
	var last error
	for {
		body, err := e.get(ctx, ref)
		if err == nil {
			return ref.read(body)
		}
		if last == nil || ctx.Err() == nil { // that the time is up says nothing
			last = err
		}
		pause := time.NewTimer(retryAfter)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return "", last
		}
	}
}

func (e *extension) get(ctx context.Context, ref reference) ([]byte, error) {
	address := e.base + "/secretsmanager/get?secretId=" + url.QueryEscape(ref.name)
	if ref.service == parameterStore {
		address = e.base + "/systemsmanager/parameters/get?withDecryption=true&name=" + url.QueryEscape(ref.name)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("ask the secrets extension: %w", err)
	}
	req.Header.Set("X-Aws-Parameters-Secrets-Token", e.token)
	res, err := e.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the secrets extension: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxSecret+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("ask the secrets extension: %w", err)
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("the secrets extension answers %d", res.StatusCode)
	case len(body) > maxSecret:
		return nil, fmt.Errorf("the secrets extension answers more than %d bytes", maxSecret)
	}
	return body, nil
}

// read takes the text out of an answer. Its errors do not quote the answer.
func (r reference) read(body []byte) (string, error) {
	var answer struct {
		SecretString *string
		Parameter    struct{ Value *string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", errors.New("the secrets extension's answer is not JSON")
	}
	text := answer.SecretString
	if r.service == parameterStore {
		text = answer.Parameter.Value
	}
	if text == nil {
		return "", errors.New("the secret has no text")
	}
	if r.key == "" {
		return *text, nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(*text), &members); err != nil {
		return "", errors.New("the secret is not a JSON object: wanted one member for each setting")
	}
	value := members[r.key]
	if len(value) == 0 || string(value) == "null" || value[0] == '{' || value[0] == '[' {
		return "", fmt.Errorf("the secret has no text, number or bool under %q", r.key)
	}
	if value[0] != '"' {
		return string(value), nil // every digit as it stands
	}
	var member string
	err := json.Unmarshal(value, &member)
	return member, err
}
