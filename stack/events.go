package stack

import (
	"context"
	"net/http"
	"strings"

	"github.com/pay-theory/streamer/emulator/lambda"
	"github.com/pay-theory/streamer/lift"
)

// streaming is an app whose streamed answers its host hands on as they come.
type streaming struct{ *lift.App }

// Invoke implements [lambda.Handler].
func (s streaming) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if w := lambda.StreamFrom(ctx); w != nil {
		ctx = lift.WithStream(ctx, w)
	}
	return s.App.Invoke(ctx, payload)
}

// withEvents serves the events of requests beside a stack's APIs, by a function URL of
// the router: an HTTP API cannot stream them. On AWS that has an address of its own.
func withEvents(apis http.Handler, router lambda.Function) http.Handler {
	events := lambda.FunctionURL{Function: router, Stream: true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.Split(r.URL.EscapedPath(), "/")
		if r.Method != http.MethodGet || len(path) != 4 || path[1] != "requests" || path[3] != "events" {
			apis.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Access-Control-Allow-Origin", "*") // as the HTTP API has it; the token alone opens it
		events.ServeHTTP(w, r)
	})
}
