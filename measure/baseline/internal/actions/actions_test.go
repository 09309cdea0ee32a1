package actions_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/measure/baseline/internal/actions"
	"github.com/pay-theory/streamer/measure/baseline/internal/protocol"
	"github.com/pay-theory/streamer/measure/baseline/internal/store"
)

// marks are the requests that a report counts.
type marks []store.Mark

func (m marks) Scan(_ context.Context, _ string, from, until time.Time, page func([]store.Mark) error) error {
	if !until.After(from) {
		return errors.New("no time")
	}
	for _, mark := range m {
		if err := page([]store.Mark{mark}); err != nil {
			return err
		}
	}
	return nil
}

func run(t *testing.T, action, payload string, requests marks) (json.RawMessage, []float64, error) {
	t.Helper()
	var told []float64
	result, err := actions.All(requests)[action].Run(t.Context(), actions.Job{Tenant: "acme", Payload: json.RawMessage(payload),
		Progress: func(percentage float64, _ string) { told = append(told, percentage) }})
	return result, told, err
}

func TestEchoAsync(t *testing.T) {
	t.Parallel()
	const payload = `{"step_ms":1,  "n":9007199254740993}`
	raw, told, err := run(t, "echo_async", payload, nil)
	var result struct {
		Echo   json.RawMessage
		Rounds int
		Digest string
	}
	if err != nil || json.Unmarshal(raw, &result) != nil || string(result.Echo) != payload {
		t.Fatalf("%s, %v", raw, err)
	}
	if len(told) != 5 || told[0] != 20 || told[4] != 100 {
		t.Errorf("told %v", told)
	}
	// The digest is that of as many rounds as the result says.
	digest := sha256.Sum256([]byte(payload))
	input := append(digest[:], payload...)
	for range result.Rounds {
		digest = sha256.Sum256(input)
		copy(input, digest[:])
	}
	if result.Digest != hex.EncodeToString(digest[:]) {
		t.Errorf("digest %s of %d rounds, want %x", result.Digest, result.Rounds, digest)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := actions.All(nil)["echo_async"].Run(ctx, actions.Job{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestPayloadsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct{ action, payload, field string }{
		{"echo_async", `{"step_ms":0}`, "step_ms"},
		{"echo_async", `{"step_ms":"x"}`, "step_ms"},
		{"generate_report", ``, "payload"},
		{"generate_report", `{"start_date":"2026-01-01","end_date":"2026-01-01","colour":"red"}`, "payload"},
		{"generate_report", `{"start_date":"yesterday"}`, "start_date"},
		{"generate_report", `{"start_date":"2026-01-01","end_date":"x"}`, "end_date"},
		{"generate_report", `{"start_date":"2026-01-02","end_date":"2026-01-01"}`, "end_date"},
		{"generate_report", `{"start_date":"2026-01-01","end_date":"2027-01-02"}`, "end_date"},
		{"generate_report", `{"start_date":"2026-01-01","end_date":"2026-01-01","format":"pdf"}`, "format"},
	} {
		err := actions.All(nil)[bad.action].Check(json.RawMessage(bad.payload))
		var refusal *protocol.Error
		if !errors.As(err, &refusal) || refusal.Code != protocol.ValidationError || refusal.Details["field"] != bad.field {
			t.Errorf("%s %s: %v", bad.action, bad.payload, err)
		}
	}
}

func TestReportFormats(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	requests := marks{
		{CreatedAt: first.AddDate(0, 0, 1), Action: "=1+1", State: "FAILED"},
		{CreatedAt: first, Action: "a<b", State: "SUCCEEDED"},
		{CreatedAt: first, Action: "a<b", State: "SUCCEEDED"},
	}
	for format, want := range map[string]string{
		"": `"rows":[{"day":"2026-01-01","action":"a\u003cb","state":"SUCCEEDED","count":2},{"day":"2026-01-02","action":"=1+1",` +
			`"state":"FAILED","count":1}]`,
		"csv":  `2026-01-01,a\u003cb,SUCCEEDED,2\r\n2026-01-02,'=1+1,FAILED,1\r\n`,
		"html": `\u003ctd\u003ea\u0026lt;b\u003c/td\u003e`,
	} {
		raw, told, err := run(t, "generate_report", `{"start_date":"2026-01-01","end_date":"2026-01-02","format":"`+format+`"}`, requests)
		if err != nil || !strings.Contains(string(raw), want) || !strings.Contains(string(raw), `"total":3`) {
			t.Errorf("%s: %s, %v", format, raw, err)
		}
		for i := 1; i < len(told); i++ {
			if told[i] < told[i-1] {
				t.Errorf("progress falls: %v", told)
			}
		}
	}
}
