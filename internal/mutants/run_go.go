package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// compile makes a test binary of a folder's package with the fault.
func (m mutant) compile(ctx context.Context, scratch, folder string) (binary string, err error) {
	source, err := m.apply(".")
	if err != nil {
		return "", err
	}
	changed, binary := filepath.Join(scratch, "changed.go"), filepath.Join(scratch, "mutant.test")
	if err := os.WriteFile(changed, source, 0o644); err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		return "", err
	}
	list := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		return "", err
	}
	// Vet and the symbols would be most of the time.
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", list, "-o", binary, "./"+folder).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return binary, nil
}

// runTest runs the test of the mutant's own package that must fail.
func (m mutant) runTest(ctx context.Context, scratch string) error {
	folder := path.Dir(m.file)
	binary, err := m.compile(ctx, scratch, folder)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, binary, "-test.run", exactly(m.test), "-test.timeout", "2m")
	cmd.Dir = folder
	return mustFail(ctx, cmd.Run(), m.test)
}

// exactly matches a test, or a row of its table, and none whose name begins alike.
func exactly(test string) string {
	return "^" + strings.ReplaceAll(test, "/", "$/^") + "$"
}

// mustFail turns the failure of what should notice into success.
func mustFail(ctx context.Context, err error, test string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		return nil
	}
	return cmp.Or(err, fmt.Errorf("%s did not notice", test))
}

// prove runs the prover with one fault, a seed after the other, until it fails.
func (m mutant) prove(ctx context.Context, scratch string, seeds int) (seed int, finding string, err error) {
	binary, err := m.compile(ctx, scratch, "prove")
	if err != nil {
		return 0, "", err
	}
	for seed := 1; seed <= seeds; seed++ {
		cmd := exec.CommandContext(ctx, binary, "-test.run", exactly(m.test), "-test.timeout", "5m", fmt.Sprintf("-prove.seed=%d", seed))
		cmd.Dir = "prove"
		out, err := cmd.CombinedOutput()
		_, failed := errors.AsType[*exec.ExitError](err)
		switch {
		case ctx.Err() != nil:
			return 0, "", ctx.Err()
		case failed:
			return seed, firstFinding(out), nil
		case err != nil:
			return 0, "", err
		}
	}
	return 0, "", fmt.Errorf("%d seeds did not notice", seeds)
}

// finding is a line of a test's output in which Run says what it found.
var finding = regexp.MustCompile(`: seed \d+: (?:\S+ \(\S+\): )?(.*)`)

func firstFinding(out []byte) string {
	if match := finding.FindSubmatch(out); match != nil {
		return strings.ReplaceAll(string(match[1]), "|", "\\|")
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[0]
}
