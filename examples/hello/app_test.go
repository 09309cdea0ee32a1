package hello_test

import (
	"testing"

	"github.com/pay-theory/streamer/examples/hello"
	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
)

func TestHello(t *testing.T) {
	t.Parallel()
	app := hello.New(lift.Config{Logger: new(lifttest.Log).Logger()})
	answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/hello/ada"})
	var greeting hello.Greeting
	if answer.Decode(t, &greeting); answer.Status != 200 || greeting.Message != "Hello, ada!" {
		t.Errorf("answer %d %s", answer.Status, answer.Body)
	}
	if answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/hello/stranger"}); answer.Status != 404 {
		t.Errorf("answer %d %s", answer.Status, answer.Body)
	}
}
