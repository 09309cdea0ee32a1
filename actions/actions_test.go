package actions

import (
	"slices"
	"testing"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions/internal/actiontest"
)

func TestAll(t *testing.T) {
	t.Parallel()
	if _, err := All(nil); err == nil {
		t.Error("without a store: got no error, want one")
	}
	all, err := All(actiontest.NewStore(t))
	if err != nil {
		t.Fatal(err)
	}
	got := streamer.NewRegistry(all...).Names()
	if want := []string{"ask_approval", "echo", "echo_async", "generate_report"}; !slices.Equal(got, want) {
		t.Errorf("names: got %v, want %v", got, want)
	}
	for _, a := range all {
		if got, want := a.Long(), a.Name() != "echo"; got != want {
			t.Errorf("%s: long: got %v, want %v", a.Name(), got, want)
		}
	}
}
