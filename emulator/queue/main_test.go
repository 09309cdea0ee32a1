package queue_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"go.uber.org/goleak"

	"github.com/pay-theory/streamer/emulator/queue"
)

// Tests run in bubbles of testing/synctest, whose time passes at once; the SDK's
// client calls the API without a network.

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// direct is an HTTP client that calls a handler.
type direct struct{ http.Handler }

func (d direct) Do(r *http.Request) (*http.Response, error) {
	r.Host = r.URL.Host
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

// client is AWS's own for queues.
func client(queues ...*queue.Queue) *sqs.Client {
	api := queue.API{}
	for _, q := range queues {
		api[q.Name()] = q
	}
	return sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String("http://sqs.test"), HTTPClient: direct{api}, RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
}

func newQueue(t *testing.T, cfg queue.Config) *queue.Queue {
	t.Helper()
	if cfg.Name == "" {
		cfg.Name = "work"
	}
	q, err := queue.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// send stores a message of a group.
func send(t *testing.T, q *queue.Queue, body, group string) {
	t.Helper()
	if _, err := q.Send(queue.Entry{Body: body, GroupID: group}); err != nil {
		t.Fatal(err)
	}
}

// receive returns one message that is there now.
func receive(t *testing.T, q *queue.Queue) queue.Message {
	t.Helper()
	got, err := q.Receive(t.Context(), 1, 0)
	if err != nil || len(got) != 1 {
		t.Fatalf("got %d messages and %v, want one", len(got), err)
	}
	return got[0]
}

// empty fails unless there is no message to receive now.
func empty(t *testing.T, q *queue.Queue) {
	t.Helper()
	if got, err := q.Receive(t.Context(), 1, 0); err != nil || len(got) != 0 {
		t.Fatalf("got %v and %v, want no message", got, err)
	}
}

func wantType(t *testing.T, err error, want string) {
	t.Helper()
	got, ok := errors.AsType[*queue.Error](err)
	if !ok || got.Type != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

// function is a queue.Function made of a Go function, which gets the messages.
type function func(ctx context.Context, messages []message) ([]byte, error)

type message struct {
	MessageID  string `json:"messageId"`
	Body       string
	Attributes map[string]string
}

func (f function) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	var event struct{ Records []message }
	if err := json.Unmarshal(payload, &event); err != nil {
		return nil, err
	}
	return f(ctx, event.Records)
}

// run starts a mapping. stop ends it and waits for it.
func run(t *testing.T, cfg queue.MappingConfig) (stop func()) {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	m, err := queue.NewMapping(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		m.Run(ctx)
		close(ended)
	}()
	return func() {
		cancel()
		<-ended
	}
}
