package verify_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/emulator/gateway"
	"github.com/pay-theory/streamer/emulator/iam"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// interopFunction is the function behind the gateway that third-party clients are
// tested with: $connect does what the query says, and a message is answered with
// what is known of its connection, or as it came where the query has mirror.
type interopFunction struct{ mirrors, tokens sync.Map }

func (f *interopFunction) Invoke(_ context.Context, raw []byte) ([]byte, error) {
	var e struct {
		Headers, QueryStringParameters map[string]string
		RequestContext                 struct{ RouteKey, ConnectionID string }
		Body                           string
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	id := e.RequestContext.ConnectionID
	if e.RequestContext.RouteKey == gateway.RouteConnect {
		return f.connect(id, e.QueryStringParameters, e.Headers["Sec-WebSocket-Protocol"])
	}
	if e.Body == "fail" {
		return nil, errors.New("as the test asked")
	}
	answer := e.Body
	if _, ok := f.mirrors.Load(id); ok {
		if e.Body == "long" {
			answer = strings.Repeat("x", 128<<10)
		}
	} else {
		token, _ := f.tokens.Load(id)
		said, err := json.Marshal(map[string]any{"connectionId": id, "body": e.Body, "token": token})
		if err != nil {
			return nil, err
		}
		answer = string(said)
	}
	return json.Marshal(map[string]any{"statusCode": http.StatusOK, "body": answer})
}

func (f *interopFunction) connect(id string, query map[string]string, protocols string) ([]byte, error) {
	switch {
	case query["fail"] != "":
		return nil, errors.New("as the test asked")
	case query["answer"] != "":
		return []byte(`{"statusCode":` + query["answer"] + `}`), nil
	}
	if query["mirror"] != "" {
		f.mirrors.Store(id, true)
	}
	f.tokens.Store(id, query["token"])
	response := map[string]any{"statusCode": http.StatusOK}
	if first, _, _ := strings.Cut(protocols, ","); first == "streamer.v1" {
		response["headers"] = map[string]string{"Sec-WebSocket-Protocol": first}
	}
	return json.Marshal(response)
}

// startGateway runs a gateway as users do, with AWS's limits but for time.
func startGateway(t *testing.T) (env []string) {
	t.Helper()
	f := &interopFunction{}
	address := serveGateway(t, gateway.Config{
		Callers: &iam.Callers{Region: "us-east-1", Known: []iam.Credentials{{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}}},
		Limits:  gateway.Limits{Idle: 3 * time.Second},
		Routes:  map[string]gateway.Route{gateway.RouteConnect: {Function: f}, gateway.RouteDefault: {Function: f, RouteResponse: true}},
	})
	return []string{"GATEWAY_URL=ws://" + address, "CALLBACK_URL=http://" + address}
}

// serveGateway serves a gateway's stage at the address that it returns.
func serveGateway(t *testing.T, config gateway.Config) (address string) {
	t.Helper()
	g, err := gateway.New(config)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: g, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(gateway.Listen(listener)) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := errors.Join(g.Close(ctx), server.Close()); err != nil {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return listener.Addr().String() + "/dev"
}

func TestInteropWS(t *testing.T) {
	t.Parallel()
	nodetest.Run(t, "node", startGateway(t), "ws.mjs")
}

func TestInteropChromium(t *testing.T) {
	t.Parallel()
	nodetest.Run(t, "node", append(startGateway(t), nodetest.Chromium(t)), "browser.mjs")
}

func TestInteropAWSSDK(t *testing.T) {
	t.Parallel()
	nodetest.Run(t, "node", startGateway(t), "connections.mjs")
}

func TestInteropWscat(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	target := targetOf(t, startStack(t, &log))
	nodetest.Run(t, "node", []string{"STREAMER_URL=" + target.WebSocketURL, "STREAMER_TOKEN=" + target.Token}, "wscat.mjs")
}
