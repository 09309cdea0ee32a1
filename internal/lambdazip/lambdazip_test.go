package lambdazip

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestOneBinaryOneZip(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	binary := filepath.Join(folder, "router")
	code := bytes.Repeat([]byte("code "), 10_000)
	var zips [][]byte
	for i, name := range []string{"a.zip", "b.zip"} {
		if err := os.WriteFile(binary, code, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(binary, time.Time{}, time.Unix(int64(1e9*i), 0)); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(folder, name)
		size, err := Pack(out, binary)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(out)
		if err != nil || int64(len(text)) != size {
			t.Fatalf("%d bytes, said to be %d: %v", len(text), size, err)
		}
		zips = append(zips, text)
	}
	if !bytes.Equal(zips[0], zips[1]) {
		t.Error("two zips of one binary differ")
	}
	r, err := zip.NewReader(bytes.NewReader(zips[0]), int64(len(zips[0])))
	if err != nil || len(r.File) != 1 {
		t.Fatalf("%d files: %v", len(r.File), err)
	}
	f := r.File[0]
	if f.Name != "bootstrap" || f.Mode().Perm() != 0o755 {
		t.Errorf("%s has mode %s, and Lambda starts an executable bootstrap", f.Name, f.Mode())
	}
	content, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(content); err != nil || !bytes.Equal(got, code) {
		t.Errorf("unpacked %d bytes of %d: %v", len(got), len(code), err)
	}
}
