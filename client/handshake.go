package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/coder/websocket"
)

// handshakeLimit is how long the server may take to answer a handshake: $connect
// has 29 s.
const handshakeLimit = 30 * time.Second

// errToken marks a failure of the token source.
var errToken = errors.New("get a token")

func (t *socket) handshake(ctx context.Context) (*session, *ConnectError) {
	ctx, cancel := context.WithTimeout(ctx, handshakeLimit)
	defer cancel()
	failed := &ConnectError{URL: withoutQuery(t.cfg.URL)}
	header, token, err := t.http.authorization(ctx)
	if err != nil {
		failed.Err = err
		return nil, failed
	}
	conn, response, err := websocket.Dial(ctx, t.cfg.URL, &websocket.DialOptions{HTTPClient: t.http.client, HTTPHeader: header})
	if err == nil {
		return newSession(conn, token, t.cfg.Backoff), nil
	}
	failed.Err = withoutURL(err)
	if response != nil && response.StatusCode != http.StatusSwitchingProtocols {
		failed.Status, failed.Err = response.StatusCode, reason(response)
		id := gatewayID(response.Header)
		switch {
		case id == "" || failed.Status < http.StatusInternalServerError:
		case failed.Err == nil:
			failed.Err = errors.New("request id " + id)
		default:
			failed.Err = fmt.Errorf("%w (request id %s)", failed.Err, id)
		}
	}
	return nil, failed
}

// reason returns what the body of a refusal says.
func reason(response *http.Response) error {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var said struct{ Detail, Message string }
	if json.Unmarshal(body, &said) != nil || said.Detail+said.Message == "" {
		return nil
	}
	if said.Detail != "" {
		return errors.New(said.Detail)
	}
	return errors.New(said.Message)
}

// withoutURL removes the URL from a network error: its query may hold a token.
func withoutURL(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}

func withoutQuery(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
