package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// steady runs each test that notices a mutant so many times on the code as it is, with the
// race detector, a package after the other. A test that fails now and then would notice
// mutants that it does not.
func steady(ctx context.Context, scratch string, tries []*try, times int) error {
	byFolder := map[string][]string{}
	for _, t := range tries {
		folder := path.Dir(t.file)
		if t.inNode() {
			folder = typescript
		}
		if t.room != "" && !slices.Contains(byFolder[folder], t.test) {
			byFolder[folder] = append(byFolder[folder], t.test)
		}
	}
	var failures []error
	for n, folder := range slices.Sorted(maps.Keys(byFolder)) {
		tests, began := byFolder[folder], time.Now()
		var failed error
		if folder == typescript {
			failed = steadyNode(ctx, tests, times)
		} else {
			failed = steadyGo(ctx, filepath.Join(scratch, fmt.Sprint(n)), folder, tests, times)
		}
		fmt.Printf("%s: %d tests, %d times each, %v: %s\n", folder, len(tests), times, time.Since(began).Round(time.Second), outcome(failed))
		failures = append(failures, failed)
	}
	return errors.Join(append(failures, ctx.Err())...)
}

func outcome(err error) string {
	if err != nil {
		return err.Error()
	}
	return "no failure"
}

// failedTest is a line in which the testing package names a test that failed.
var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// steadyGo runs tests of one package.
func steadyGo(ctx context.Context, binary, folder string, tests []string, times int) error {
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-race", "-o", binary, "./"+folder).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build of %s: %w\n%s", folder, err, out)
	}
	var whole []string
	for _, test := range tests {
		name, _, _ := strings.Cut(test, "/") // all rows of a table: one pattern cannot name rows of many
		if !slices.Contains(whole, name) {
			whole = append(whole, name)
		}
	}
	cmd := exec.CommandContext(ctx, binary, "-test.run", "^("+strings.Join(whole, "|")+")$", fmt.Sprintf("-test.count=%d", times),
		"-test.timeout", "60m")
	cmd.Dir = folder
	if out, err = cmd.CombinedOutput(); err == nil {
		return nil
	}
	var names []string
	for _, match := range failedTest.FindAllSubmatch(out, -1) {
		names = append(names, string(match[1]))
	}
	slices.Sort(names)
	return fmt.Errorf("%s: %w: %s\n%s", folder, err, cmp.Or(strings.Join(slices.Compact(names), ", "), "no test is named"), out)
}

// steadyNode runs test files of the TypeScript client.
func steadyNode(ctx context.Context, files []string, times int) error {
	for range times {
		cmd := exec.CommandContext(ctx, "node", append([]string{"scripts/test.mjs"}, files...)...)
		cmd.Dir = typescript
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", typescript, err, out)
		}
	}
	return nil
}
