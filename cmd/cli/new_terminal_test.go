//go:build linux

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A person is asked for the module path.
func TestNewAsksAtATerminal(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	for _, tt := range []struct {
		name, typed string
		code        int
		module      string // in go.mod; "": there is no project
		says        string
	}{
		{"a path", "github.com/acme/shop\n", exitDone, "github.com/acme/shop", "is ready"},
		{"Enter", "\n", exitDone, "example.com/shop", "is ready"},
		{"what is not a path", "my shop\n", exitUsage, "", `"my shop" is not a valid module path`},
		{"Ctrl-C", "\x03", exitInterrupt, "", "interrupted"},
		{"Ctrl-D", "\x04", exitUsage, "", "give one with --module"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "shop")
			cmd, person, seen := atTerminal(t, "new", folder, "--streamer", root, "--no-tidy")
			seen.await(t, "Module path, such as github.com/you/shop [example.com/shop]: ")
			person.WriteString(tt.typed)
			seen.await(t, tt.says)
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != tt.code {
				t.Errorf("exited with %d (%v), want %d:\n%s", cmd.ProcessState.ExitCode(), err, tt.code, seen)
			}
			mod, err := os.ReadFile(filepath.Join(folder, "go.mod"))
			if tt.module == "" {
				if err == nil {
					t.Errorf("there is a project: %s", mod)
				}
				return
			}
			if err != nil || !strings.HasPrefix(string(mod), "module "+tt.module+"\n") {
				t.Errorf("got go.mod %s, %v, want the module %s", mod, err, tt.module)
			}
		})
	}
}
