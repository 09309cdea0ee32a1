package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile(filepath.Join("..", "..", "..", "examples", "orders", "openapi.json"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-app", "../../../examples/orders.New", "-title", "Orders", "-version", "1.0.0"}
	var out bytes.Buffer
	if err := run(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("document %s", out.String())
	}
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := run(t.Context(), append(args, "-o", file, "-server", "https://a.example", "-description", `"quoted" $`), nil); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(got, []byte(`"url": "https://a.example"`)) || !bytes.Contains(got, []byte(`"description": "\"quoted\" $"`)) {
		t.Errorf("file %s, %v", got, err)
	}
}

func TestRunGivesAContextAndAConfig(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-app", "./testdata/api.New"}, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"/x"`) {
		t.Errorf("got %s, want the path /x", out.String())
	}
}

func TestRunSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		app, want string
	}{
		"nothing":        {"", "-app must name"},
		"no function":    {"./orders", "-app must name"},
		"no package":     {"./none.New", "go list"},
		"main package":   {"../../../examples/hello/function.New", "is a main package"},
		"no such name":   {"../../../examples/hello.Make", "undefined: app.Make"},
		"another type":   {"../../../examples/worker.New", "that returns a *lift.App, or one and an error"},
		"it fails":       {"./testdata/api.Fail", "TABLE is not set"},
		"many packages":  {"../../../examples/....New", "is not one package"},
		"unknown option": {"-x", "-app must name"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), []string{"-app", tt.app}, new(bytes.Buffer))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}
