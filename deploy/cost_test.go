package deploy_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/internal/dynoxide"
	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/wire"
)

// A meter reads off a database's answers what each call would be charged, and
// counts frames.
type meter struct {
	t                     testing.TB
	written, read, pushed atomic.Int64
}

func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		m.t.Error(err)
	}
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	units := map[string]*atomic.Int64{"PutItem": &m.written, "UpdateItem": &m.written, "DeleteItem": &m.written, "GetItem": &m.read, "Query": &m.read}[operation]
	if units != nil {
		in["ReturnConsumedCapacity"] = "TOTAL"
	}
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || units == nil {
		return res, err
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(answer))
	var out struct {
		ConsumedCapacity struct{ CapacityUnits float64 }
	}
	if err := json.Unmarshal(answer, &out); err != nil || out.ConsumedCapacity.CapacityUnits == 0 {
		m.t.Errorf("%s does not say what it costs: %s", operation, answer)
	}
	units.Add(int64(2 * out.ConsumedCapacity.CapacityUnits)) // an eventually consistent read is half a unit
	return res, nil
}

func (m *meter) Push(context.Context, string, []byte) error { m.pushed.Add(1); return nil }

func (m *meter) Dispatch(context.Context, streamer.Key) error { return nil }

// The units and frames that README.md charges for are those that a request
// takes: a five-step one with a small payload, and the rest around it.
func TestWhatARequestCosts(t *testing.T) {
	t.Parallel()
	binary, err := dynoxide.Install(t.Context(), filepath.Join("..", ".cache", "dynoxide"))
	if err != nil {
		t.Skipf("the costs are not counted, there is no database: %v", err)
	}
	server, err := dynoxide.Start(t.Context(), dynoxide.Config{Binary: binary})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	m := &meter{t: t}
	store, err := dynamo.New(dynamo.Config{Region: "eu-west-1", Endpoint: server.Endpoint, Transport: m,
		RequestsTable: "requests", ConnectionsTable: "connections",
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		})})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := actions.New(actions.Config{Requests: store})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	registry := streamer.NewRegistry(all...)
	connections := streamer.Connections{Store: store}
	requests := &streamer.Requests{Store: store, Actions: registry, Push: m, Logger: logger}
	processor, err := streamer.NewProcessor(streamer.ProcessorConfig{Store: store, Actions: registry, Push: m, Dispatch: m, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	who := streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: "ada", ExpiresAt: time.Now().Add(time.Hour)}, Connection: "L0SM9cOFvHcCIhw="}
	for _, step := range []struct {
		what                  string
		do                    func() error
		written, read, pushed float64
	}{
		{"connect", func() error { return connections.Open(t.Context(), who.Connection, who.Principal) }, 1, 0, 0},
		{"find the connection of a message", func() error {
			_, err := connections.Find(t.Context(), who.Connection)
			return err
		}, 0, 1, 0},
		{"store a request", func() error {
			_, err := requests.Submit(t.Context(), who, wire.Message{ID: "r1", Action: "echo_async", Payload: []byte(`{"step_ms":200}`)})
			return err
		}, 4, 0, 0},
		{"run it", func() error { return processor.Run(t.Context(), who.Key("r1")) }, 12, 0, 6},
		{"sweep", func() error { _, err := processor.Sweep(t.Context()); return err }, 0, 2, 0},
		{"disconnect", func() error { return connections.Close(t.Context(), who.Connection) }, 1, 0, 0},
	} {
		m.written.Store(0)
		m.read.Store(0)
		m.pushed.Store(0)
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		written, read, pushed := float64(m.written.Load())/2, float64(m.read.Load())/2, float64(m.pushed.Load())
		if written != step.written || read != step.read || pushed != step.pushed {
			t.Errorf("%s takes %v units written, %v read and %v frames; README.md says %v, %v and %v",
				step.what, written, read, pushed, step.written, step.read, step.pushed)
		}
	}
}
