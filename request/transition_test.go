package request_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/pay-theory/streamer/request"
)

// A request whose wait for a signal has timed out is claimed to learn of it. One
// that is throttled then must not wait for the whole timeout once more.
func TestThrottleKeepsTheWaitForASignal(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	await := request.Await{Token: "approval", Until: at}
	r := &request.Request{State: request.Queued, Await: await, DueAt: at}
	for _, c := range []request.Change{request.Throttle(at, "tenant:acme"), request.Resume(at, "tenant:acme")} {
		if err := c.Apply(r); err != nil {
			t.Fatal(err)
		}
	}
	if r.Await != await {
		t.Errorf("got %+v, want %+v", r.Await, await)
	}
}

// Every field of Guards and Effects has to come out of the visiting methods, or
// stores that go by them would leave it out.
func TestEachFieldIsVisited(t *testing.T) {
	t.Parallel()
	visited := func(c request.Change) (n int) {
		for range c.Guards {
			n++
		}
		for range c.Effects {
			n++
		}
		return n
	}
	for _, half := range []struct {
		name string
		of   func(*request.Change) reflect.Value
	}{
		{"If", func(c *request.Change) reflect.Value { return reflect.ValueOf(&c.If).Elem() }},
		{"Set", func(c *request.Change) reflect.Value { return reflect.ValueOf(&c.Set).Elem() }},
	} {
		for i := range half.of(&request.Change{}).NumField() {
			name := half.name + "." + half.of(&request.Change{}).Type().Field(i).Name
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var c request.Change
				fill(t, half.of(&c).Field(i))
				if got := visited(c); got != 1 {
					t.Errorf("a change with %s alone is visited %d times, want once", name, got)
				}
			})
		}
	}
}

// fill sets a field to a value that is not zero.
func fill(t *testing.T, field reflect.Value) {
	t.Helper()
	switch field.Kind() {
	case reflect.String:
		field.SetString("x")
	case reflect.Bool:
		field.SetBool(true)
	case reflect.Int, reflect.Int64:
		field.SetInt(1)
	case reflect.Map:
		field.Set(reflect.MakeMap(field.Type()))
		field.SetMapIndex(reflect.ValueOf("x"), reflect.Zero(field.Type().Elem()))
	case reflect.Pointer:
		field.Set(reflect.New(field.Type().Elem()))
	case reflect.Slice:
		field.Set(reflect.MakeSlice(field.Type(), 1, 1))
		if field.Type().Elem().Kind() == reflect.String {
			field.Index(0).SetString("due") // also an attribute that can be cleared
		}
	case reflect.Struct:
		if field.Type() == reflect.TypeFor[time.Time]() {
			field.Set(reflect.ValueOf(time.Unix(1, 0)))
			return
		}
		for i := range field.NumField() {
			fill(t, field.Field(i))
		}
	default:
		t.Fatalf("cannot fill a %s", field.Type())
	}
}
