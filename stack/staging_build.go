package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
)

// buildFunctions builds the binaries as `make dist` does, for this machine.
func buildFunctions(ctx context.Context, source, folder string, functions []*functionPlan) error {
	args := []string{"build", "-trimpath", "-ldflags=-s -w -buildid=", "-tags", "lambda.norpc,nethttpomithttp2", "-o",
		folder + string(filepath.Separator)}
	for _, f := range functions {
		if dir := "./cmd/" + f.binary; !slices.Contains(args, dir) {
			args = append(args, dir)
		}
	}
	build := exec.CommandContext(ctx, "go", args...)
	build.Dir, build.Env = source, append(os.Environ(), "CGO_ENABLED=0", "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH)
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the functions in %s: %w\n%s", source, err, out)
	}
	return nil
}
