package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/pay-theory/streamer/measure/baseline/internal/actions"
	"github.com/pay-theory/streamer/measure/baseline/internal/awstest"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

type processor struct {
	*handler
	services *awstest.Services
	log      *bytes.Buffer
}

func startProcessor(t *testing.T) processor {
	t.Helper()
	services := awstest.Start(t)
	log := new(bytes.Buffer)
	h, err := newHandler(t.Context(), slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return processor{h, services, log}
}

func keyOfID(id string) store.Key {
	return store.Key{Partition: store.Partition("acme", "ada"), ID: id}
}

// queue stores a request and returns the message that the router sends of it.
func (p processor) queue(t *testing.T, id, action, payload string) events.SQSMessage {
	t.Helper()
	now := time.Now().UTC()
	r := &store.Request{Key: keyOfID(id), Tenant: "acme", Subject: "ada", Action: action, Payload: payload, ConnectionID: "c=",
		CorrelationID: "r=", State: store.Queued, Rev: 1, CreatedAt: now, UpdatedAt: now}
	if err := p.requests.Create(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return message(id)
}

func message(id string) events.SQSMessage {
	return events.SQSMessage{MessageId: "message-" + id, Body: `{"run":{"partition":"` + keyOfID(id).Partition + `","id":"` + id + `"}}`}
}

func (p processor) batch(t *testing.T, messages ...events.SQSMessage) events.SQSEventResponse {
	t.Helper()
	response, err := p.handle(awstest.Context(t), events.SQSEvent{Records: messages})
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func (p processor) load(t *testing.T, id string) *store.Request {
	t.Helper()
	r, err := p.requests.Load(t.Context(), keyOfID(id))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestARequestIsRunOnce(t *testing.T) {
	p := startProcessor(t)
	rec := p.queue(t, "a", "echo_async", `{"step_ms":1, "x":"<&>"}`)
	if failures := p.batch(t, rec).BatchItemFailures; len(failures) > 0 {
		t.Fatal(failures)
	}
	frames := p.services.Frames()
	if len(frames) < 2 || frames[0]["type"] != "progress" || frames[len(frames)-1]["type"] != "complete" {
		t.Fatalf("sent %v", frames)
	}
	rev := 1.0
	for _, f := range frames {
		if next := f["rev"].(float64); next <= rev {
			t.Errorf("rev goes from %v to %v", rev, next)
		}
		rev = f["rev"].(float64)
	}
	r := p.load(t, "a")
	if r.State != store.Succeeded || float64(r.Rev) != rev || r.Percentage != 100 ||
		!strings.HasPrefix(r.Result, `{"echo":{"step_ms":1, "x":"<&>"},`) {
		t.Errorf("stored %+v", r)
	}
	if n := p.services.Metrics(); n != 1 {
		t.Errorf("metrics put %d times, want once", n)
	}
	p.batch(t, rec)
	if frames := p.services.Frames(); len(frames) > 0 {
		t.Errorf("a redelivered message sends %v", frames)
	}
	if n := p.services.Metrics(); n != 0 {
		t.Errorf("a batch without work puts metrics %d times", n)
	}
}

func TestActionsThatFail(t *testing.T) {
	p := startProcessor(t)
	for name, run := range map[string]func(context.Context, actions.Job) (json.RawMessage, error){
		"broken":  func(context.Context, actions.Job) (json.RawMessage, error) { panic("oh") },
		"unlucky": func(context.Context, actions.Job) (json.RawMessage, error) { return nil, errors.New("secret") },
		"slow":    func(ctx context.Context, _ actions.Job) (json.RawMessage, error) { <-ctx.Done(); return nil, ctx.Err() },
		"chatty": func(context.Context, actions.Job) (json.RawMessage, error) {
			return json.RawMessage(`"` + strings.Repeat("x", maxResult) + `"`), nil
		},
	} {
		p.actions[name] = actions.New(run)
	}
	for action, code := range map[string]string{
		"broken": "INTERNAL_ERROR", "unlucky": "INTERNAL_ERROR", "slow": "TIMEOUT", "chatty": "PAYLOAD_TOO_LARGE",
		"none": "INVALID_ACTION", "generate_report": "VALIDATION_ERROR",
	} {
		rec := p.queue(t, action, action, "")
		ctx, cancel := context.WithTimeout(awstest.Context(t), reserve+10*time.Millisecond)
		if action != "slow" {
			ctx = awstest.Context(t)
		}
		response, err := p.handle(ctx, events.SQSEvent{Records: []events.SQSMessage{rec}})
		cancel()
		if err != nil || len(response.BatchItemFailures) > 0 {
			t.Fatalf("%s: %+v, %v", action, response, err)
		}
		frames := p.services.Frames()
		if len(frames) != 1 || frames[0]["type"] != "error" || frames[0]["error"].(map[string]any)["code"] != code {
			t.Errorf("%s: sent %v, want %s", action, frames, code)
		}
		if r := p.load(t, action); r.State != store.Failed || r.ErrorCode != code || strings.Contains(r.ErrorMessage, "secret") {
			t.Errorf("%s: stored %+v", action, r)
		}
	}
}

func TestAReport(t *testing.T) {
	p := startProcessor(t)
	today := time.Now().UTC().Format(time.DateOnly)
	for _, id := range []string{"one", "two"} {
		p.batch(t, p.queue(t, id, "echo_async", `{"step_ms":1}`))
	}
	for _, format := range []string{"json", "csv", "html"} {
		p.batch(t, p.queue(t, format, "generate_report", `{"start_date":"`+today+`","end_date":"`+today+`","format":"`+format+`"}`))
		var report struct {
			Total   int
			Rows    []struct{ Action, State string }
			Content string
		}
		if err := json.Unmarshal([]byte(p.load(t, format).Result), &report); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(report)
		if err != nil || report.Total < 3 || !bytes.Contains(text, []byte("echo_async")) {
			t.Errorf("%s: %s", format, text)
		}
	}
}

func TestFaultsOfTheStoreComeAgain(t *testing.T) {
	p := startProcessor(t)
	good, bad := p.queue(t, "good", "echo_async", `{"step_ms":1}`), message("bad")
	bad.Body = "{}"
	after := p.queue(t, "after", "echo_async", `{"step_ms":1}`)
	if failures := p.batch(t, good, bad, after).BatchItemFailures; len(failures) != 1 || failures[0].ItemIdentifier != "message-bad" {
		t.Errorf("%v", failures)
	}
	if r := p.load(t, "after"); r.State != store.Succeeded {
		t.Errorf("what is behind the failure is %s, want %s", r.State, store.Succeeded)
	}
	p.requests = store.NewRequests(p.services.DynamoDB, "no-such-table")
	if failures := p.batch(t, after).BatchItemFailures; len(failures) != 1 {
		t.Errorf("%v", failures)
	}
}

func TestAClientThatHasGone(t *testing.T) {
	p := startProcessor(t)
	p.services.HangUp()
	p.batch(t, p.queue(t, "g", "echo_async", `{"step_ms":1}`))
	if r := p.load(t, "g"); r.State != store.Succeeded {
		t.Errorf("%+v", r)
	}
	p = startProcessor(t)
	p.services.Break()
	p.batch(t, p.queue(t, "b", "echo_async", `{"step_ms":1}`))
	if r := p.load(t, "b"); r.State != store.Succeeded || !strings.Contains(p.log.String(), "frame not delivered") ||
		!strings.Contains(p.log.String(), "metrics lost") {
		t.Errorf("%+v", r)
	}
}

func TestEnvironment(t *testing.T) {
	awstest.Start(t)
	for _, name := range []string{"STREAMER_REQUESTS_TABLE", "STREAMER_CALLBACK_URL"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "")
			if _, err := newHandler(t.Context(), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("without it: %v", err)
			}
		})
	}
}
