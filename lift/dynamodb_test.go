package lift_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestStreamRecordAttributes(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{})
	var e *lift.Event
	app.DynamoDB(lift.HandlerFunc(func(_ context.Context, event *lift.Event) (*lift.Response, error) {
		e = event
		return nil, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Stream{Table: "Jobs", Records: []lifttest.Record{{
		Name: "MODIFY", SequenceNumber: "4421584500000000017450439091",
		Keys: map[string]any{"pk": "acme#ada", "sk": "r\"1"},
		NewImage: map[string]any{
			"state": "QUEUED", "rev": int64(9007199254740993), "rate": 0.5, "done": true, "data": []byte{0, 255}, "none": nil,
			"tags": []string{"a", "b"}, "deep": map[string]any{"list": []any{"x", 7}},
		},
		OldImage: map[string]any{"state": "RUNNING"},
	}}})
	if answer.Err != nil || answer.Failed != nil || string(answer.Payload) != `{"batchItemFailures":[]}` {
		t.Fatalf("answer %+v", answer)
	}
	r := e.DynamoDB
	if r.Name != "MODIFY" || r.Table != "Jobs" || e.Route != "Jobs" || r.SequenceNumber != "4421584500000000017450439091" || !e.Time.Equal(lifttest.When) {
		t.Errorf("record %+v at %s", r, e.Time)
	}
	if r.Keys.Text("pk") != "acme#ada" || r.Keys.Text("sk") != `r"1` || r.OldImage.Text("state") != "RUNNING" {
		t.Errorf("keys %v", r.Keys)
	}
	image := r.NewImage
	if n, ok := image.Get("rev").Int(); !ok || n != 9007199254740993 || image.Text("rev") != "9007199254740993" {
		t.Errorf("rev %d, %t", n, ok)
	}
	if _, ok := image.Get("rate").Int(); ok {
		t.Error("a fraction passes as a whole number")
	}
	if !image.Get("done").Bool() || !bytes.Equal(image.Get("data").Bytes(), []byte{0, 255}) || image.Get("none").Type != "NULL" {
		t.Error("BOOL, B or NULL")
	}
	if got := image.Get("tags").Set(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("tags %q", got)
	}
	list := image.Get("deep").Map().Get("list").List()
	if len(list) != 2 || list[0].Text() != "x" || list[1].Text() != "7" {
		t.Errorf("list %v", list)
	}
	missing := image.Get("nothing")
	if missing.Type != "" || missing.Text() != "" || missing.Bool() || missing.Bytes() != nil || missing.List() != nil || missing.Set() != nil || missing.Map() != (lift.Item{}) {
		t.Error("a missing attribute has a value")
	}
	if _, ok := missing.Int(); ok {
		t.Error("a missing attribute is a number")
	}
	var names []string
	for name := range r.Keys.All() {
		names = append(names, name)
		break
	}
	for range (lift.Item{}).All() {
		t.Error("an empty item has an attribute")
	}
	if len(names) != 1 || !bytes.Equal(e.Body, e.Raw) || !bytes.Contains(e.Body, []byte(`"eventID"`)) {
		t.Errorf("names %q, body %s", names, e.Body)
	}
}

func TestStreamStopsAtTheFirstFailure(t *testing.T) {
	t.Parallel()
	var log lifttest.Log
	var seen []string
	app := lift.New(lift.Config{Logger: log.Logger()})
	app.DynamoDB(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		seen = append(seen, e.DynamoDB.SequenceNumber)
		if e.DynamoDB.SequenceNumber == "12" {
			return nil, errors.New("no")
		}
		return nil, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Stream{Records: []lifttest.Record{
		{SequenceNumber: "11"}, {SequenceNumber: "12"}, {SequenceNumber: "13"},
	}})
	if !slices.Equal(answer.Failed, []string{"12"}) || !slices.Equal(seen, []string{"11", "12"}) {
		t.Errorf("failed %q after %q", answer.Failed, seen)
	}
	if log.Line(t, "failed")["record"] != "12" {
		t.Errorf("log %s", log.String())
	}
}

func TestStreamLeavesTheRestWhenTimeIsUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log lifttest.Log
		app := lift.New(lift.Config{Logger: log.Logger(), Margin: time.Second})
		app.DynamoDB(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
			time.Sleep(4 * time.Second) // of the bubble's clock
			return nil, nil
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		answer := lifttest.Invoke(ctx, t, app, lifttest.Stream{Records: make([]lifttest.Record, 5)})
		if !slices.Equal(answer.Failed, []string{"3"}) {
			t.Errorf("failed %q", answer.Failed)
		}
		log.Line(t, "batch cut short by the deadline")
	})
}

// A record that does not parse must come again, never pass for handled.
func TestStreamRecordsThatDoNotParse(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	handled := 0
	app.DynamoDB(lift.HandlerFunc(func(context.Context, *lift.Event) (*lift.Response, error) {
		handled++
		return nil, nil
	}))
	good := `{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"1"}}`
	for name, tt := range map[string]struct {
		records string
		failed  []string
	}{
		"a field of the wrong kind": {good + `,{"dynamodb":{"SequenceNumber":"2","ApproximateCreationDateTime":"x"}}`, []string{"2"}},
		"no sequence number":        {good + `,{"dynamodb":{}}`, nil},
		"no record":                 {good + `,7`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"Records":[`+tt.records+`]}`))
			if tt.failed == nil && answer.Err == nil || !slices.Equal(answer.Failed, tt.failed) {
				t.Errorf("%s: %+v", name, answer)
			}
		})
	}
	if handled != 1 {
		t.Errorf("%d records handled, want that of the batch whose failure can be reported", handled)
	}
}

func TestOddItems(t *testing.T) {
	t.Parallel()
	app := lift.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	app.DynamoDB(lift.HandlerFunc(func(_ context.Context, e *lift.Event) (*lift.Response, error) {
		image := e.DynamoDB.NewImage
		if got := image.Text("a") + image.Text("b") + image.Text("c") + image.Text("d"); got != "" {
			t.Errorf("values %q", got)
		}
		if image.Get("e").Bytes() != nil {
			t.Error("bytes of no base64")
		}
		return nil, nil
	}))
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.Raw(`{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"1",
		"NewImage":{"a":7,"b":{"S":7},"c":{},"d":{"X":"x"},"e":{"B":"*"}}}}]}`))
	if answer.Err != nil || answer.Failed != nil {
		t.Errorf("answer %s", strings.TrimSpace(string(answer.Payload)))
	}
}
