// Command mutants breaks the domain and the stores on purpose, one fault at a
// time, and runs the prover over each until a seed notices. It writes the table
// between the marks of docs/prove.md, and fails when a fault goes unnoticed.
// Run it from the module's root.
package main

import (
	"bytes"
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
	"strings"
)

const (
	page  = "docs/prove.md"
	begin = "<!-- mutants: written by make mutants -->\n"
	end   = "<!-- mutants end -->\n"
)

func main() {
	seeds := flag.Int("seeds", 100, "how many seeds to try at most")
	only := flag.String("only", "", "a regular expression of the mutants to try; the page then stays as it is")
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
	for _, m := range mutants {
		if _, err := m.apply("."); err != nil {
			return err
		}
	}
	var table strings.Builder
	table.WriteString("| fault | in | over | noticed by seed | as |\n|---|---|---|--:|---|\n")
	var missed []error
	for n, m := range mutants {
		if !chosen.MatchString(m.what) {
			continue
		}
		seed, what, err := m.try(ctx, filepath.Join(scratch, fmt.Sprint(n)), seeds)
		if err != nil {
			missed = append(missed, fmt.Errorf("%s (%s): %w", m.what, m.file, err))
			fmt.Printf("MISSED %s (%s): %v\n", m.what, m.file, err)
			continue
		}
		fmt.Printf("seed %d notices: %s (%s): %s\n", seed, m.what, m.file, what)
		fmt.Fprintf(&table, "| %s | `%s` | %s | %d | %s |\n", m.what, m.file, strings.TrimPrefix(path.Base(m.test), "TestMixOver"), seed, what)
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

// try runs the prover with one fault, a seed after the other, until it fails.
func (m mutant) try(ctx context.Context, scratch string, seeds int) (seed int, finding string, err error) {
	source, err := m.apply(".")
	if err != nil {
		return 0, "", err
	}
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return 0, "", err
	}
	changed, binary := filepath.Join(scratch, "changed.go"), filepath.Join(scratch, "prove.test")
	if err := os.WriteFile(changed, source, 0o644); err != nil {
		return 0, "", err
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return 0, "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: changed}})
	if err != nil {
		return 0, "", err
	}
	list := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		return 0, "", err
	}
	defer os.Remove(binary)
	if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", list, "-o", binary, "./prove").CombinedOutput(); err != nil {
		return 0, "", fmt.Errorf("build: %w\n%s", err, out)
	}
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
