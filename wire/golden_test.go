package wire_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// With -update the golden files of frames and messages are written anew.
var update = flag.Bool("update", false, "write testdata from the cases")

var (
	at    = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
	later = at.Add(90 * time.Second)

	scheduled = time.Date(2026, 1, 2, 1, 30, 0, 0, time.UTC)
)

// encoded is a response's data.
func encoded(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types are the protocol's
	}
	return raw
}

// frames are the golden frames, by the name of their file in testdata/frames.
var frames = map[string]wire.Frame{
	"acknowledgment": {Type: wire.TypeAcknowledgment, RequestID: "r-1", Rev: 1,
		Status: wire.StatusQueued, Message: "the request is queued"},

	"response":             {Type: wire.TypeResponse, RequestID: "r-1", Data: json.RawMessage(`{"greeting":"hello"}`)},
	"response-null":        {Type: wire.TypeResponse, RequestID: "r-1", Data: json.RawMessage(`null`)},
	"response-scalar":      {Type: wire.TypeResponse, RequestID: "r-1", Data: json.RawMessage(`false`)},
	"response-exact-bytes": {Type: wire.TypeResponse, RequestID: "r-1", Data: json.RawMessage(`{ "b" : 1.0,  "a":1e2, "b":"\u00e9\/" }`)},
	"response-large-number": {Type: wire.TypeResponse, RequestID: "r-1",
		Data: json.RawMessage(`[9007199254740993,-9223372036854775808,123456789012345678901234567890,0.1000000000000000055511151231257827]`)},
	"response-list": {Type: wire.TypeResponse, RequestID: "r-1", Data: wire.List{Cursor: "bmV4dA", Requests: []wire.Snapshot{
		{ID: "r-3", Action: "generate_report", State: wire.StateQueued, Attempts: 1, Rev: 1, CreatedAt: later, UpdatedAt: later},
		{ID: "r-2", Action: "generate_report", State: wire.StateSucceeded, Percentage: 100, Attempts: 1, Rev: 7, CreatedAt: at,
			UpdatedAt: later, StartedAt: &at, FinishedAt: &later},
	}}.Append(nil)},
	"response-schedules": {Type: wire.TypeResponse, RequestID: "r-1", Data: encoded(wire.ScheduleList{Schedules: []wire.Schedule{
		{Name: "heartbeat", EveryMS: 900_000, TimeZone: "UTC", Action: "check", Tenant: "acme", Subject: "system", Overlap: true, Paused: true,
			Next: []time.Time{}, Last: &wire.ScheduledRun{RequestID: "by-hand"}},
		{Name: "nightly", Cron: "30 2 * * *", TimeZone: "Europe/Berlin", Action: "generate_report", Tenant: "acme", Subject: "system",
			Next: []time.Time{scheduled, scheduled.AddDate(0, 0, 1), scheduled.AddDate(0, 0, 2)},
			Last: &wire.ScheduledRun{RequestID: "schedule:nightly:2026-01-02T01:30:00Z", ScheduledFor: &scheduled, State: wire.StateRunning}},
	}})},
	"response-actions": {Type: wire.TypeResponse, RequestID: "r-1", Data: encoded(wire.Catalog{Actions: []wire.CatalogAction{
		{Name: "refund", Payload: json.RawMessage(`true`), Result: json.RawMessage(`{}`)},
		{Name: "ship", Long: true, Description: "Ships an <order>.", Payload: json.RawMessage(`{"type":"object"}`),
			Result: json.RawMessage(`{"type":["object","null"]}`), Output: json.RawMessage(`{"type":"string"}`), Errors: []wire.Code{"SOLD_OUT"}},
	}})},
	"response-list-empty": {Type: wire.TypeResponse, RequestID: "r-1", Data: wire.List{}.Append(nil)},

	"progress": {Type: wire.TypeProgress, RequestID: "r-1", Rev: 3, Percentage: 37.5, Message: "reading rows", Timestamp: at},
	"progress-metadata": {Type: wire.TypeProgress, RequestID: "r-1", Rev: 4, Percentage: 100, Message: "",
		Metadata: json.RawMessage(`{"rows":9007199254740993,"of":null}`), Timestamp: at},
	"progress-whole-second": {Type: wire.TypeProgress, RequestID: "r-1", Rev: 2, Percentage: 0, Message: "begun",
		Timestamp: at.Truncate(time.Second)},
	"progress-unicode": {Type: wire.TypeProgress, RequestID: "r-1", Rev: 5, Percentage: 33.333333333333336,
		Message: "日本語 · émoji 🚀 · <b>&amp;</b> · \"quoted\" \\ \t \n \u2028 \u0001", Timestamp: at},

	"request-waiting": {Type: wire.TypeRequest, RequestID: "r-1", Request: &wire.Snapshot{ID: "r-1", Action: "ship", State: wire.StateQueued,
		Attempts: 2, Rev: 5, Output: 41, CreatedAt: at, UpdatedAt: later,
		Waiting: &wire.Waiting{For: wire.WaitingLimit, Limit: "tenant:acme", Running: 3, Position: 7},
		History: []wire.Attempt{{Number: 1, StartedAt: at, EndedAt: later, Code: wire.InternalError, Worker: "worker-1"}}}},
	"request-waiting-signal": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{ID: "r-1", Action: "ship",
		State: wire.StateQueued, Attempts: 1, Rev: 3, CreatedAt: at, UpdatedAt: at, DueAt: &later,
		Waiting: &wire.Waiting{For: wire.WaitingSignal, Token: "approval", Until: &later}}},
	"request-children": {Type: wire.TypeRequest, RequestID: "r-1", Request: &wire.Snapshot{ID: "r-1", Action: "fan", State: wire.StateQueued,
		Percentage: 30, Message: "3 of 10 children have ended", Attempts: 1, Rev: 5, CreatedAt: at, UpdatedAt: later,
		Waiting: &wire.Waiting{For: wire.WaitingChildren}, Parent: "r-0", Children: &wire.Children{Total: 10, Ended: 3}}},
	"output": {Type: wire.TypeOutput, RequestID: "r-1", Offset: 41,
		Chunks: []json.RawMessage{json.RawMessage(`"to"`), json.RawMessage(`{ "n":9007199254740993}`)}},

	"complete":        {Type: wire.TypeComplete, RequestID: "r-1", Rev: 9, Result: json.RawMessage(`{"total":42,"items":["a","b"]}`)},
	"complete-null":   {Type: wire.TypeComplete, RequestID: "r-1", Rev: 9, Result: json.RawMessage(`null`)},
	"complete-by-ref": {Type: wire.TypeComplete, RequestID: "r-1", Rev: 9, ResultRef: "/requests/r-1"},
	"complete-rev-large": {Type: wire.TypeComplete, RequestID: "A-Za-z0-9_.:-", Rev: 9_223_372_036_854_775_807,
		Result: json.RawMessage(`9223372036854775807`)},

	"error": {Type: wire.TypeError, RequestID: "r-1",
		Error: &wire.Error{Code: wire.ValidationError, Message: "format must be csv, json or html"}},
	"error-without-request": {Type: wire.TypeError, Error: &wire.Error{Code: wire.InvalidMessage, Message: "the message is not a JSON object",
		Details: json.RawMessage(`{"correlation_id":"c-1"}`)}},
	"error-final": {Type: wire.TypeError, RequestID: "r-1", Rev: 12, Error: &wire.Error{Code: wire.InternalError, Message: "internal error",
		Details: json.RawMessage(`{"correlation_id":"c-1"}`)}},
	"error-cancelled": {Type: wire.TypeError, RequestID: "r-1", Rev: 5,
		Error: &wire.Error{Code: wire.Cancelled, Message: "the request was cancelled"}},
	"error-retry": {Type: wire.TypeError, RequestID: "r-1", Error: &wire.Error{Code: wire.RateLimited, Message: "too many requests",
		Retry: &wire.Retry{Retryable: true, After: 2.5}}},
	"error-retry-at-once": {Type: wire.TypeError, RequestID: "r-1", Error: &wire.Error{Code: wire.ServiceUnavailable, Message: "try again",
		Retry: &wire.Retry{Retryable: true}}},
	"error-not-retryable": {Type: wire.TypeError, RequestID: "r-1", Rev: 8,
		Error: &wire.Error{Code: wire.Timeout, Message: "the action did not finish within its limit of 1h0m0s",
			Retry: &wire.Retry{Retryable: false}}},
	"error-unknown-code": {Type: wire.TypeError, RequestID: "r-1", Error: &wire.Error{Code: "BREWING_TEA", Message: "of a newer server"}},

	"request-queued": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "generate_report", State: wire.StateQueued, Attempts: 1, Rev: 1, CreatedAt: at, UpdatedAt: at}},
	"request-retrying": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "generate_report", State: wire.StateQueued, Percentage: 12.25, Message: "reading rows", Attempts: 2, Rev: 6,
		Error: &wire.Error{Code: wire.InternalError, Message: "internal error", Details: json.RawMessage(`{"correlation_id":"c-1"}`),
			Retry: &wire.Retry{Retryable: true, After: 90}},
		CreatedAt: at, UpdatedAt: at, StartedAt: &at, DueAt: &later}},
	"request-running": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "generate_report", State: wire.StateRunning, Percentage: 50, Message: "half",
		Metadata: json.RawMessage(`{"rows":500}`),
		Attempts: 1, Rev: 4, Cancelling: true, CreatedAt: at, UpdatedAt: later, StartedAt: &at}},
	"request-succeeded": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "generate_report", State: wire.StateSucceeded, Percentage: 100, Message: "done",
		Result:   json.RawMessage(`{"total":9007199254740993 }`),
		Attempts: 1, Rev: 9, CreatedAt: at, UpdatedAt: later, StartedAt: &at, FinishedAt: &later}},
	"request-succeeded-by-ref": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "generate_report", State: wire.StateSucceeded, Percentage: 100, ResultRef: "/requests/r-1",
		Attempts: 3, Rev: 1_000_009, CreatedAt: at, UpdatedAt: later, StartedAt: &at, FinishedAt: &later}},
	"request-failed": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "generate_report", State: wire.StateFailed, Percentage: 80,
		Error:    &wire.Error{Code: wire.ProcessingFailed, Message: "row 7 has <3 columns"},
		Attempts: 3, Rev: 11, CreatedAt: at, UpdatedAt: later, StartedAt: &at, FinishedAt: &later}},
	"request-failed-causes": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Subject: "ada", Action: "ship", State: wire.StateFailed,
		Error:    &wire.Error{Code: wire.InternalError, Message: "internal error", Details: json.RawMessage(`{"correlation_id":"c-1"}`)},
		Attempts: 2, Rev: 9, CreatedAt: at, UpdatedAt: later, StartedAt: &at, FinishedAt: &later,
		History: []wire.Attempt{
			{Number: 1, StartedAt: at, EndedAt: later, Code: wire.InternalError, Worker: "worker-1",
				Cause: wire.Cause{Message: `charge "r-1" <3>: dial tcp 10.0.0.7:443: connect: connection refused`, Kind: "syscall.Errno"}},
			{Number: 2, StartedAt: at, EndedAt: later, Code: wire.InternalError, Worker: "worker-2",
				Cause: wire.Cause{Message: "action ship panicked: runtime error: index out of range [3] with length 3", Kind: wire.KindPanic,
					Frame: "ship.go:12 example.com/shop/actions.Ship"}}}}},
	"request-changed": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "ship", State: wire.StateRunning, Attempts: 1, Rev: 4, Cancelling: true, Changed: new(true),
		CreatedAt: at, UpdatedAt: later}},
	"request-not-changed": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "ship", State: wire.StateSucceeded, Percentage: 100, Attempts: 1, Rev: 9, Changed: new(false),
		Result: json.RawMessage(`7`), CreatedAt: at,
		UpdatedAt: later, FinishedAt: &later}},
	"request-cancelled": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "generate_report", State: wire.StateCancelled,
		Error:    &wire.Error{Code: wire.Cancelled, Message: "the request was cancelled"},
		Attempts: 1, Rev: 2, CreatedAt: at, UpdatedAt: later, FinishedAt: &later}},

	"request-detail": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Subject: "ada", Action: "ship", State: wire.StateRunning, Attempts: 2, Rev: 12, CreatedAt: at, UpdatedAt: later,
		Detail: &wire.Detail{Payload: json.RawMessage(`{ "parcel":9007199254740993 }`), Metadata: map[string]string{"source": "web"},
			CorrelationID: "c-1",
			Steps: []wire.Step{{Name: "charge", Result: json.RawMessage(`{ "id":7 }`), At: &later},
				{Name: "signal:approval", Result: json.RawMessage(`null`)}},
			Checkpoint: json.RawMessage(`[1]`), Slices: 3, Lost: 1, RanMS: 90_000, Fence: 5, Worker: "worker-1", ClaimedAt: &at, LeaseUntil: &later,
			Priority: 1, Slots: []string{"tenant:acme"}, Subscribers: 2}}},
	"request-detail-audit": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Subject: "ada", Action: "ship", State: wire.StateCancelled, Attempts: 1, Rev: 12, CreatedAt: at, UpdatedAt: later,
		Error: &wire.Error{Code: wire.Cancelled, Message: "the request was cancelled"},
		Detail: &wire.Detail{CorrelationID: "c-1", Fence: 3, Audit: []wire.AuditEntry{
			{Event: wire.EventSignal, By: "ada", At: at}, {Event: wire.EventRedrive, By: "ops@acme", At: later},
			{Event: wire.EventCancel, By: "root", Tenant: "platform", At: later.Add(time.Second)}}}}},
	"request-detail-final": {Type: wire.TypeRequest, RequestID: "m-1", Request: &wire.Snapshot{
		ID: "r-1", Action: "ship", State: wire.StateSucceeded, Percentage: 100, Attempts: 1, Rev: 9, CreatedAt: at, UpdatedAt: later,
		Detail: &wire.Detail{NotBefore: &at, CorrelationID: "c-1", Fence: 1, ExpiresAt: &later}}},

	"pong":            {Type: wire.TypePong, RequestID: "p-1", Timestamp: at},
	"type-of-a-later": {Type: "hologram", RequestID: "r-1", Rev: 3},
}

// messages are the golden messages, by the name of their file in
// testdata/messages.
var messages = map[string]wire.Message{
	"action-only": {Action: "echo"},
	"with-id":     {ID: "r-1", Action: "echo", Payload: json.RawMessage(`{"text":"hello"}`)},
	"id-alphabet": {ID: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-", Action: "echo"},
	"id-longest":  {ID: strings.Repeat("x", wire.MaxID), Action: "echo"},
	"exact-bytes": {ID: "r-1", Action: "echo", Payload: json.RawMessage(`{ "n" : 9007199254740993, "f":1.0, "e":1E+2, "n":2, ` +
		`"s":"\u00e9\/<" }`)},
	"payload-null": {ID: "r-1", Action: "echo", Payload: json.RawMessage(`null`)},
	"payload-text": {ID: "r-1", Action: "echo", Payload: json.RawMessage(`"日本語 🚀"`)},
	"action-unicode": {ID: "r-1", Action: "größe<&>", Metadata: map[string]string{
		"note": "\"quoted\" \\ \n \u2028 🚀", "source": "web"}},
	"metadata": {ID: "r-1", Action: "generate_report", Payload: json.RawMessage(`{"format":"csv"}`),
		Metadata: map[string]string{"source": "web", "trace": "1-2-3"}},
	"not-before": {ID: "r-1", Action: "generate_report", Payload: json.RawMessage(`{"format":"csv"}`),
		NotBefore: at},
	"reserved-ping": {ID: "p-1", Action: wire.ActionPing},
	"reserved-get":  {ID: "g-1", Action: wire.ActionGet, Payload: json.RawMessage(`{"request_id":"r-1"}`)},
	"reserved-list": {ID: "l-1", Action: wire.ActionList,
		Payload: json.RawMessage(`{"state":"RUNNING","limit":20,"cursor":"bmV4dA"}`)},
	"reserved-get-of-another": {ID: "g-1", Action: wire.ActionGet, Payload: json.RawMessage(`{"request_id":"r-1","subject":"ada"}`)},
	"reserved-list-of-all": {ID: "l-1", Action: wire.ActionList,
		Payload: json.RawMessage(`{"subject":"*","action":"ship","state":"FAILED"}`)},
	"reserved-subscribe":      {ID: "s-1", Action: wire.ActionSubscribe, Payload: json.RawMessage(`{"request_id":"r-1"}`)},
	"reserved-cancel":         {ID: "c-1", Action: wire.ActionCancel, Payload: json.RawMessage(`{"request_id":"r-1"}`)},
	"reserved-actions":        {ID: "a-1", Action: wire.ActionCatalog},
	"reserved-schedules":      {ID: "s-1", Action: wire.ActionSchedules},
	"reserved-schedule-pause": {ID: "s-1", Action: wire.ActionPauseSchedule, Payload: json.RawMessage(`{"name":"nightly"}`)},
	"reserved-schedule-run": {ID: "s-1", Action: wire.ActionRunSchedule,
		Payload: json.RawMessage(`{"name":"nightly","request_id":"by-hand"}`)},
	"reserved-authenticate": {ID: "a-1", Action: wire.ActionAuthenticate,
		Payload: json.RawMessage(`{"token":"eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}`)},
}

func TestGoldenFrames(t *testing.T) {
	t.Parallel()
	golden(t, "frames", frames, func(f wire.Frame) []byte { return f.Append(nil) }, wire.DecodeFrame)
	for _, kind := range []wire.Type{wire.TypeAcknowledgment, wire.TypeResponse, wire.TypeProgress, wire.TypeComplete,
		wire.TypeError, wire.TypeRequest, wire.TypePong} {
		if _, ok := frames[string(kind)]; !ok && kind != wire.TypeRequest {
			t.Errorf("no golden frame is named %s", kind)
		}
	}
}

func TestGoldenMessages(t *testing.T) {
	t.Parallel()
	golden(t, "messages", messages, func(m wire.Message) []byte { return m.Append(nil) }, wire.DecodeMessage)
}

// golden holds each case against its file, in both directions, and the folder
// against the cases.
func golden[T any](t *testing.T, folder string, cases map[string]T, encode func(T) []byte, decode func([]byte) (T, error)) {
	t.Helper()
	for name, want := range cases {
		path := filepath.Join("testdata", folder, name+".json")
		if *update {
			if err := os.WriteFile(path, encode(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		file, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(file) {
			t.Errorf("%s is not valid JSON", path)
		}
		if got := encode(want); string(got) != string(file) {
			t.Errorf("%s\n encodes to %s\n want       %s", path, got, file)
		}
		got, err := decode(file)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s\n decodes to %+v\n want       %+v", path, got, want)
		}
		if again := encode(got); string(again) != string(file) {
			t.Errorf("%s\n comes back as %s\n want          %s", path, again, file)
		}
	}
	for _, name := range list(t, folder) {
		if _, ok := cases[name]; !ok {
			t.Errorf("testdata/%s/%s.json has no case", folder, name)
		}
	}
}

func list(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join("testdata", folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".json"))
	}
	return names
}
