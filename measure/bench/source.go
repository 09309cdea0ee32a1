package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/fzipp/gocyclo"

	"github.com/pay-theory/streamer/measure/bench/result"
)

// A part is some of a side's source: folders with all below them, or files.
// Tests do not count.
type part struct {
	side, name string
	compared   bool // what a team writes for its functions
	paths      []string
}

// shared is the part of what a team writes that all four functions use: wiring,
// and how errors are answered.
const shared = "shared by the four"

var parts = append(handlers(),
	part{result.Baseline, "store, frames, actions, push", false,
		[]string{"measure/baseline/internal/store", "measure/baseline/internal/protocol/frame.go",
			"measure/baseline/internal/protocol/message.go", "measure/baseline/internal/actions", "measure/baseline/internal/push"}},
	part{result.Lift, "what the baseline lacks: the HTTP API, token renewal", false, []string{"functions/http.go", "functions/renewal.go"}},
	part{result.Lift, "the framework", false, []string{"lift/*.go", "lift/auth", "lift/config", "lift/metric", "lift/trace",
		"lift/middleware", "lift/internal/jsontext", "lift/internal/redact"}},
	part{result.Lift, "domain, store, frames, actions, calls of AWS", false,
		[]string{"*.go", "request", "wire", "store/dynamo", "actions", "aws"}},
)

// handlers are the handlers and their wiring.
func handlers() []part {
	var all []part
	for _, name := range result.Functions {
		lift := []string{"cmd/" + name}
		if name != "disconnect" { // whose handler is beside that of connect
			lift = append(lift, "functions/"+name+".go")
		}
		all = append(all, part{result.Baseline, name, true, []string{"measure/baseline/cmd/" + name}}, part{result.Lift, name, true, lift})
	}
	return append(all,
		part{result.Baseline, shared, true, []string{"measure/baseline/internal/metrics", "measure/baseline/internal/protocol/error.go"}},
		part{result.Lift, shared, true, []string{"functions/doc.go", "functions/error.go", "functions/principal.go", "functions/stack.go",
			"functions/trace.go", "functions/deployed"}})
}

func measureSource(root string) ([]result.Source, error) {
	var all []result.Source
	for _, p := range parts {
		s, err := p.measure(root)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", p.side, p.name, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (p part) measure(root string) (result.Source, error) {
	s := result.Source{Side: p.side, Part: p.name, Compared: p.compared}
	files, err := p.files(root)
	if err != nil {
		return s, err
	}
	s.Files = len(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return s, err
		}
		s.Lines += codeLines(text)
		statements, err := countStatements(file, text)
		if err != nil {
			return s, err
		}
		s.Statements += statements
	}
	for _, stat := range gocyclo.Analyze(files, nil) {
		s.Functions++
		s.Complexity += stat.Complexity
		s.Highest = max(s.Highest, stat.Complexity)
	}
	return s, nil
}

func (p part) files(root string) ([]string, error) {
	var files []string
	add := func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			files = append(files, path)
		}
		return err
	}
	for _, pattern := range p.paths {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		if len(matches) == 0 {
			return nil, fmt.Errorf("there is no %s", pattern)
		}
		before := len(files)
		for _, match := range matches {
			if err := filepath.WalkDir(match, add); err != nil {
				return nil, err
			}
		}
		if len(files) == before {
			return nil, fmt.Errorf("there is no Go source in %s", pattern)
		}
	}
	return files, nil
}

// codeLines counts the lines on which there is more than a comment.
func codeLines(text []byte) int {
	files := token.NewFileSet()
	file := files.AddFile("", files.Base(), len(text))
	var s scanner.Scanner
	s.Init(file, text, nil, 0) // without comments
	lines := map[int]bool{}
	for {
		pos, tok, literal := s.Scan()
		switch {
		case tok == token.EOF:
			return len(lines)
		case tok == token.SEMICOLON && literal == "\n":
			continue // of the scanner itself
		}
		first := file.Line(pos)
		for line := first; line <= first+strings.Count(literal, "\n"); line++ {
			lines[line] = true
		}
	}
}

// countStatements counts the statements inside functions, however they share
// lines: one in the head of an if, a for or a switch counts like any other, a
// clause of a switch counts as one, and blocks and labels do not count.
func countStatements(name string, text []byte) (int, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return 0, err
	}
	count := 0
	ast.Inspect(file, func(node ast.Node) bool {
		switch node.(type) {
		case *ast.BlockStmt, *ast.LabeledStmt, *ast.EmptyStmt:
		case ast.Stmt:
			count++
		}
		return true
	})
	return count, nil
}

// measureCoverage runs each side's tests, or takes what `make test` has left of
// them since the last change.
func measureCoverage(ctx context.Context, root, folder string) ([]result.Coverage, error) {
	left := filepath.Join(root, "coverage.out")
	var all []result.Coverage
	for _, s := range []struct{ side, module string }{{result.Baseline, "measure/baseline"}, {result.Lift, "."}} {
		progress("coverage of %s", s.side)
		module := filepath.Join(root, s.module)
		c := result.Coverage{Side: s.side, How: "make cover"}
		var err error
		if s.side == result.Lift && newest(root, left) {
			if c.Percent, err = covered(ctx, module, left); err == nil {
				all = append(all, c)
				continue
			}
			progress("coverage.out is of other sources: %v", err)
		}
		if c, err = coverage(ctx, s.side, module, filepath.Join(folder, s.side+".cover")); err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

// newest reports whether a file is there and newer than all source of Go.
func newest(root, file string) bool {
	info, err := os.Stat(file)
	if err != nil {
		return false
	}
	errOlder := errors.New("older")
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := d.Info()
		if err == nil && source.ModTime().After(info.ModTime()) {
			err = errOlder
		}
		return err
	}) == nil
}

func coverage(ctx context.Context, side, module, profile string) (result.Coverage, error) {
	c := result.Coverage{Side: side, How: "go test -coverpkg=(every package but the mains) ./..."}
	list, err := output(goCommand(ctx, module, "list", "./..."))
	if err != nil {
		return c, err
	}
	var packages []string
	for _, name := range strings.Fields(list) {
		// Mains run as processes. Those of the baseline are its handlers as well.
		if isMain := strings.Contains(name, "/cmd/") && !strings.HasSuffix(name, "/cmd/cli"); !isMain || side == result.Baseline {
			packages = append(packages, name)
		}
	}
	test := goCommand(ctx, module, "test", "-count=1", "-timeout=14m", "-coverpkg="+strings.Join(packages, ","),
		"-coverprofile="+profile, "./...")
	if _, err := output(test); err != nil {
		if ctx.Err() != nil {
			return c, context.Cause(ctx)
		}
		progress("%v", err)
		c.Fault = "not every test passed"
	}
	c.Percent, err = covered(ctx, module, profile)
	return c, err
}

// covered reads the total of a profile.
func covered(ctx context.Context, module, profile string) (float64, error) {
	profile, err := filepath.Abs(profile) // the command runs in the module
	if err != nil {
		return 0, err
	}
	total, err := output(goCommand(ctx, module, "tool", "cover", "-func="+profile))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(total)
	return strconv.ParseFloat(strings.TrimSuffix(fields[len(fields)-1], "%"), 64)
}
