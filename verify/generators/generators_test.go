package generators

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift/openapi"
)

// Each generator reads the document, what it writes compiles, and its client talks
// to the app: it puts a thing, is refused, searches and deletes.
func TestGeneratedClientsTalkToTheApp(t *testing.T) {
	t.Parallel()
	app := New()
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	document := filepath.Join(t.TempDir(), "openapi.json")
	file, err := os.Create(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := openapi.Write(file, app, openapi.Info{Title: "Things", Version: "1.0.0"}); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]func(t *testing.T, document, url string) string{
		"oapi-codegen": func(t *testing.T, document, url string) string {
			t.Helper()
			return goClient(t, "oapi.go.txt", url, "oapi-codegen", "-generate", "types,client", "-package", "client", "-o", "client/client.go", document)
		},
		"ogen": func(t *testing.T, document, url string) string {
			t.Helper()
			return goClient(t, "ogen.go.txt", url, "ogen", "--target", "client", "--package", "client", "--clean", document)
		},
		"openapi-typescript": func(t *testing.T, document, url string) string {
			t.Helper()
			return nodeClient(t, "fetch.ts", url, "openapi-typescript", document, "-o", "schema.ts")
		},
		"hey-api": func(t *testing.T, document, url string) string {
			t.Helper()
			return nodeClient(t, "hey.ts", url, "openapi-ts", "-i", document, "-o", "hey", "-c", "@hey-api/client-fetch")
		},
		"orval": func(t *testing.T, document, url string) string {
			t.Helper()
			write(t, filepath.Join(filepath.Dir(document), "orval.config.mjs"), fmt.Sprintf(
				`export default { things: { input: %q, output: { target: process.cwd() + "/orval.ts", client: "fetch", baseUrl: %q } } };`, document, url))
			return nodeClient(t, "orval.ts", url, "orval", "--config", filepath.Join(filepath.Dir(document), "orval.config.mjs"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const want = "t-1 high conflict acmem a 2 204"
			if got := strings.TrimSpace(client(t, document, server.URL)); got != want {
				t.Errorf("the generated client: got %q, want %q", got, want)
			}
		})
	}
}

// goClient generates a client with a tool of this module, in a module of its own that
// has the same dependencies, and runs a program with it.
func goClient(t *testing.T, program, url, tool string, args ...string) string {
	t.Helper()
	folder := t.TempDir()
	binary := strings.TrimSpace(run(t, ".", "go", "tool", "-n", tool))
	if err := os.Mkdir(filepath.Join(folder, "client"), 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	module := string(read(t, "go.mod"))
	module = strings.Replace(module, "module github.com/pay-theory/streamer/verify/generators", "module generated", 1)
	write(t, filepath.Join(folder, "go.mod"), strings.Replace(module, "=> ../..", "=> "+root, 1))
	write(t, filepath.Join(folder, "go.sum"), string(read(t, "go.sum")))
	write(t, filepath.Join(folder, "main.go"), string(read(t, filepath.Join("testdata", program))))
	run(t, folder, binary, args...)
	return run(t, folder, "go", "run", "-mod=mod", ".", url)
}

// nodeClient generates a client with a package of node_modules, checks its types and
// runs a program with it.
func nodeClient(t *testing.T, program, url, tool string, args ...string) string {
	t.Helper()
	packages, err := filepath.Abs("node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(packages); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("the generators are not installed: %v", err)
		}
		t.Skip("the generators are not installed: run npm ci in verify/generators")
	}
	folder := t.TempDir()
	if err := os.Symlink(packages, filepath.Join(folder, "node_modules")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "package.json"), `{"type": "module"}`)
	write(t, filepath.Join(folder, "main.ts"), string(read(t, filepath.Join("testdata", program))))
	run(t, folder, filepath.Join(packages, ".bin", tool), args...)
	run(t, folder, filepath.Join(packages, ".bin", "tsc"), "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext",
		"--moduleResolution", "bundler", "--outDir", "out", "main.ts")
	run(t, folder, filepath.Join(packages, ".bin", "esbuild"), "out/main.js", "--bundle", "--platform=node", "--format=esm", "--outfile=main.mjs")
	return run(t, folder, "node", "main.mjs", url)
}

// run runs a command and returns what it prints.
func run(t *testing.T, folder, name string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.WaitDelay = folder, time.Second
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", filepath.Base(name), strings.Join(args, " "), err, out, failed.String())
	}
	return string(out)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
