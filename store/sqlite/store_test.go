package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/pay-theory/streamer/store/sqlite"
	"github.com/pay-theory/streamer/store/storetest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) storetest.Store { return open(t, sqlite.Memory) })
	})
	t.Run("file", func(t *testing.T) {
		t.Parallel()
		storetest.Run(t, func(t *testing.T) storetest.Store { return open(t, filepath.Join(t.TempDir(), "streamer.db")) })
	})
}

func TestModel(t *testing.T) {
	t.Parallel()
	storetest.RunModel(t, open(t, sqlite.Memory))
}

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
