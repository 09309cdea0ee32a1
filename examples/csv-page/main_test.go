package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/pay-theory/streamer/internal/nodetest"
)

// The page in a browser, reloaded in the middle.
func TestReload(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	const rows = 500_000
	var csv bytes.Buffer
	csv.WriteString("id,name,amount\n")
	for i := range rows {
		fmt.Fprintf(&csv, "%d,customer %d,%d.%02d\n", i, i%50_000, i%1000, i%100)
	}
	file := filepath.Join(t.TempDir(), "large.csv")
	if err := os.WriteFile(file, csv.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	chromium := nodetest.Chromium(t)
	ctx, stop := context.WithCancel(t.Context())
	url, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- run(ctx, "127.0.0.1:0", "127.0.0.1:0", filepath.Join(t.TempDir(), "data"), func(at string) { url <- at })
	}()
	select {
	case at := <-url:
		nodetest.Run(t, filepath.Join("..", "..", "verify", "node"),
			[]string{chromium, "PAGE_URL=" + at, "CSV_FILE=" + file, fmt.Sprint("ROWS=", rows)}, "csv-page.mjs", "reload")
	case err := <-done:
		t.Fatal(err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
