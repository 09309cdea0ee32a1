// Command mutants breaks the code on purpose, one fault at a time. Over each of those
// of the domain and the stores it runs the prover until a seed notices, and writes the
// table between the marks of docs/prove.md; each of those of the other packages has a
// test of its package that must notice. The command fails when a fault goes unnoticed.
// Run it from the module's root.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	page  = "docs/prove.md"
	begin = "<!-- mutants: written by make mutants -->\n"
	end   = "<!-- mutants end -->\n"
)

func main() {
	seeds := flag.Int("seeds", 100, "how many seeds to try at most")
	only := flag.String("only", "", "a regular expression of the mutants to try, as FILE: WHAT; the page then stays as it is")
	flag.Parse()
	if err := run(context.Background(), *seeds, *only); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, seeds int, only string) error {
	chosen, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	for _, m := range slices.Concat(proved, tested) {
		if _, err := m.apply("."); err != nil {
			return err
		}
	}
	var table strings.Builder
	table.WriteString("| fault | in | over | noticed by seed | as |\n|---|---|---|--:|---|\n")
	var missed []error
	miss := func(m mutant, err error) {
		missed = append(missed, fmt.Errorf("%s: %w", m, err))
		fmt.Printf("MISSED %s: %v\n", m, err)
	}
	for n, m := range proved {
		if !chosen.MatchString(m.String()) {
			continue
		}
		seed, what, err := m.prove(ctx, filepath.Join(scratch, fmt.Sprint("proved", n)), seeds)
		if err != nil {
			miss(m, err)
			continue
		}
		fmt.Printf("seed %d notices %s: %s\n", seed, m, what)
		fmt.Fprintf(&table, "| %s | `%s` | %s | %d | %s |\n", m.what, m.file, strings.TrimPrefix(path.Base(m.test), "TestMixOver"), seed, what)
	}
	for n, m := range tested {
		if !chosen.MatchString(m.String()) {
			continue
		}
		if err := m.runTest(ctx, filepath.Join(scratch, fmt.Sprint("tested", n))); err != nil {
			miss(m, err)
			continue
		}
		fmt.Printf("%s notices %s\n", m.test, m)
	}
	if only != "" {
		return errors.Join(missed...)
	}
	return errors.Join(append(missed, write(table.String()))...)
}

// write puts the table into the page.
func write(table string) error {
	text, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	from, to := bytes.Index(text, []byte(begin)), bytes.Index(text, []byte(end))
	if from < 0 || to < from {
		return fmt.Errorf("%s has no marks for the table", page)
	}
	written := append(bytes.Clone(text[:from+len(begin)]), table...)
	return os.WriteFile(page, append(written, text[to:]...), 0o644)
}

// apply returns the mutant's file with its fault, from the module's root. It
// fails, with the mutant's name and file, when the code to break is not there as
// it was: a rename must not make a mutant vanish.
func (m mutant) apply(root string) ([]byte, error) {
	source, err := os.ReadFile(filepath.Join(root, m.file))
	if err != nil {
		return nil, fmt.Errorf("mutant %q: %w", m.what, err)
	}
	if count := bytes.Count(source, []byte(m.old)); count != 1 {
		return nil, fmt.Errorf("mutant %q: %s has its code %d times, want once: change internal/mutants as the code changed:\n%s", m.what,
			m.file, count, m.old)
	}
	return bytes.Replace(source, []byte(m.old), []byte(m.new), 1), nil
}

// compile makes a test binary of a folder's package with the fault.
func (m mutant) compile(ctx context.Context, scratch, folder string) (binary string, err error) {
	source, err := m.apply(".")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(scratch, 0o755); err != nil {
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
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", list, "-o", binary, "./"+folder).CombinedOutput()
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
	defer os.Remove(binary)
	cmd := exec.CommandContext(ctx, binary, "-test.run", "^"+m.test+"$", "-test.timeout", "2m")
	cmd.Dir = folder
	err = cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		return nil
	}
	return cmp.Or(err, fmt.Errorf("%s did not notice", m.test))
}

// prove runs the prover with one fault, a seed after the other, until it fails.
func (m mutant) prove(ctx context.Context, scratch string, seeds int) (seed int, finding string, err error) {
	binary, err := m.compile(ctx, scratch, "prove")
	if err != nil {
		return 0, "", err
	}
	defer os.Remove(binary)
	for seed := 1; seed <= seeds; seed++ {
		cmd := exec.CommandContext(ctx, binary, "-test.run", "^"+m.test+"$", "-test.timeout", "5m", fmt.Sprintf("-prove.seed=%d", seed))
		cmd.Dir = "prove"
		out, err := cmd.CombinedOutput()
		_, failed := errors.AsType[*exec.ExitError](err)
		switch {
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
