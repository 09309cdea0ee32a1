package streamer_test

import (
	"context"
	"errors"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/wire"
)

// asker submits to and reads from an empty store, in which the action key answers
// with the key of the step that its payload names.
func asker(t *testing.T) *streamer.Requests {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return &streamer.Requests{Store: store, Actions: streamer.NewRegistry(streamer.NewAction(streamer.ActionConfig{Name: "key"},
		func(_ context.Context, job *streamer.Job, step string) (string, error) { return job.StepKey(step), nil }))}
}

// Keys of external effects differ wherever the tenant, the subject, the id or the
// step do, also where names would run into each other.
func TestStepKeysOfDifferentRequestsDiffer(t *testing.T) {
	t.Parallel()
	requests := asker(t)
	seen := map[string]string{}
	for _, of := range []struct{ tenant, subject, id, step string }{
		{"a/b", "c", "r", "s"}, {"a", "b/c", "r", "s"}, {"a", "b", "c", "r/s"},
		{"acme", "team/ada", "r", "s"}, {"acme", "team", "ada", "r/s"}, {"acme", "team", "r", "s"},
		{"1:a", "b", "r", "s"}, {"", "1:a1:b", "r", "s"},
	} {
		caller := streamer.Caller{Principal: streamer.Principal{Tenant: of.tenant, Subject: of.subject}}
		frame, err := requests.Submit(t.Context(), caller, wire.Message{ID: of.id, Action: "key", Payload: []byte(`"` + of.step + `"`)})
		if err != nil {
			t.Fatal(err)
		}
		key := string(frame.Data)
		if other, taken := seen[key]; taken {
			t.Errorf("%+v has the key %s, which %s has too", of, key, other)
		}
		if len(key)-2 > 64 {
			t.Errorf("got a key of %d characters, want at most 64", len(key)-2)
		}
		seen[key] = of.tenant + " " + of.subject + " " + of.id + " " + of.step
	}
}

// The wildcard for all subjects is no subject's name: without the operator's scope
// it reads nothing.
func TestAPrincipalNamedLikeTheWildcard(t *testing.T) {
	t.Parallel()
	requests := asker(t)
	star := streamer.Caller{Principal: streamer.Principal{Tenant: "acme", Subject: wire.AllSubjects}}
	for name, read := range map[string]func() error{
		"list": func() error { _, err := requests.List(t.Context(), star, wire.ListQuery{}); return err },
		"get":  func() error { _, err := requests.Get(t.Context(), star, "r1"); return err },
		"connections": func() error {
			_, err := streamer.Connections{}.List(t.Context(), star, wire.ConnectionQuery{})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := read()
			if refusal, ok := errors.AsType[*streamer.Error](err); !ok || refusal.Code != wire.Forbidden {
				t.Errorf("got %v, want FORBIDDEN", err)
			}
		})
	}
}
