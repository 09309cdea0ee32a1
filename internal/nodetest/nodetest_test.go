package nodetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstalled(t *testing.T) {
	t.Parallel()
	const (
		own   = `"": {"name": "own", "version": "1.0.0"}`
		ws    = `"node_modules/ws": {"version": "8.1.0", "integrity": "sha512-a"}`
		other = `"node_modules/other-arm64": {"version": "2.0.0", "integrity": "sha512-b", "optional": true}`
	)
	for name, c := range map[string]struct {
		wanted, present string // entries of both locks; present "": there is no node_modules
		want            string // in the error; "": none
	}{
		"all":                   {own + "," + ws, ws, ""},
		"optional ones missing": {own + "," + ws + "," + other, ws, ""},
		"optional ones too":     {own + "," + ws + "," + other, ws + "," + other, ""},
		"no node_modules":       {own + "," + ws, "", "no such file"},
		"an older version": {own + "," + ws, strings.Replace(ws, "8.1.0", "8.0.9", 1),
			"node_modules/ws is version 8.0.9, package-lock.json wants 8.1.0"},
		"an older optional one": {own + "," + other, strings.Replace(other, "2.0.0", "1.9.0", 1), "wants 2.0.0"},
		"another tarball":       {own + "," + ws, strings.Replace(ws, "sha512-a", "sha512-c", 1), "node_modules/ws is another tarball"},
		"one is new":            {own + "," + ws + `, "node_modules/new": {"version": "1.0.0"}`, ws, "node_modules/new is missing"},
		"one was removed":       {own, ws, "node_modules/ws is not in package-lock.json"},
		"half written":          {own, `"node_modules/ws": {`, "read "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			write(t, filepath.Join(folder, "package-lock.json"), c.wanted)
			if c.present != "" {
				write(t, filepath.Join(folder, "node_modules", ".package-lock.json"), c.present)
			}
			err := installed(folder)
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

func write(t *testing.T, path, packages string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(`{"lockfileVersion": 3, "packages": {`+packages+`}}`), 0o600); err != nil {
		t.Fatal(err)
	}
}
