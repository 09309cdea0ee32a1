package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// typescript is the folder whose tests Node runs.
const typescript = "clients/typescript"

func (m mutant) inNode() bool { return strings.HasPrefix(m.file, typescript+"/") }

// runNode runs the test file of the TypeScript client that must fail, on a copy of the
// client with the fault.
func (m mutant) runNode(ctx context.Context, scratch string) error {
	source, err := m.apply(".")
	if err != nil {
		return err
	}
	client, err := copyClient(scratch)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(scratch, m.file), source, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "node", "scripts/test.mjs", m.test)
	cmd.Dir = client
	return mustFail(ctx, cmd.Run(), m.test+".test.ts")
}

// copyClient copies the client to the folder that it has below the module's root, and links
// what its tests read beside it.
func copyClient(scratch string) (folder string, err error) {
	folder = filepath.Join(scratch, typescript)
	for _, name := range []string{"src", "test", "scripts"} {
		if err := os.CopyFS(filepath.Join(folder, name), os.DirFS(filepath.Join(typescript, name))); err != nil {
			return "", err
		}
	}
	for _, name := range []string{"wire", typescript + "/package.json", typescript + "/node_modules"} {
		from, err := filepath.Abs(name)
		if err != nil {
			return "", err
		}
		if _, err := os.Stat(from); err != nil {
			return "", fmt.Errorf("%w: `make npm` installs it", err)
		}
		if err := os.Symlink(from, filepath.Join(scratch, name)); err != nil {
			return "", err
		}
	}
	return folder, nil
}
