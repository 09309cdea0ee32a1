package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// members reads a JSON object token by token: a second opinion on what
// DecodeMessage takes a message's fields to be. Of two members with one name the
// last counts, and names are compared as encoding/json does, without case.
func members(t *testing.T, data []byte) func(name string) json.RawMessage {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	if _, err := dec.Token(); err != nil {
		t.Fatalf("%q passed for an object: %v", data, err)
	}
	type member struct {
		name  string
		value json.RawMessage
	}
	var all []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			t.Fatalf("%q passed for an object: %v", data, err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			t.Fatalf("%q passed for an object: %v", data, err)
		}
		all = append(all, member{name.(string), value})
	}
	return func(name string) (last json.RawMessage) {
		for _, m := range all {
			if m.name == name {
				last = m.value
			}
		}
		return last
	}
}

func FuzzDecodeMessage(f *testing.F) {
	seed(f, "messages", func(file []byte) []byte { return file })
	seed(f, "bad-messages", func(file []byte) []byte {
		var bad struct{ Input string }
		if err := json.Unmarshal(file, &bad); err != nil {
			f.Fatal(err)
		}
		return []byte(bad.Input)
	})
	f.Add([]byte(`{"action":"a","ACTION":"b","payload":1,"Payload":{"x":[]},"requeſt_id":"r-1"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		m, err := wire.DecodeMessage(data)
		if !bytes.Equal(before, data) {
			t.Fatalf("%q was altered", before)
		}
		if err != nil {
			refusal, ok := errors.AsType[*wire.MessageError](err)
			if !ok || refusal.Reason == "" {
				t.Fatalf("%q: %v is no refusal with a reason", data, err)
			}
			if refusal.ID != "" && wire.CheckID(refusal.ID) != "" {
				t.Errorf("%q: the refusal carries the bad id %q", data, refusal.ID)
			}
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q passed, but is not valid JSON", data)
		}
		field := members(t, data)
		if m.Action == "" {
			t.Errorf("%q passed without an action", data)
		}
		if m.ID != "" && wire.CheckID(m.ID) != "" {
			t.Errorf("%q passed with the id %q", data, m.ID)
		}
		if !bytes.Equal(m.Payload, field("payload")) {
			t.Errorf("%q: the payload became %q", data, m.Payload)
		}
		wantText(t, m.Action, field("action"))
		id := field("id")
		if len(id) == 0 || string(id) == "null" {
			id = field("request_id")
		}
		wantText(t, m.ID, id)

		raw := m.Append(nil)
		again, err := wire.DecodeMessage(raw)
		if len(m.Metadata) == 0 {
			m.Metadata = nil
		}
		if err != nil || !reflect.DeepEqual(again, m) {
			t.Errorf("%q was taken for %+v, which encodes to %s, which is taken for %+v, %v", data, m, raw, again, err)
		}
	})
}

// wantText fails unless got is what encoding/json makes of raw.
func wantText(t *testing.T, got string, raw json.RawMessage) {
	t.Helper()
	var want string
	if len(raw) > 0 {
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Errorf("%s passed for a text", raw)
		}
	}
	if got != want {
		t.Errorf("%s became %q", raw, got)
	}
}

func FuzzDecodeFrame(f *testing.F) {
	seed(f, "frames", func(file []byte) []byte { return file })
	f.Add([]byte(`{"type":"pong","timestamp":"9999-12-31T23:59:59-01:00"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := wire.DecodeFrame(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Fatalf("%q passed, but is not valid JSON", data)
		}
		if frame.Type == "" {
			t.Errorf("%q passed without a type", data)
		}
		if !sane(frame) {
			return
		}
		raw := frame.Append(nil)
		if !json.Valid(raw) {
			t.Fatalf("%q came out as %q, which is not valid JSON", data, raw)
		}
		// What is written reads back as itself: once encoded, a frame is stable.
		again, err := wire.DecodeFrame(raw)
		if err != nil {
			t.Fatalf("%q came out as %q, which does not decode: %v", data, raw, err)
		}
		if twice := again.Append(nil); !bytes.Equal(twice, raw) {
			t.Errorf("%q came out as %q, then as %q", data, raw, twice)
		}
		kept := map[wire.Type][2]json.RawMessage{
			wire.TypeResponse: {frame.Data, again.Data},
			wire.TypeProgress: {frame.Metadata, again.Metadata},
		}[frame.Type]
		if len(kept[0]) > 0 && !bytes.Equal(kept[0], kept[1]) {
			t.Errorf("%q: %q became %q", data, kept[0], kept[1])
		}
	})
}

// FuzzDetail has what is shown of a request read back as it was, its raw values
// byte for byte.
func FuzzDetail(f *testing.F) {
	seed(f, "frames", func(file []byte) []byte {
		frame, err := wire.DecodeFrame(file)
		if err != nil {
			f.Fatal(err)
		}
		if frame.Request == nil || frame.Request.Detail == nil {
			return []byte("{}")
		}
		detail, err := json.Marshal(frame.Request.Detail)
		if err != nil {
			f.Fatal(err)
		}
		return detail
	})
	f.Add([]byte(`{"payload": "<\u2028>" ,"steps":[{"name":"a\"b"},{}],"slots":[""],"metadata":{"":"\ud800"},` +
		`"expires_at":"2026-01-02T03:04:05.123456789+14:00"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var d wire.Detail
		if json.Unmarshal(data, &d) != nil {
			return
		}
		frame := wire.Frame{Type: wire.TypeRequest, RequestID: "m-1",
			Request: &wire.Snapshot{ID: "r-1", Action: "a", State: wire.StateRunning, Detail: &d}}
		if !sane(frame) {
			return
		}
		raw := frame.Append(nil)
		again, err := wire.DecodeFrame(raw)
		if err != nil || again.Request.Detail == nil {
			t.Fatalf("%q came out as %q, which does not decode: %v", data, raw, err)
		}
		for _, at := range []*time.Time{d.LeaseUntil, d.ExpiresAt} {
			if at != nil {
				*at = at.UTC()
			}
		}
		for i := range d.Steps {
			if d.Steps[i].Result == nil {
				d.Steps[i].Result = json.RawMessage("null")
			}
			if at := d.Steps[i].At; at != nil {
				*at = at.UTC()
			}
		}
		if len(d.Metadata) == 0 {
			d.Metadata = nil
		}
		if len(d.Steps) == 0 {
			d.Steps = nil
		}
		if len(d.Slots) == 0 {
			d.Slots = nil
		}
		if len(d.Audit) == 0 {
			d.Audit = nil
		}
		if !reflect.DeepEqual(*again.Request.Detail, d) {
			t.Errorf("%+v came out as %q, which is read as %+v", d, raw, *again.Request.Detail)
		}
	})
}

// sane leaves out times whose year in UTC has no RFC 3339 spelling, such as
// 9999-12-31T23:59:59-01:00: no server sends them.
func sane(f wire.Frame) bool {
	times := []time.Time{f.Timestamp}
	if s := f.Request; s != nil {
		times = append(times, s.CreatedAt, s.UpdatedAt)
		for _, t := range []*time.Time{s.StartedAt, s.FinishedAt, s.DueAt} {
			if t != nil {
				times = append(times, *t)
			}
		}
		for _, a := range s.History {
			times = append(times, a.StartedAt, a.EndedAt)
		}
		if d := s.Detail; d != nil {
			for _, t := range []*time.Time{d.LeaseUntil, d.ExpiresAt} {
				if t != nil {
					times = append(times, *t)
				}
			}
			for _, step := range d.Steps {
				if step.At != nil {
					times = append(times, *step.At)
				}
			}
			for _, e := range d.Audit {
				times = append(times, e.At)
			}
		}
	}
	for _, t := range times {
		if y := t.UTC().Year(); y < 0 || y > 9999 {
			return false
		}
	}
	return true
}

func seed(f *testing.F, folder string, input func(file []byte) []byte) {
	f.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds in %s: %v", folder, err)
	}
	for _, path := range paths {
		file, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(input(file))
	}
}
