package actions

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/pay-theory/streamer"
)

func TestNew(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	if _, err := New(Config{}); err == nil {
		t.Error("actions without requests were made")
	}
	if _, err := New(Config{Requests: store, Files: filepath.Join(t.TempDir(), "absent")}); err == nil {
		t.Error("actions over a folder that is not there were made")
	}
	all, err := New(Config{Requests: store, Files: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	got := streamer.NewRegistry(all...).Names()
	if want := []string{"ask_approval", "echo", "echo_async", "generate_report", "profile_csv"}; !slices.Equal(got, want) {
		t.Errorf("the actions are %v, want %v", got, want)
	}
	for _, a := range all {
		if a.Long() == (a.Name() == "echo") {
			t.Errorf("%s: long is %v", a.Name(), a.Long())
		}
	}
}
