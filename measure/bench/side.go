package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/emulator/template"
	"github.com/pay-theory/streamer/internal/lambdazip"
	"github.com/pay-theory/streamer/lift/gobuild"
	"github.com/pay-theory/streamer/measure/bench/function"
	"github.com/pay-theory/streamer/measure/bench/result"
	"github.com/pay-theory/streamer/measure/bench/services"
)

// A side is one of those that are measured: where its commands are, below the
// repository's root, and what they are called.
type side struct {
	name     string
	module   string
	flags    []string          // of its builds
	commands map[string]string // function to package
}

var sides = []side{
	{result.Baseline, "measure/baseline", commonFlags, commands},
	{result.Lift, ".", gobuild.Flags(), commands},
	{result.Floor, "measure/bench", commonFlags, map[string]string{"floor": "./floor"}},
}

// commonFlags are those of the functions without Lift and of the bare one: no symbols, no
// paths, and the tag that AWS's page on Go names.
var commonFlags = []string{"-trimpath", "-ldflags=" + gobuild.LinkerFlags, "-tags=lambda.norpc"}

var commands = map[string]string{
	"connect": "./cmd/connect", "disconnect": "./cmd/disconnect", "router": "./cmd/router", "processor": "./cmd/processor",
}

// functions are a side's, in the order in which they are shown.
func (s side) functions() []string {
	if s.name == result.Floor {
		return []string{"floor"}
	}
	return result.Functions
}

// goCommand is the go command as functions are built with it.
func goCommand(ctx context.Context, folder string, args ...string) *exec.Cmd {
	cmd := command(ctx, folder, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	return cmd
}

// goBuild is go build with a side's flags and others behind them.
func (s side) goBuild(ctx context.Context, root string, args ...string) *exec.Cmd {
	return goCommand(ctx, filepath.Join(root, s.module), slices.Concat([]string{"build"}, s.flags, args)...)
}

func command(ctx context.Context, folder, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = folder
	return cmd
}

func output(cmd *exec.Cmd) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, stdout.String(), stderr.String())
	}
	return stdout.String(), nil
}

const (
	initTrace    = "GODEBUG=inittrace=1"
	reflectsMark = "<ReflectMethod>"
)

// binaries are the paths of the functions, by side and function.
type binaries map[string]map[string]string

// build builds every function of all sides and looks at what came out.
func build(ctx context.Context, root, folder string) (binaries, []result.Binary, error) {
	built := binaries{}
	var all []result.Binary
	for _, s := range sides {
		some, paths, err := s.buildAll(ctx, root, folder)
		if err != nil {
			return nil, nil, err
		}
		built[s.name], all = paths, append(all, some...)
	}
	return built, all, nil
}

func (s side) buildAll(ctx context.Context, root, folder string) ([]result.Binary, map[string]string, error) {
	var all []result.Binary
	paths := map[string]string{}
	for _, name := range s.functions() {
		progress("build %s %s", s.name, name)
		b, path, err := s.build(ctx, root, folder, name)
		if err != nil {
			return nil, nil, err
		}
		all, paths[name] = append(all, b), path
	}
	return all, paths, nil
}

func (s side) build(ctx context.Context, root, folder, name string) (result.Binary, string, error) {
	b := result.Binary{Side: s.name, Function: name}
	path := filepath.Join(folder, s.name+"-"+name)
	if _, err := output(s.goBuild(ctx, root, "-o", path, s.commands[name])); err != nil {
		return b, "", err
	}
	var err error
	if b.Bytes, b.Zip, err = sizes(path); err != nil {
		return b, "", err
	}
	list := slices.Concat([]string{"list", "-deps"}, s.flags, []string{s.commands[name]})
	deps, err := output(goCommand(ctx, filepath.Join(root, s.module), list...))
	if err != nil {
		return b, "", err
	}
	b.Packages = len(strings.Fields(deps))
	dump := s.goBuild(ctx, root, "-ldflags="+gobuild.LinkerFlags+" -dumpdep", "-o", path+".dump", s.commands[name])
	linked, err := dump.CombinedOutput() // the linker dumps to stderr
	if err != nil || !bytes.Contains(linked, []byte("main.main")) {
		return b, "", fmt.Errorf("the linker dumps nothing of %s %s: %v", s.name, name, err) //nolint:errorlint // it may be nil
	}
	b.ReflectMethod = bytes.Count(linked, []byte(reflectsMark))
	if err := os.Remove(path + ".dump"); err != nil {
		return b, "", err
	}
	b.InitAllocs, b.InitClock, err = traceInit(ctx, name, path)
	return b, path, err
}

// sizes are those of the binary and of its zip, as `streamer dist` makes it.
func sizes(path string) (binary, zipped int64, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, err
	}
	zipped, err = lambdazip.Pack(path+".zip", path)
	return info.Size(), zipped, err
}

var initLine = regexp.MustCompile(`(?m)^init \S+ @\S+ ms, (\S+) ms clock, \d+ bytes, (\d+) allocs$`)

// initStarts is how often a function is started for its figures of init. Go's runtime
// counts what its own goroutines allocate meanwhile to the package whose init runs, some
// ten allocations now and then, so the least of the starts is what repeats.
const initStarts = 5

// traceInit starts a function several times and returns the least that its packages
// allocate, and the least time that they take, before main.
func traceInit(ctx context.Context, name, path string) (allocs int, clock time.Duration, err error) {
	for start := range initStarts {
		p, err := function.Start(function.Config{Name: name, Path: path, Env: append(unreachable(), initTrace)})
		if err != nil {
			return 0, 0, err
		}
		_, err = p.Ready(ctx)
		p.Stop()
		if err != nil {
			return 0, 0, err
		}
		n, took, err := sumInit(p.Output())
		if err != nil {
			return 0, 0, fmt.Errorf("%s: %w", name, err)
		}
		if start == 0 {
			allocs, clock = n, took
		}
		allocs, clock = min(allocs, n), min(clock, took)
	}
	return allocs, clock, nil
}

// sumInit adds up the lines of GODEBUG=inittrace=1.
func sumInit(output string) (allocs int, clock time.Duration, err error) {
	lines := initLine.FindAllStringSubmatch(output, -1)
	if len(lines) == 0 {
		return 0, 0, errors.New("it prints no trace of its init")
	}
	for _, line := range lines {
		ms, clockErr := strconv.ParseFloat(line[1], 64)
		n, err := strconv.Atoi(line[2])
		if clockErr != nil || err != nil {
			return 0, 0, fmt.Errorf("it prints of its init: %s", line[0])
		}
		allocs += n
		clock += time.Duration(ms * float64(time.Millisecond))
	}
	return allocs, clock, nil
}

// runtimeSettings are the variables for the Go runtime that deploy/template.yaml
// gives each function.
func runtimeSettings(root string) (map[string][]string, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "template.yaml"))
	if err != nil {
		return nil, err
	}
	parsed, err := template.Parse(text)
	if err != nil {
		return nil, err
	}
	const some = "some"
	stack, err := parsed.Stack(template.Config{Region: some, AccountID: some, StackName: some,
		Parameters: map[string]string{"CodeBucket": some, "CodePrefix": some, "JwksUrl": "https://some", "JwtIssuer": some, "JwtAudience": some},
		Value:      func(r template.Resource, _ string) (any, error) { return r.Name, nil }})
	if err != nil {
		return nil, err
	}
	settings := map[string][]string{}
	for name, r := range stack.OfType("AWS::Lambda::Function") {
		function := strings.ToLower(strings.TrimSuffix(name, "Function"))
		environment, _ := r.Properties["Environment"].(map[string]any)
		variables, _ := environment["Variables"].(map[string]any)
		for variable, value := range variables {
			if strings.HasPrefix(variable, "GO") {
				settings[function] = append(settings[function], fmt.Sprintf("%s=%v", variable, value))
			}
		}
	}
	return settings, nil
}

// unreachable is an environment with which every function starts and reaches no
// service.
func unreachable() []string {
	const nowhere = "http://127.0.0.1:9"
	return append([]string{
		"AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:9",
		"AWS_ENDPOINT_URL_DYNAMODB=" + nowhere, "AWS_ENDPOINT_URL_CLOUDWATCH=" + nowhere, "AWS_ENDPOINT_URL_SQS=" + nowhere,
		"STREAMER_QUEUE_URL=" + nowhere + "/123456789012/streamer-dispatch",
		"STREAMER_CALLBACK_URL=" + nowhere + "/bench",
		"STREAMER_CONNECTIONS_TABLE=" + services.Connections, "STREAMER_REQUESTS_TABLE=" + services.Requests,
	}, issuer.env()...)
}
