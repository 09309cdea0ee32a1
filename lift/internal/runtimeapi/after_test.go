package runtimeapi_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
)

// leave leaves work that sends its name.
func leave(ctx context.Context, to chan<- string, name string) bool {
	return ctx.Value(runtimeapi.AfterKey{}).(*runtimeapi.After).Leave(func() { to <- name })
}

// wantRan fails unless exactly these have run by now.
func wantRan(t *testing.T, when string, ran <-chan string, want ...string) {
	t.Helper()
	var got []string
	for len(ran) > 0 {
		got = append(got, <-ran)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: got the work %q done, want %q", when, got, want)
	}
}

// What a handler leaves runs when the API has taken or refused the answer, in order, and
// before the next invocation is asked for.
func TestWorkAfterTheAnswer(t *testing.T) {
	t.Parallel()
	const refused = "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n"
	for _, tt := range []struct {
		name   string
		handle func(ctx context.Context) ([]byte, *runtimeapi.Failure)
		post   string
		says   string
		ends   bool // the loop
	}{
		{name: "an answer", post: "response", says: accepted},
		{name: "an error", post: "error", says: accepted,
			handle: func(context.Context) ([]byte, *runtimeapi.Failure) { return nil, &runtimeapi.Failure{Type: "conflict"} }},
		{name: "too late", post: "response", says: fmt.Sprintf(refused, 410)},
		{name: "too large for the API", post: "response", says: fmt.Sprintf(refused, 413)},
		{name: "too large", post: "error", says: accepted,
			handle: func(context.Context) ([]byte, *runtimeapi.Failure) { return make([]byte, runtimeapi.MaxAnswer+1), nil }},
		{name: "a refusal that ends the loop", post: "response", says: fmt.Sprintf(refused, 403), ends: true},
		{name: "a panic", post: "error", says: accepted, ends: true,
			handle: func(context.Context) ([]byte, *runtimeapi.Failure) { panic("sesame") }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, ran := newPeer(t, "127.0.0.1:0"), make(chan string, 9)
			ended, _ := run(t, runtimeapi.Config{Address: p.address(), Handler: func(ctx context.Context, _ []byte) ([]byte, *runtimeapi.Failure) {
				leave(ctx, ran, "first")
				ctx.Value(runtimeapi.AfterKey{}).(*runtimeapi.After).Leave(func() { leave(ctx, ran, "left by work") })
				leave(ctx, ran, "second")
				if tt.handle != nil {
					return tt.handle(ctx)
				}
				return nil, nil
			}})
			l := p.accept()
			l.give("id-1", "{}")
			l.want("POST invocation/id-1/" + tt.post)
			wantRan(t, "with the answer", ran)
			l.say(tt.says)
			if tt.ends {
				_ = ended()
			} else {
				l.want("GET invocation/next")
			}
			wantRan(t, "with the next request", ran, "first", "second", "left by work")
		})
	}
}

// Of a streamed answer the work comes behind the end.
func TestWorkAfterAStream(t *testing.T) {
	t.Parallel()
	p, ran := newPeer(t, "127.0.0.1:0"), make(chan string, 9)
	run(t, runtimeapi.Config{Address: p.address(), Handler: func(ctx context.Context, _ []byte) ([]byte, *runtimeapi.Failure) {
		leave(ctx, ran, "work")
		_, _ = io.WriteString(ctx.Value(runtimeapi.StreamKey{}).(io.Writer), "all")
		return nil, nil
	}})
	l := p.accept()
	l.give("id-1", "{}")
	stream := p.accept()
	req, err := http.ReadRequest(stream.reader)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(req.Body); string(body) != "all" || err != nil {
		t.Errorf("got %q, %v, want all", body, err)
	}
	wantRan(t, "with the end of the stream", ran)
	stream.say(accepted)
	l.want("GET invocation/next")
	wantRan(t, "with the next request", ran, "work")
}

// Among several, what one handler leaves holds up its own loop alone, and that not beyond
// the deadline. A handler that ignores its deadline has its work run when it is answered
// for, and cannot leave any later.
func TestWorkAmongSeveral(t *testing.T) {
	t.Parallel()
	p, ran, left := newPeer(t, "127.0.0.1:0"), make(chan string, 9), make(chan bool, 1)
	release := make(chan struct{})
	_, log := run(t, runtimeapi.Config{Address: p.address(), Concurrency: 2, Handler: func(ctx context.Context, payload []byte) ([]byte, *runtimeapi.Failure) {
		switch string(payload) {
		case "late":
			leave(ctx, ran, "of the late one")
			<-release
			left <- leave(ctx, ran, "too late")
		case "hang":
			leave(ctx, ran, "hangs")
			ctx.Value(runtimeapi.AfterKey{}).(*runtimeapi.After).Leave(func() { <-release })
		}
		return payload, nil
	}})
	a, b := p.accept(), p.accept()
	soon := func(id, payload string) {
		a.want("GET invocation/next")
		a.say("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: " + id + fmt.Sprintf("\r\nLambda-Runtime-Deadline-Ms: %d\r\nContent-Length: %d\r\n\r\n%s",
			time.Now().Add(300*time.Millisecond).UnixMilli(), len(payload), payload))
	}
	soon("a", "late")
	a.want("POST invocation/a/error")
	wantRan(t, "with the answer in place of a late one", ran)
	a.say(accepted)
	soon("a2", "hang")
	wantRan(t, "with the next request", ran, "of the late one")
	a.want("POST invocation/a2/response")
	a.say(accepted)
	b.give("b", "meanwhile")
	b.want("POST invocation/b/response")
	b.say(accepted)
	a.want("GET invocation/next")
	wantRan(t, "with the next request after the deadline", ran, "hangs")
	if got := log.String(); !strings.Contains(got, `"msg":"the work after the answer ignores its deadline","invocation_id":"a2"`) {
		t.Errorf("got the log %s", got)
	}
	close(release)
	if <-left {
		t.Error("a handler left work whose invocation is over: got true, want false")
	}
	wantRan(t, "at the end", ran)
}
