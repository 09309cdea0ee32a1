package dynamo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/emulator/dynamodb"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/store/dynamo"
	"github.com/pay-theory/streamer/wire"
)

var (
	epoch = time.Date(2096, 3, 4, 5, 6, 7, 890_000_000, time.UTC)
	key   = request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}
)

func newRequest(id string) *request.Request {
	return &request.Request{Key: request.Key{Tenant: "acme", Subject: "ada", ID: id}, Action: "report", Payload: json.RawMessage(`{"n":1}`),
		State: request.Queued, Rev: 1, Attempt: 1, DueAt: epoch, Look: request.Look{At: epoch}, CreatedAt: epoch, UpdatedAt: epoch}
}

func claim(worker string) request.Change {
	return request.Change{
		If: request.Guards{States: []request.State{request.Queued}, DueBy: epoch},
		Set: request.Effects{UpdatedAt: epoch, State: request.Running, DueAt: epoch.Add(time.Minute),
			Look: request.Look{At: epoch.Add(time.Minute)}, ClaimedAt: epoch, StartedAt: epoch,
			AddFence: 1, AddRev: 1, Worker: worker},
	}
}

func create(t *testing.T, s *dynamo.Store, id string) {
	t.Helper()
	if _, created, err := s.CreateRequest(t.Context(), newRequest(id)); err != nil || !created {
		t.Fatalf("create %s: created %v, %v", id, created, err)
	}
}

// faulty is a store whose calls go through the returned faults.
func faulty(t *testing.T, edit func(*dynamo.Config)) (*dynamo.Store, *faults) {
	t.Helper()
	f := &faults{}
	return open(t, func(c *dynamo.Config) {
		c.Transport = f
		if edit != nil {
			edit(c)
		}
	}), f
}

func TestCallsOfEachOperation(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	conn := request.Connection{ID: "c-1", Principal: request.Principal{Tenant: "acme", Subject: "ada", ExpiresAt: epoch}, ConnectedAt: epoch}
	query := request.Query{Tenant: "acme", Limit: 10}
	for _, step := range []struct {
		what, want string
		call       func(ctx context.Context) error
	}{
		{"save a connection", "PutItem", func(ctx context.Context) error { return s.SaveConnection(ctx, conn) }},
		{"load a connection", "GetItem", func(ctx context.Context) error { _, err := s.LoadConnection(ctx, "c-1"); return err }},
		{"delete a connection", "DeleteItem", func(ctx context.Context) error { return s.DeleteConnection(ctx, "c-1") }},
		{"list nothing", "Query", func(ctx context.Context) error { _, _, err := s.ListRequests(ctx, query); return err }},
		{"nothing due", "Query Query Query Query", func(ctx context.Context) error {
			_, _, err := s.DueRequests(ctx, request.DueQuery{Until: epoch, Limit: 10})
			return err
		}},
		{"create", "PutItem", func(ctx context.Context) error { _, _, err := s.CreateRequest(ctx, newRequest("r-1")); return err }},
		{"create what is there", "PutItem", func(ctx context.Context) error { _, _, err := s.CreateRequest(ctx, newRequest("r-1")); return err }},
		{"load", "GetItem", func(ctx context.Context) error { _, err := s.LoadRequest(ctx, key); return err }},
		{"change", "UpdateItem", func(ctx context.Context) error { _, err := s.ChangeRequest(ctx, key, claim("w")); return err }},
		{"a conflict", "UpdateItem", func(ctx context.Context) error {
			var conflict *request.ConflictError
			if _, err := s.ChangeRequest(ctx, key, claim("w")); !errors.As(err, &conflict) {
				return fmt.Errorf("no conflict: %w", err)
			}
			return nil
		}},
		{"record a step", "UpdateItem", func(ctx context.Context) error {
			c := request.Change{
				If:  request.Guards{LacksStep: "s"},
				Set: request.Effects{Step: &request.Step{Name: "s", Result: json.RawMessage("1")}},
			}
			_, err := s.ChangeRequest(ctx, key, c)
			return err
		}},
		{"create with places", "TransactWriteItems", func(ctx context.Context) error {
			_, _, err := s.CreateRequest(ctx, newRequest("r-2"), slot("a", 1), slot("b", 1))
			return err
		}},
		{"create what is there with places", "TransactWriteItems", func(ctx context.Context) error {
			_, _, err := s.CreateRequest(ctx, newRequest("r-2"), slot("a", 1), slot("b", 1))
			return err
		}},
		{"create beyond a limit", "TransactWriteItems", func(ctx context.Context) error {
			_, _, err := s.CreateRequest(ctx, newRequest("r-3"), slot("a", 1))
			return wantFull(err, "a")
		}},
		{"a place and output", "GetItem TransactWriteItems", func(ctx context.Context) error {
			_, err := s.ChangeRequest(ctx, key, request.Change{
				If:  request.Guards{OutputAt: new(int64(0))},
				Set: request.Effects{Acquire: []request.Permit{slot("c", 1)}, Output: chunks(3)},
			})
			return err
		}},
		{"a place that is not there", "GetItem TransactWriteItems", func(ctx context.Context) error {
			_, err := s.ChangeRequest(ctx, key, request.Change{Set: request.Effects{Acquire: []request.Permit{slot("a", 1)}}})
			return wantFull(err, "a")
		}},
		{"a conflict before a place", "GetItem", func(ctx context.Context) error {
			var conflict *request.ConflictError
			if _, err := s.ChangeRequest(ctx, key, request.Change{If: request.Guards{Fence: 99},
				Set: request.Effects{Acquire: []request.Permit{slot("a", 1)}}}); !errors.As(err, &conflict) {
				return fmt.Errorf("no conflict: %w", err)
			}
			return nil
		}},
		{"give a place back", "GetItem TransactWriteItems", func(ctx context.Context) error {
			_, err := s.ChangeRequest(ctx, key, request.Change{Set: request.Effects{Release: []string{"c"}}})
			return err
		}},
		{"places taken", "GetItem", func(ctx context.Context) error { _, err := s.PermitsHeld(ctx, "a"); return err }},
		{"read output", "GetItem Query", func(ctx context.Context) error { _, err := s.ReadOutput(ctx, key, 1, 10); return err }},
		{"read at the end", "GetItem", func(ctx context.Context) error { _, err := s.ReadOutput(ctx, key, 3, 10); return err }},
		{"nobody waits", "Query", func(ctx context.Context) error { _, err := s.ThrottledRequests(ctx, "a", 10); return err }},
		{"throttle", "GetItem UpdateItem UpdateItem", func(ctx context.Context) error {
			_, err := s.ChangeRequest(ctx, newRequest("r-2").Key,
				request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "a"}})
			return err
		}},
		{"throttle another", "GetItem UpdateItem", func(ctx context.Context) error {
			_, err := s.ChangeRequest(ctx, key, request.Change{Set: request.Effects{UpdatedAt: epoch, ThrottledBy: "a"}})
			return err
		}},
		{"limits that throttle", "Query Query Query Query", func(ctx context.Context) error {
			_, _, err := s.ThrottlingLimits(ctx, 10, "")
			return err
		}},
		{"somebody waits", "Query BatchGetItem", func(ctx context.Context) error { _, err := s.ThrottledRequests(ctx, "a", 10); return err }},
		{"list", "Query BatchGetItem", func(ctx context.Context) error { _, _, err := s.ListRequests(ctx, query); return err }},
		{"list a state", "Query BatchGetItem", func(ctx context.Context) error {
			_, _, err := s.ListRequests(ctx, request.Query{Tenant: "acme", State: request.Running, Limit: 10})
			return err
		}},
		{"due", "Query Query Query Query BatchGetItem", func(ctx context.Context) error {
			_, _, err := s.DueRequests(ctx, request.DueQuery{Until: epoch.Add(time.Hour), Limit: 10})
			return err
		}},
	} {
		f.reset(nil)
		if err := step.call(t.Context()); err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
		if got := f.made(); got != step.want {
			t.Errorf("%s makes the calls %q, want %q", step.what, got, step.want)
		}
	}
}

// Each of these may hide that a call was carried out.
var losses = map[string]fault{"lost": lost, "cut": cut, "short": short, "garbled": garbled, "hung": hung}

func TestAWriteWhoseAnswerWasLostIsKnown(t *testing.T) {
	t.Parallel()
	for name, loss := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f := faulty(t, func(c *dynamo.Config) { c.Timeout = 200 * time.Millisecond })
			other := newRequest("r-1")
			other.Worker = "other"

			f.reset(firsts(2, loss))
			stored, created, err := s.CreateRequest(t.Context(), newRequest("r-1"))
			if err != nil || !created || stored.Rev != 1 || stored.Key != key {
				t.Fatalf("create: %+v, created %v, %v", stored, created, err)
			}
			f.reset(firsts(2, loss))
			if stored, created, err := s.CreateRequest(t.Context(), other); err != nil || created || stored.Worker != "" {
				t.Errorf("create again: %+v, created %v, %v", stored, created, err)
			}
			f.reset(firsts(2, loss))
			got, err := s.ChangeRequest(t.Context(), key, claim("w-1"))
			if err != nil || got.Worker != "w-1" || got.Fence != 1 || got.Key != key {
				t.Fatalf("claim: %+v, %v", got, err)
			}
			f.reset(firsts(2, loss))
			var conflict *request.ConflictError
			if _, err := s.ChangeRequest(t.Context(), key, claim("w-2")); !errors.As(err, &conflict) || conflict.Request.Worker != "w-1" {
				t.Errorf("claim of another: %v", err)
			}
			for want := int64(3); want < 6; want++ {
				f.reset(firsts(2, loss))
				if got, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{AddRev: 1}}); err != nil || got.Rev != want {
					t.Errorf("increment: %+v, %v; want rev %d", got, err, want)
				}
			}
			f.reset(firsts(1, loss))
			if got, err := s.LoadRequest(t.Context(), key); err != nil || got.Rev != 5 || got.Fence != 1 || got.Key != key {
				t.Errorf("load: %+v, %v", got, err)
			}
		})
	}
}

func TestALostAnswerAndTheOthers(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	create(t, s, "r-1")
	write := func(c request.Change) {
		t.Helper()
		if _, err := s.ChangeRequest(t.Context(), key, c); err != nil {
			t.Error(err)
		}
	}
	// between runs before the call, or after it, as if others were faster.
	between := func(do fault, writes func()) fault {
		return func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
			res, err := do(req, next)
			writes()
			return res, err
		}
	}

	f.reset(firsts(1, between(refused, func() { write(claim("w-2")) })))
	var conflict *request.ConflictError
	if _, err := s.ChangeRequest(t.Context(), key, claim("w-1")); !errors.As(err, &conflict) || conflict.Request.Worker != "w-2" {
		t.Errorf("a claim that did not arrive, while another won: %v", err)
	}

	f.reset(firsts(1, between(lost, func() {
		for n := range 15 {
			write(request.Change{If: request.Guards{RoomFor: fmt.Sprint("c-", n)}, Set: request.Effects{Subscribe: fmt.Sprint("c-", n)}})
		}
	})))
	got, err := s.ChangeRequest(t.Context(), key, request.Change{If: request.Guards{States: []request.State{request.Running},
		Fence: 1}, Set: request.Effects{AddRev: 1}})
	if err != nil || got.Rev != 3 || len(got.Subscribers) != 15 {
		t.Errorf("an increment whose answer was lost, and fifteen others: %+v, %v", got, err)
	}
}

// A first attempt that was given up may still arrive after the second.
func TestALateFirstAttemptIsNotCarriedOut(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	create(t, s, "r-1")
	var late *http.Request
	f.reset(firsts(1, func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		late = req.Clone(context.WithoutCancel(req.Context()))
		late.Body = io.NopCloser(bytes.NewReader(body))
		return nil, errors.New("given up")
	}))
	if got, err := s.ChangeRequest(t.Context(), key, request.Change{Set: request.Effects{AddRev: 1}}); err != nil || got.Rev != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	res, err := transport.RoundTrip(late)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(answer), "ConditionalCheckFailedException") {
		t.Errorf("the late attempt is answered with %s", answer)
	}
	if got, err := s.LoadRequest(t.Context(), key); err != nil || got.Rev != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestFaultsThatDoNotPassAreNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"AccessDeniedException", "ResourceNotFoundException", "ValidationException", "UnrecognizedClientException"} {
		s, f := offline(t, exception(code), nil)
		_, err := s.LoadRequest(t.Context(), key)
		var failure *call.Error
		if !errors.As(err, &failure) || failure.Code != code || failure.Attempts != 1 || failure.Status != 400 || failure.Operation != "GetItem" {
			t.Errorf("%s comes as %#v", code, err)
		}
		if got := f.made(); got != "GetItem" {
			t.Errorf("%s: calls %s", code, got)
		}
		if err != nil && !strings.Contains(err.Error(), "GetItem: "+code+": by a test") {
			t.Errorf("the text is %q", err)
		}
	}
}

// offline is a store that is always answered by do.
func offline(t *testing.T, do fault, edit func(*dynamo.Config)) (*dynamo.Store, *faults) {
	t.Helper()
	f := &faults{choose: func(int, string) fault { return do }}
	config := dynamo.Config{Region: region(), Credentials: credentials(), RequestsTable: "requests", ConnectionsTable: "connections",
		Transport: f}
	if edit != nil {
		edit(&config)
	}
	s, err := dynamo.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return s, f
}

func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	t.Run("with the attempts", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, f := offline(t, exception("ThrottlingException"), nil)
			began := time.Now()
			_, err := s.LoadRequest(t.Context(), key)
			var failure *call.Error
			if !errors.As(err, &failure) || failure.Code != "ThrottlingException" || failure.Attempts != 10 {
				t.Errorf("error %v", err)
			}
			if n := strings.Count(f.made(), "GetItem"); n != 10 {
				t.Errorf("%d calls", n)
			}
			// 25, 50, 100, 200, 400 and 800 ms, and three times a second at most.
			if took := time.Since(began); took > 4575*time.Millisecond || took < 200*time.Millisecond {
				t.Errorf("they took %v", took)
			}
		})
	})
	t.Run("before the deadline", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			s, _ := offline(t, answer(503, "busy"), nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			_, err := s.ChangeRequest(ctx, key, request.Change{Set: request.Effects{AddRev: 1}})
			var failure *call.Error
			if !errors.As(err, &failure) || failure.Status != 503 || ctx.Err() != nil {
				t.Errorf("error %v, context %v", err, ctx.Err())
			}
		})
	})
	t.Run("when the caller leaves", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			hang := func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
				<-req.Context().Done()
				return nil, req.Context().Err()
			}
			s, f := offline(t, hang, nil)
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(3*time.Second, cancel)
			err := s.DeleteConnection(ctx, "c-1")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			if got := f.made(); got != "DeleteItem DeleteItem" { // each had two seconds
				t.Errorf("calls %s", got)
			}
		})
	})
	t.Run("with the setting", func(t *testing.T) {
		t.Parallel()
		s, f := offline(t, refused, func(c *dynamo.Config) { c.Attempts = 2 })
		if err := s.DeleteConnection(t.Context(), "c-1"); err == nil || f.made() != "DeleteItem DeleteItem" {
			t.Errorf("error %v, calls %s", err, f.made())
		}
	})
}

func TestKeysThatWereNotProcessed(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, func(c *dynamo.Config) { c.Attempts = 3 })
	for n := range 5 {
		create(t, s, fmt.Sprint("r-", n))
	}
	// The server takes one key of each call.
	oneKey := func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		var body, answer map[string]map[string]json.RawMessage
		if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
			return nil, err
		}
		var table string
		var wanted struct{ Keys []json.RawMessage }
		for name, raw := range body["RequestItems"] {
			table = name
			if err := json.Unmarshal(raw, &wanted); err != nil {
				return nil, err
			}
		}
		keys := func(keys []json.RawMessage) json.RawMessage {
			raw, err := json.Marshal(map[string]any{"Keys": keys})
			if err != nil {
				t.Error(err)
			}
			return raw
		}
		body["RequestItems"][table] = keys(wanted.Keys[:1])
		raw, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
		return edit(req, next, func(res *http.Response, raw []byte) io.Reader {
			res.Header.Del("X-Amz-Crc32")
			if err := json.Unmarshal(raw, &answer); err != nil {
				t.Error(err)
			}
			if rest := wanted.Keys[1:]; len(rest) > 0 {
				answer["UnprocessedKeys"] = map[string]json.RawMessage{table: keys(rest)}
			}
			if raw, err = json.Marshal(answer); err != nil {
				t.Error(err)
			}
			return bytes.NewReader(raw)
		})
	}
	f.reset(func(_ int, operation string) fault {
		if operation == "BatchGetItem" {
			return oneKey
		}
		return nil
	})
	page, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10})
	if err != nil || len(page) != 5 || page[0].ID != "r-4" || page[4].ID != "r-0" {
		t.Errorf("listed %d, %v", len(page), err)
	}
	if got := f.made(); got != "Query"+strings.Repeat(" BatchGetItem", 5) {
		t.Errorf("calls %s", got)
	}

	// The server takes none, time and again.
	f.reset(func(_ int, operation string) fault {
		if operation != "BatchGetItem" {
			return nil
		}
		return func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
			var body struct{ RequestItems json.RawMessage }
			if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
				return nil, err
			}
			return answer(200, fmt.Sprintf(`{"Responses":{},"UnprocessedKeys":%s}`, body.RequestItems))(req, nil)
		}
	})
	var failure *call.Error
	if _, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10}); !errors.As(err, &failure) || failure.Attempts != 3 {
		t.Errorf("with nothing processed: %v", err)
	}
}

// An index may be older than its rows.
func TestAnOldIndexShowsNoOldRows(t *testing.T) {
	t.Parallel()
	s, f := faulty(t, nil)
	create(t, s, "r-1")
	create(t, s, "r-2")
	meanwhile := func(c request.Change) func(int, string) fault {
		return func(_ int, operation string) fault {
			if operation != "BatchGetItem" {
				return nil
			}
			return func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
				if _, err := s.ChangeRequest(t.Context(), key, c); err != nil {
					t.Error(err)
				}
				return next.RoundTrip(req)
			}
		}
	}
	f.reset(meanwhile(request.Change{Set: request.Effects{Look: request.Look{At: epoch.Add(time.Hour)}}}))
	due, _, err := s.DueRequests(t.Context(), request.DueQuery{Until: epoch, Limit: 10})
	if err != nil || len(due) != 1 || due[0].ID != "r-2" {
		t.Errorf("due: %+v, %v", due, err)
	}
	for _, id := range []string{"r-1", "r-2"} {
		if _, err := s.ChangeRequest(t.Context(), newRequest(id).Key,
			request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "a"}}); err != nil {
			t.Fatal(err)
		}
	}
	f.reset(meanwhile(request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Queued, ThrottledBy: "b"}}))
	if line, err := s.ThrottledRequests(t.Context(), "a", 10); err != nil || len(line) != 1 || line[0].ID != "r-2" {
		t.Errorf("blocked: %+v, %v", line, err)
	}
	f.reset(meanwhile(request.Change{Set: request.Effects{UpdatedAt: epoch, State: request.Running}}))
	page, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", State: request.Queued, Limit: 10})
	if err != nil || len(page) != 1 || page[0].ID != "r-2" {
		t.Errorf("queued: %+v, %v", page, err)
	}
}

// Writers go on while the server is killed and started again: what was
// acknowledged is there, and nothing was counted twice.
func TestAServerThatDiesForAWhile(t *testing.T) {
	t.Parallel()
	binary := dynamodbtest.Binary(t)
	data := filepath.Join(t.TempDir(), "tables.db")
	server, err := dynamodb.Start(t.Context(), dynamodb.Config{Binary: binary, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { server.Stop() }()
	s, err := dynamo.New(dynamo.Config{Region: region(), Credentials: credentials(), Endpoint: server.Endpoint,
		RequestsTable: "requests", ConnectionsTable: "connections", Attempts: 30})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateTables(t.Context()); err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 60
	var wg sync.WaitGroup
	half := make(chan struct{}, writers)
	for i := range writers {
		wg.Go(func() {
			id := fmt.Sprint("r-", i)
			create(t, s, id)
			for n := range each {
				if n == each/2 {
					half <- struct{}{}
				}
				got, err := s.ChangeRequest(t.Context(), newRequest(id).Key, request.Change{Set: request.Effects{AddRev: 1}})
				if err != nil || got.Rev != int64(n+2) {
					t.Errorf("%s, change %d: %+v, %v", id, n, got, err)
					return
				}
			}
		})
	}
	<-half
	port := 0
	if _, err := fmt.Sscanf(server.Endpoint, "http://127.0.0.1:%d", &port); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	if server, err = dynamodb.Start(t.Context(), dynamodb.Config{Binary: binary, Data: data, Port: port}); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	for i := range writers {
		got, err := s.LoadRequest(t.Context(), newRequest(fmt.Sprint("r-", i)).Key)
		if err != nil || got.Rev != 1+each {
			t.Errorf("r-%d: %+v, %v", i, got, err)
		}
	}
}

func wantCode(t *testing.T, err error, want wire.Code) {
	t.Helper()
	var declared *request.Error
	if !errors.As(err, &declared) || declared.Code != want {
		t.Errorf("error is %v, want a declared %s", err, want)
	}
}
