package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

var createTests = []test{
	{"every field comes back", func(t *testing.T, s suite) {
		want := full("r-1")
		same(t, "created", s.create(t, want), full("r-1"))
		same(t, "loaded", s.load(t, want.Key), full("r-1"))
	}},
	{"absent fields stay absent", func(t *testing.T, s suite) {
		want := &request.Request{Key: request.Key{Tenant: "acme", Subject: "ada", ID: "r-1"}, Action: "report",
			State: request.Queued, Rev: 1, Attempt: 1, CreatedAt: epoch, UpdatedAt: epoch}
		same(t, "created", s.create(t, want), want)
		same(t, "loaded", s.load(t, want.Key), want)
	}},
	{"bytes are kept, an empty value too", func(t *testing.T, s suite) {
		for id, raw := range map[string]json.RawMessage{
			"nil": nil, "empty": {}, "null": json.RawMessage("null"), "text": json.RawMessage(`""`),
			"spaces": json.RawMessage(" {\n\t\"a\" : 1.50E+1 }\r\n"), "zero": json.RawMessage("\x00\x01\x02"),
			"not UTF-8": json.RawMessage("\"\xff\xfe\""),
		} {
			r := queued("acme", "ada", "bytes-"+strings.ReplaceAll(id, " ", "-"), epoch)
			r.Payload, r.Checkpoint, r.Result, r.Progress.Metadata = raw, raw, raw, raw
			if raw != nil {
				r.Steps = map[string]json.RawMessage{"step": raw}
			}
			s.create(t, r)
			same(t, id, s.load(t, r.Key), r)
		}
	}},
	{"times are kept to the millisecond in UTC", func(t *testing.T, s suite) {
		r := full("r-1")
		zone := time.FixedZone("somewhere", 5*3600+1800)
		r.StepTimes["charge"] = epoch.Add(999_999 * time.Nanosecond).In(zone)
		for i, at := range []*time.Time{&r.DueAt, &r.Await.Until, &r.History[0].StartedAt, &r.History[1].EndedAt, &r.CreatedAt,
			&r.UpdatedAt, &r.StartedAt, &r.ClaimedAt, &r.FinishedAt, &r.ExpiresAt} {
			*at = epoch.Add(time.Duration(i)*time.Hour + 999_999*time.Nanosecond).In(zone)
		}
		same(t, "created", s.create(t, r), r)
		same(t, "loaded", s.load(t, r.Key), r)
	}},
	{"a taken key is left alone", func(t *testing.T, s suite) {
		first := full("r-1")
		first.ExpiresAt = time.Time{}
		s.create(t, first)
		second := queued("acme", "ada", "r-1", epoch.Add(time.Hour))
		second.Action = "other"
		stored, created, err := s.CreateRequest(t.Context(), second)
		if err != nil || created {
			t.Fatalf("created %v, %v", created, err)
		}
		same(t, "returned", stored, first)
		same(t, "loaded", s.load(t, first.Key), first)
	}},
	{"an expired key is free from the millisecond of its expiry on", func(t *testing.T, s suite) {
		old := full("r-1")
		old.ExpiresAt = epoch.Add(time.Hour)
		s.create(t, old)

		early := queued("acme", "ada", "r-1", old.ExpiresAt.Add(-ms(1)))
		if stored, created, err := s.CreateRequest(t.Context(), early); err != nil || created {
			t.Fatalf("a millisecond before: created %v, %v", created, err)
		} else {
			same(t, "a millisecond before", stored, old)
		}
		young := queued("acme", "ada", "r-1", old.ExpiresAt)
		same(t, "created", s.create(t, young), young)
		same(t, "loaded", s.load(t, young.Key), young)
		settles(t, func() string {
			page, _, err := s.ListRequests(t.Context(), request.Query{Tenant: "acme", Limit: 10})
			if err != nil || len(page) != 1 || difference(page[0], inBrief(young)) != "" {
				return "the list does not have the new request alone: " + ids(page)
			}
			return ""
		})
	}},
	{"keys that look alike are different requests", func(t *testing.T, s suite) {
		keys := []request.Key{
			{Tenant: "a", Subject: "b", ID: "c"}, {Tenant: "a#b", Subject: "c", ID: "c"}, {Tenant: "a", Subject: "b#c", ID: "c"},
			{Tenant: "a|b", Subject: "c", ID: "c"}, {Tenant: "a", Subject: "b|c", ID: "c"},
			{Tenant: "a/b", Subject: "c", ID: "c"}, {Tenant: "a", Subject: "b/c", ID: "c"},
			{Tenant: "a:b", Subject: "c", ID: "c"}, {Tenant: "a", Subject: "b:c", ID: "c"},
			{Tenant: "a\x00b", Subject: "c", ID: "c"}, {Tenant: "a", Subject: "b\x00c", ID: "c"},
			{Tenant: "a%23b", Subject: "c", ID: "c"}, {Tenant: "a\\", Subject: "#c", ID: "c"}, {Tenant: "a", Subject: "\\#c", ID: "c"},
			{Tenant: "A", Subject: "b", ID: "c"}, {Tenant: "a", Subject: "B", ID: "c"}, {Tenant: "a", Subject: "b", ID: "C"},
			{Tenant: "a ", Subject: "b", ID: "c"}, {Tenant: "a", Subject: "é", ID: "c"}, {Tenant: "a", Subject: "e\u0301", ID: "c"},
			{Tenant: "auth0|" + strings.Repeat("t", 250), Subject: strings.Repeat("s", 512), ID: strings.Repeat("i", wire.MaxID)},
		}
		for i, key := range keys {
			r := queued(key.Tenant, key.Subject, key.ID, epoch)
			r.Rev = int64(i + 1)
			s.create(t, r)
		}
		for i, key := range keys {
			if r := s.load(t, key); r.Key != key || r.Rev != int64(i+1) {
				t.Errorf("%+v loads as %+v with rev %d, want %d", key, r.Key, r.Rev, i+1)
			}
		}
	}},
	{"what is not there is ErrNotFound", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		for _, key := range []request.Key{
			{Tenant: "acme", Subject: "ada", ID: "r-2"}, {Tenant: "acme", Subject: "bob", ID: "r-1"}, {Tenant: "globex", Subject: "ada", ID: "r-1"},
		} {
			if r, err := s.LoadRequest(t.Context(), key); !errors.Is(err, request.ErrNotFound) {
				t.Errorf("load %+v gives %+v, %v", key, r, err)
			}
			c := request.Change{
				If:  request.Guards{RoomFor: "c-1"},
				Set: request.Effects{UpdatedAt: epoch, State: request.Running, AddRev: 1, Subscribe: "c-1"},
			}
			if r, err := s.ChangeRequest(t.Context(), key, c); !errors.Is(err, request.ErrNotFound) {
				t.Errorf("change %+v gives %+v, %v", key, r, err)
			}
			if _, err := s.LoadRequest(t.Context(), key); !errors.Is(err, request.ErrNotFound) {
				t.Errorf("a change made %+v: %v", key, err)
			}
		}
		same(t, "the other request", s.load(t, r.Key), queued("acme", "ada", "r-1", epoch))
	}},
	{"what a caller does to a request later is not stored", func(t *testing.T, s suite) {
		in := full("r-1")
		out := s.create(t, in)
		in.Subscribers[0], out.Subscribers[1] = "altered", "altered"
		in.Permits[0], out.Permits[1], in.Steps["other"], out.Steps["another"] = "altered", "altered", nil, nil
		in.StepTimes["charge"], out.StepTimes["a.b#c:\"é"] = epoch, epoch
		in.State, out.Rev = request.Queued, 1
		same(t, "loaded", s.load(t, in.Key), full("r-1"))
	}},
	{"the largest request fits", func(t *testing.T, s suite) {
		r := full("r-1")
		r.Payload = text(request.MaxPayload)
		r.Metadata = map[string]string{"m": strings.Repeat("m", request.MaxMetadata-1)}
		r.Progress.Message = strings.Repeat("p", request.MaxMessageText)
		r.Progress.Metadata = text(request.MaxMetadata)
		r.State, r.Result, r.Checkpoint, r.Subscribers = request.Queued, nil, nil, nil
		for i := range request.MaxSubscribers {
			r.Subscribers = append(r.Subscribers, "L0SM9cOFvHcC"+string(rune('a'+i/26))+string(rune('a'+i%26))+"w=")
		}
		r.Steps, r.History = map[string]json.RawMessage{"step": text(request.MaxStepResult)}, nil
		r.Steps["second"] = text(request.MaxSteps - request.MaxStepResult - len("step") - len("second"))
		r.StepTimes, r.StepOutput = map[string]time.Time{"step": epoch, "second": epoch.Add(ms(1))}, nil
		for i := range request.MaxHistory {
			r.Attempt, r.Worker = i, "2096/03/04/[$LATEST]0123456789abcdef0123456789abcdef"
			r.History = request.EndAttempt(r, epoch.Add(time.Hour), wire.ProcessingFailed, wire.Cause{Message: strings.Repeat("<", wire.MaxCause)})
			entry := wire.AuditEntry{Event: wire.EventSignal, By: strings.Repeat("b", 256), Tenant: strings.Repeat("t", 256), At: epoch}
			audited := (request.Change{}).Audited(r, entry)
			if err := audited.Apply(r); err != nil {
				t.Fatal(err)
			}
		}
		s.create(t, r)
		c := request.Change{Set: request.Effects{UpdatedAt: epoch, Checkpoint: text(request.MaxCheckpoint),
			Result: text(request.MaxResult), Error: &wire.Error{Code: wire.InternalError,
				Message: strings.Repeat("e", request.MaxMessageText), Details: text(request.MaxMetadata)}}}
		got := s.change(t, r.Key, c)
		if err := c.Apply(r); err != nil {
			t.Fatal(err)
		}
		same(t, "changed", got, r)
		same(t, "loaded", s.load(t, r.Key), r)
	}},
	{"a request beyond all limits is kept whole or refused", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		r.Payload = text(600 << 10)
		_, created, err := s.CreateRequest(t.Context(), r)
		if err == nil {
			if !created {
				t.Fatal("not created")
			}
			same(t, "loaded", s.load(t, r.Key), r)
			return
		}
		wantCode(t, err, wire.PayloadTooLarge)
		if _, err := s.LoadRequest(t.Context(), r.Key); !errors.Is(err, request.ErrNotFound) {
			t.Errorf("it was refused, but loads with %v", err)
		}
	}},
	{"a change beyond all limits is kept whole or refused", func(t *testing.T, s suite) {
		r := queued("acme", "ada", "r-1", epoch)
		r.Payload = text(200 << 10)
		s.create(t, r)
		c := request.Change{Set: request.Effects{AddRev: 1, Result: text(250 << 10)}}
		_, err := s.ChangeRequest(t.Context(), r.Key, c)
		if err == nil {
			err = c.Apply(r)
		} else {
			wantCode(t, err, wire.PayloadTooLarge)
			err = nil
		}
		if err != nil {
			t.Fatal(err)
		}
		same(t, "loaded", s.load(t, r.Key), r)
	}},
	{"a call whose context has ended changes nothing", func(t *testing.T, s suite) {
		r := s.create(t, queued("acme", "ada", "r-1", epoch))
		conn := connection("c-1")
		if err := s.SaveConnection(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		calls := map[string]func() error{
			"create": func() error { _, _, err := s.CreateRequest(ctx, queued("acme", "ada", "r-2", epoch)); return err },
			"load":   func() error { _, err := s.LoadRequest(ctx, r.Key); return err },
			"change": func() error {
				_, err := s.ChangeRequest(ctx, r.Key, request.Change{Set: request.Effects{AddRev: 1}})
				return err
			},
			"list": func() error {
				_, _, err := s.ListRequests(ctx, request.Query{Tenant: "acme", Limit: 1})
				return err
			},
			"create with a place": func() error {
				_, _, err := s.CreateRequest(ctx, queued("acme", "ada", "r-2", epoch), request.Permit{Name: "a", Limit: 1})
				return err
			},
			"append output": func() error {
				_, err := s.ChangeRequest(ctx, r.Key, request.Change{
					If:  request.Guards{OutputAt: new(int64(0))},
					Set: request.Effects{Output: []json.RawMessage{json.RawMessage("1")}},
				})
				return err
			},
			"read output": func() error { _, err := s.ReadOutput(ctx, r.Key, 0, 1); return err },
			"blocked":     func() error { _, err := s.ThrottledRequests(ctx, "a", 1); return err },
			"permits":     func() error { _, err := s.PermitsHeld(ctx, "a"); return err },
			"due": func() error {
				_, _, err := s.DueRequests(ctx, request.DueQuery{Until: epoch, Limit: 1})
				return err
			},
			"throttling limits": func() error { _, _, err := s.ThrottlingLimits(ctx, 1, ""); return err },
			"save connection":   func() error { return s.SaveConnection(ctx, connection("c-2")) },
			"load connection":   func() error { _, err := s.LoadConnection(ctx, "c-1"); return err },
			"delete connection": func() error { return s.DeleteConnection(ctx, "c-1") },
		}
		for name, call := range calls {
			if err := call(); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v, want context.Canceled", name, err)
			}
		}
		same(t, "the request", s.load(t, r.Key), r)
		if _, err := s.LoadRequest(t.Context(), request.Key{Tenant: "acme", Subject: "ada", ID: "r-2"}); !errors.Is(err, request.ErrNotFound) {
			t.Errorf("r-2: %v", err)
		}
		if _, err := s.LoadConnection(t.Context(), "c-1"); err != nil {
			t.Errorf("c-1: %v", err)
		}
		if _, err := s.LoadConnection(t.Context(), "c-2"); !errors.Is(err, request.ErrNotFound) {
			t.Errorf("c-2: %v", err)
		}
	}},
}

// text is a JSON string of n bytes that does not compress to nothing.
func text(n int) json.RawMessage {
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	raw := slices.Repeat([]byte{'"'}, n)
	for i := 1; i < n-1; i++ {
		raw[i] = alphabet[(i*i+i/7)%len(alphabet)]
	}
	return raw
}

func wantCode(t *testing.T, err error, want wire.Code) {
	t.Helper()
	var declared *streamer.Error
	if !errors.As(err, &declared) || declared.Code != want {
		t.Fatalf("error is %v, want a declared %s", err, want)
	}
}
