package runtimeapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/lift/internal/runtimeapi"
	"github.com/pay-theory/streamer/lift/lifttest"
)

// What the header of an invocation says is what the handler sees of it.
func TestContext(t *testing.T) {
	p := newPeer(t, "127.0.0.1:0")
	t.Setenv("_X_AMZN_TRACE_ID", "before")
	type seen struct {
		Lambda          lambdacontext.LambdaContext
		Deadline        time.Time
		Trace, EnvTrace string
	}
	got := make(chan seen, 1)
	ended, _ := run(t, runtimeapi.Config{Address: p.address(), Handler: func(ctx context.Context, _ []byte) ([]byte, *runtimeapi.Failure) {
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		trace, _ := ctx.Value("x-amzn-trace-id").(string)
		got <- seen{*lc, deadline, trace, os.Getenv("_X_AMZN_TRACE_ID")}
		return nil, nil
	}})
	l := p.accept()
	custom := strings.Repeat("x", 60<<10)
	l.give("id-1", "{}", "Lambda-Runtime-Invoked-Function-Arn: arn", "Lambda-Runtime-Aws-Tenant-Id: blue", "Lambda-Runtime-Trace-Id: Root=1",
		`Lambda-Runtime-Client-Context: {"Client":{"app_title":"app"},"custom":{"k":"`+custom+`","n":{"a":1}}}`,
		`Lambda-Runtime-Cognito-Identity: {"cognitoIdentityId":"me","cognitoIdentityPoolId":"pool"}`)
	_, body := l.want("POST invocation/id-1/response")
	want := seen{lambdacontext.LambdaContext{
		AwsRequestID: "id-1", InvokedFunctionArn: "arn", TenantID: "blue",
		Identity: lambdacontext.CognitoIdentity{CognitoIdentityID: "me", CognitoIdentityPoolID: "pool"},
		ClientContext: lambdacontext.ClientContext{
			Client: lambdacontext.ClientApplication{AppTitle: "app"}, Custom: map[string]string{"k": custom, "n": `{"a":1}`},
		},
	}, time.UnixMilli(4102444800000), "Root=1", "Root=1"}
	if diff := cmp.Diff(want, <-got); diff != "" || body != "" {
		t.Errorf("the handler sees (-want +got):\n%s\nand answers %q", diff, body)
	}
	_ = l.Close()
	_ = p.listener.Close()
	wantEnd(t, ended, "answer an invocation")
}

// An answer carries the invocation's own id where it has one, and the loop
// goes on with the same connection.
func TestAnswers(t *testing.T) {
	t.Parallel()
	p := newPeer(t, "127.0.0.1:0")
	run(t, runtimeapi.Config{Address: p.address(), Handler: func(_ context.Context, payload []byte) ([]byte, *runtimeapi.Failure) {
		if string(payload) == "fail" {
			return nil, &runtimeapi.Failure{Type: "confli\r\nct", Message: "said\r\nso"}
		}
		return payload, nil
	}})
	l := p.accept()
	for _, id := range []string{"", "7f"} {
		for payload, want := range map[string]string{"fail": "error", "": "response", strings.Repeat("x", 1<<20): "response"} {
			t.Run(fmt.Sprintf("%.4s with the id %q", payload, id), func(t *testing.T) {
				l.t = t
				header := []string{}
				if id != "" {
					header = append(header, "Lambda-Runtime-Invocation-Id: "+id)
				}
				l.give("id-1", payload, header...)
				h, body := l.want("POST invocation/id-1/" + want)
				l.say(accepted)
				if got := h.Get("Lambda-Runtime-Invocation-Id"); got != id {
					t.Errorf("got the invocation id %q", got)
				}
				if want == "response" {
					if body != payload {
						t.Errorf("got an answer of %d bytes, want %d", len(body), len(payload))
					}
					return
				}
				if body != `{"errorMessage":"said\r\nso","errorType":"confli\r\nct"}` || h.Get("Lambda-Runtime-Function-Error-Type") != "confli??ct" {
					t.Errorf("got %v, %s", h, body)
				}
			})
		}
	}
}

// What cannot be read of an invocation is its own failure, and the next is taken.
func TestUnreadableInvocations(t *testing.T) {
	t.Parallel()
	p := newPeer(t, "127.0.0.1:0")
	run(t, runtimeapi.Config{Address: p.address()})
	l := p.accept()
	for header, want := range map[string]string{
		"Lambda-Runtime-Client-Context: {":        "Lambda-Runtime-Client-Context is not the JSON",
		"Lambda-Runtime-Cognito-Identity: [1]":    "Lambda-Runtime-Cognito-Identity is not the JSON",
		"Lambda-Runtime-Client-Context: \"text\"": "Lambda-Runtime-Client-Context is not the JSON",
	} {
		t.Run(header, func(t *testing.T) {
			l.t = t
			l.give("id-1", "{}", header)
			_, body := l.want("POST invocation/id-1/error")
			l.say(accepted)
			var f runtimeapi.Failure
			if err := json.Unmarshal([]byte(body), &f); err != nil || f.Type != "Runtime.InvalidInvocation" || !strings.Contains(f.Message, want) {
				t.Errorf("got %s, %v", body, err)
			}
		})
	}
	t.Run("deadline", func(t *testing.T) {
		l.t = t
		l.want("GET invocation/next")
		l.say("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nContent-Length: 0\r\n\r\n")
		if _, body := l.want("POST invocation/1/error"); !strings.Contains(body, `Lambda-Runtime-Deadline-Ms is \"\"`) {
			t.Errorf("got %s", body)
		}
	})
}

// A panic is reported with its stack and its cause, and ends a process that
// takes one invocation at a time.
func TestPanic(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		value         any
		kind, message string
	}{
		"text":    {"sesame", "string", "sesame"},
		"error":   {errors.New("sesame"), "errorString", "sesame"},
		"too big": {strings.Repeat("x", 1<<20), "string", "xxx"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, "127.0.0.1:0")
			ended, log := run(t, runtimeapi.Config{
				Address: p.address(), Handler: func(context.Context, []byte) ([]byte, *runtimeapi.Failure) { panic(c.value) },
			})
			l := p.accept()
			l.give("id-1", "{}")
			header, body := l.want("POST invocation/id-1/error")
			l.say(accepted)
			wantEnd(t, ended, "the handler panicked")
			var f runtimeapi.Failure
			if err := json.Unmarshal([]byte(body), &f); err != nil || f.Type != c.kind || !strings.HasPrefix(f.Message, c.message) {
				t.Errorf("got %.300s, %v", body, err)
			}
			panicking := func(f runtimeapi.Frame) bool {
				return strings.HasSuffix(f.Path, "lift/internal/runtimeapi/loop_test.go") && f.Line > 0 && strings.HasPrefix(f.Label, "TestPanic.")
			}
			if len(f.Stack) < 2 || !panicking(f.Stack[1]) {
				t.Errorf("got the stack %+v", f.Stack)
			}
			cause := header.Get("Lambda-Runtime-Function-Xray-Error-Cause")
			if small := len(body) < 1<<20; small != strings.Contains(cause, `"exceptions":[{"type":"`+c.kind+`"`) {
				t.Errorf("got the cause %.300s", cause)
			}
			if !strings.Contains(log.String(), `"invocation_id":"id-1"`) || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("got the log %.300s", log)
			}
		})
	}
}

// Lambda takes answers of 6,291,556 bytes. Of a longer one it gets no byte.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	p := newPeer(t, "127.0.0.1:0")
	_, log := run(t, runtimeapi.Config{Address: p.address(), Handler: func(_ context.Context, payload []byte) ([]byte, *runtimeapi.Failure) {
		return make([]byte, 6291556+len(payload)), nil
	}})
	l := p.accept()
	l.give("id-1", "")
	if _, body := l.want("POST invocation/id-1/response"); len(body) != 6291556 {
		t.Errorf("got %d bytes", len(body))
	}
	l.say(accepted)
	l.give("id-2", "x")
	_, body := l.want("POST invocation/id-2/error")
	const want = `{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",` +
		`"errorType":"Function.ResponseSizeTooLarge"}`
	if body != want {
		t.Errorf("got %s", body)
	}
	l.say(accepted)
	l.want("GET invocation/next")
	if !strings.Contains(log.String(), `"invocation_id":"id-2","bytes":6291557`) {
		t.Errorf("got the log %s", log)
	}
}

// Which statuses the loop lives on after.
func TestStatuses(t *testing.T) {
	t.Parallel()
	for status, lives := range map[int]bool{202: true, 410: true, 413: true, 200: false, 204: false, 400: false, 403: false, 500: false} {
		t.Run(fmt.Sprintf("an answer gets %d", status), func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, "127.0.0.1:0")
			ended, log := run(t, runtimeapi.Config{Address: p.address()})
			l := p.accept()
			l.give("id-1", "{}")
			l.want("POST invocation/id-1/response")
			l.say(fmt.Sprintf("HTTP/1.1 %d what\r\nContent-Length: 6\r\n\r\nsesame", status))
			if !lives {
				wantEnd(t, ended, fmt.Sprintf("refuses an answer with status %d", status))
				return
			}
			l.want("GET invocation/next")
			if logged := strings.Contains(log.String(), "dropped the answer"); logged != (status != 202) {
				t.Errorf("got the log %s", log)
			}
		})
	}
	for _, status := range []int{201, 202, 302, 403, 500} {
		t.Run(fmt.Sprintf("a request for an invocation gets %d", status), func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, "127.0.0.1:0")
			ended, _ := run(t, runtimeapi.Config{Address: p.address()})
			l := p.accept()
			l.want("GET invocation/next")
			l.say(fmt.Sprintf("HTTP/1.1 %d what\r\nContent-Length: 0\r\n\r\n", status))
			wantEnd(t, ended, fmt.Sprintf("refuses a request for an invocation with status %d", status))
		})
	}
}

// Several invocations at once: a panic, a refused answer and the end of one
// loop leave the others alone, and the environment has nobody's trace id.
func TestConcurrency(t *testing.T) {
	p := newPeer(t, "127.0.0.1:0")
	t.Setenv("_X_AMZN_TRACE_ID", "before")
	ended, log := run(t, runtimeapi.Config{Address: p.address(), Concurrency: 3,
		Handler: func(_ context.Context, payload []byte) ([]byte, *runtimeapi.Failure) {
			if string(payload) == "panic" {
				panic("sesame")
			}
			return []byte(os.Getenv("_X_AMZN_TRACE_ID")), nil
		}})
	a, b, c := p.accept(), p.accept(), p.accept()
	a.give("a", "panic")
	b.give("b", "{}", "Lambda-Runtime-Trace-Id: Root=1")
	c.want("GET invocation/next")
	a.want("POST invocation/a/error")
	a.say(accepted)
	if _, body := b.want("POST invocation/b/response"); body != "before" {
		t.Errorf("got the trace id %q", body)
	}
	b.say("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
	b.give("b2", "{}") // a panic and a refusal, and both go on
	b.want("POST invocation/b2/response")
	b.say(accepted)
	c.say("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")
	if _, err := c.reader.ReadByte(); err == nil {
		t.Error("the loop goes on that may not take invocations")
	}
	a.give("a2", "{}")
	a.want("POST invocation/a2/response")
	a.say(accepted)
	for _, l := range []*line{a, b} {
		l.want("GET invocation/next")
		l.say("HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n")
	}
	wantEnd(t, ended, "with status 500")
	for _, want := range []string{`"invocation_id":"a"`, `"invocation_id":"b"`, "one of several runtime loops ends"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in the log %s", want, log)
		}
	}
}

// A handler that ignores its deadline among several is answered with a timeout
// just before, and its late answer is dropped. The loop goes on.
func TestConcurrentHandlersThatIgnoreTheirDeadline(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]string{"an answer": "", "a stream": "first"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, "127.0.0.1:0")
			release, late := make(chan struct{}), make(chan error, 1)
			_, log := run(t, runtimeapi.Config{Address: p.address(), Concurrency: 2,
				Handler: func(ctx context.Context, payload []byte) ([]byte, *runtimeapi.Failure) {
					if string(payload) != "hang" {
						return payload, nil
					}
					stream := ctx.Value(runtimeapi.StreamKey{}).(io.Writer)
					if first != "" {
						_, _ = io.WriteString(stream, first)
					}
					<-release
					if first != "" {
						_, err := io.WriteString(stream, "late")
						late <- err
					}
					return []byte("late"), nil
				}})
			a, b := p.accept(), p.accept()
			deadline := time.Now().Add(time.Second)
			a.want("GET invocation/next")
			a.say("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: a\r\n" +
				fmt.Sprintf("Lambda-Runtime-Deadline-Ms: %d\r\nContent-Length: 4\r\n\r\nhang", deadline.UnixMilli()))
			b.want("GET invocation/next")
			if first == "" {
				if _, body := a.want("POST invocation/a/error"); body != `{"errorMessage":"the time was not enough","errorType":"timeout"}` {
					t.Errorf("got %s", body)
				}
				a.say(accepted)
			} else {
				stream := p.accept()
				req, err := http.ReadRequest(stream.reader)
				if err != nil {
					t.Fatal(err)
				}
				if body, err := io.ReadAll(req.Body); string(body) != first || err != nil || req.Trailer.Get("Lambda-Runtime-Function-Error-Type") != "timeout" {
					t.Errorf("got %q, %v, trailer %v", body, err, req.Trailer)
				}
				stream.say(accepted)
			}
			if early := time.Until(deadline); early < 0 || early > 500*time.Millisecond {
				t.Errorf("answered %s before the deadline", early)
			}
			a.give("a2", "{}")
			close(release) // now it answers
			a.want("POST invocation/a2/response")
			a.say(accepted)
			a.want("GET invocation/next")
			if first != "" {
				if err := <-late; err == nil {
					t.Error("a Write after the end of the answer: got no error")
				}
			}
			if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), "the handler ignores its deadline") {
				t.Errorf("got the log %s", log)
			}
		})
	}
}

func TestReportInitError(t *testing.T) {
	t.Parallel()
	api := lifttest.NewRuntimeAPI(t)
	if err := runtimeapi.ReportInitError(api.Addr(), &runtimeapi.Failure{Type: "Runtime.Broken", Message: "no key"}); err != nil {
		t.Fatal(err)
	}
	<-api.InitError()
	answer := api.Invoke(t.Context(), t, lifttest.Invocation{Event: lifttest.Raw("{}")})
	if answer.Err == nil || answer.Err.Error() != "Runtime.Broken: no key" {
		t.Errorf("got %v", answer.Err)
	}
}
