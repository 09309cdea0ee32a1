package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/wire"
)

// A meter reads off a database's answers what each call would be charged, counts
// frames, and keeps which operation was called on which table or index.
type meter struct {
	dynamodbtest.Meter
	t      testing.TB
	pushed atomic.Int64
	mu     sync.Mutex
	called []call
}

// A call is an operation and the ARN of what it was for, in the template's names.
type call struct{ action, resource string }

func (m *meter) keep(operation string, in map[string]any) {
	// A transaction needs what its parts would need.
	if parts, ok := in["TransactItems"].([]any); ok {
		for _, part := range parts {
			for kind, of := range part.(map[string]any) {
				m.keep(map[string]string{"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem",
					"ConditionCheck": "ConditionCheckItem"}[kind], of.(map[string]any))
			}
		}
		return
	}
	var table string
	if batch, ok := in["RequestItems"].(map[string]any); ok {
		for table = range batch { // there is one
		}
	} else {
		table = in["TableName"].(string)
	}
	resource := table + ".Arn"
	if index, ok := in["IndexName"].(string); ok {
		resource += "/index/" + index
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.called = append(m.called, call{"dynamodb:" + operation, resource})
}

// take returns the calls since it was asked last.
func (m *meter) take() []call {
	m.mu.Lock()
	defer m.mu.Unlock()
	called := m.called
	m.called = nil
	return called
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var in map[string]any
	if err := json.Unmarshal(raw, &in); err != nil {
		m.t.Error(err)
	}
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(raw))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	m.keep(operation, in)
	return m.Meter.RoundTrip(r)
}

func (m *meter) Push(context.Context, string, []byte) error { m.pushed.Add(1); return nil }

func (m *meter) CloseConnection(context.Context, string) error { return nil }

func (m *meter) Dispatch(context.Context, request.Key, time.Time) error { return nil }

// A world is the domain over a database of its own, metered. Its tables have the
// names that the template's have in tests.
type world struct {
	*meter
	connections streamer.Connections
	requests    *streamer.Requests
	processor   *streamer.Processor
	who         streamer.Caller
}

func newWorld(t *testing.T) *world {
	t.Helper()
	m := &meter{t: t}
	store, err := dynamo.New(dynamo.Config{Region: "eu-west-1", Endpoint: dynamodbtest.Start(t), Transport: m,
		RequestsTable: "RequestsTable", ConnectionsTable: "ConnectionsTable",
		Credentials: sigv4.Static(sigv4.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"})})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	m.take()
	all, err := actions.All(store)
	if err != nil {
		t.Fatal(err)
	}
	all = append(all, streamer.NewAction(streamer.ActionConfig{Name: "talk", Long: true},
		func(_ context.Context, job *streamer.Job, _ any) (int, error) { return 0, job.Emit("a word") }))
	all = append(all, streamer.NewAction(streamer.ActionConfig{Name: "steps", Long: true},
		func(ctx context.Context, job *streamer.Job, _ any) (int, error) {
			for i := range 5 {
				step := func(context.Context) (int, error) { return i, nil }
				if _, err := streamer.RunStep(ctx, job, fmt.Sprintf("step-%d", i), step); err != nil {
					return i, err
				}
			}
			return 5, nil
		}))
	all = append(all, streamer.NewAction(streamer.ActionConfig{Name: "one", Long: true},
		func(context.Context, *streamer.Job, int) (int, error) { return 1, nil }))
	all = append(all, streamer.NewAction(streamer.ActionConfig{Name: "family", Long: true},
		func(ctx context.Context, job *streamer.Job, n int) (int, error) {
			var children []streamer.Child
			for k := range n {
				children = append(children, streamer.Child{Name: fmt.Sprint("k", k), Action: "one", Payload: k})
			}
			results, err := streamer.AwaitChildren[int](ctx, job, streamer.UntilAllEnd, children...)
			return len(results), err
		}))
	logger, registry := slog.New(slog.DiscardHandler), streamer.NewRegistry(all...)
	connections := streamer.Connections{Store: store, Closer: m}
	processor, err := streamer.NewProcessor(streamer.ProcessorConfig{Store: store, Connections: connections, Actions: registry, Push: m,
		Dispatch: streamer.QueueFunc(m.Dispatch), Logger: logger,
		SaveEvery: time.Minute}) // on a busy machine a second of work takes longer, and would be saved in between
	if err != nil {
		t.Fatal(err)
	}
	return &world{meter: m, processor: processor, connections: connections,
		requests: &streamer.Requests{Store: store, Actions: registry, Push: m, Dispatch: streamer.QueueFunc(m.Dispatch), Logger: logger},
		who: streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: "ada", ExpiresAt: time.Now().Add(time.Hour)},
			Connection: "L0SM9cOFvHcCIhw="}}
}

func (w *world) submit(ctx context.Context, id, action, payload string) error {
	_, err := w.requests.Submit(ctx, w.who, wire.Message{ID: id, Action: action, Payload: []byte(payload)})
	return err
}

// owner is the caller with the scope of the stage's owner.
func (w *world) owner() streamer.Caller {
	owner := w.who
	owner.Scopes = []string{request.OwnerScope}
	return owner
}
