package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/actions/profilecsv"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

const devHelp = `Starts everything in one process: the API Gateway emulator, the four functions,
an embedded database, the queue that dispatches requests and the schedule that
recovers them. Requests survive restarts: Ctrl-C stops cleanly, and running
requests continue at the next start.

It runs the example actions, or with --project the program of a folder: one whose
main calls cli.Dev, as streamer new writes it.`

const devExample = `  streamer dev
  streamer dev --listen 127.0.0.1:9000 --data /tmp/play --files ~/data
  streamer dev --limit-tenant-running 1 --metrics metrics.jsonl
  streamer dev --project shop --listen 127.0.0.1:9000`

const projectHelp = `Runs this project's actions on this machine, all in one process: the API Gateway
emulator, the four functions, an embedded database, the queue that dispatches
requests and the schedule that recovers them. Requests survive restarts: Ctrl-C
stops cleanly, and running requests continue at the next start.

Flags win over what the project's parts set.`

const projectExample = `  go run .
  go run . --listen 127.0.0.1:9000 --data /tmp/play
  go run . --limit-tenant-running 1 --metrics metrics.jsonl`

// stopTime is how long a clean stop may take: actions have ten seconds to leave
// their checkpoint.
const stopTime = 15 * time.Second

// A devCommand is `streamer dev`, or the main of a project, which is the same with the
// project's parts.
type devCommand struct {
	env             *environment
	config          stack.DevConfig
	format, metrics string
	files, project  string   // of `streamer dev` alone
	actions         []string // their names, once they are made
}

func newDev(env *environment) *cobra.Command {
	d := &devCommand{env: env}
	d.config.Parts.Actions = func(requests request.Lister) ([]streamer.Action, error) { return devActions(requests, d.files) }
	cmd := &cobra.Command{
		Use:     "dev",
		Short:   "Run everything on this machine",
		Long:    devHelp,
		Example: devExample,
		Args:    takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case d.project != "" && d.files != "":
				return &exitError{exitUsage, errors.New("--files is for the example action profile_csv, which a project does not have: " +
					"leave out --files or --project")}
			case d.project != "":
				return ended(cmd.Context(), runProject(cmd, env, d.project))
			}
			return d.run(cmd.Context())
		},
	}
	d.register(cmd)
	cmd.Flags().StringVar(&d.files, "files", "", "folder whose files profile_csv may read (default: none)")
	cmd.Flags().StringVar(&d.project, "project", "", "folder of a project to run in place of the example actions, with the other flags")
	return cmd
}

// newProjectDev is the command that a project's main is.
func newProjectDev(env *environment, parts functions.Parts) *cobra.Command {
	d := &devCommand{env: env, project: "."}
	d.config.Parts = parts
	cmd := &cobra.Command{
		Use:           "project",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: "go run ."},
		Short:         "Run this project on this machine",
		Long:          projectHelp,
		Example:       projectExample,
		Args:          takes(0, 0),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE:          func(cmd *cobra.Command, _ []string) error { return d.run(cmd.Context()) },
	}
	d.register(cmd)
	cmd.AddCommand(newProjectTypes(env, parts))
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetHelpCommand(&cobra.Command{Hidden: true})
	return cmd
}

// register adds the flags that both have. The parts' own settings are the defaults.
func (d *devCommand) register(cmd *cobra.Command) {
	f, c, p := cmd.Flags(), &d.config, &d.config.Parts
	f.StringVar(&c.Listen, "listen", "127.0.0.1:8700", "address to listen on; port 0 takes a free one")
	f.StringVar(&c.Stage, "stage", "dev", "stage of the WebSocket API")
	f.StringVar(&d.format, "log", "", "json or text (default text on a terminal, else json)")
	complete(cmd, "log", logFormats)
	spanFlag(f, &c.SweepEvery, "sweep-every", 10*time.Second, "how often the schedule fires; a minute on AWS")
	spanFlag(f, &p.Lease, "lease", cmp.Or(p.Lease, 10*time.Second),
		"how long a worker may miss its heartbeats before another worker gets its request; a minute on AWS")
	spanFlag(f, &p.Retention, "retention", cmp.Or(p.Retention, streamer.DefaultRetention), "how long a request that has ended can be read")
	limitFlag(f, &p.Limits.RunningPerTenant, "limit-tenant-running",
		"how many requests of a tenant run at a time; 0 sets no limit")
	limitFlag(f, &p.Limits.OpenPerPrincipal, "limit-principal-open",
		"how many requests a caller may have that have not ended; 0 sets no limit")
	f.StringVar(&d.metrics, "metrics", "",
		"file that gets the functions' metrics, as lines in CloudWatch's embedded metric format; - is standard output")
	dataFlag(cmd.Flags(), &c.Data)
}

// stageName is what the gateway takes for a stage.
var stageName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// check checks the flags that only the stack would refuse, as a fault of its own.
func (d *devCommand) check() error {
	if _, err := net.ResolveTCPAddr("tcp", d.config.Listen); err != nil {
		return fmt.Errorf("--listen %q is not an address: %w; write one such as 127.0.0.1:8700, or port 0 for a free one", d.config.Listen, err)
	}
	if !stageName.MatchString(d.config.Stage) {
		return fmt.Errorf("--stage %q is not a valid name of a stage: take letters, digits, _ and -, at most 128", d.config.Stage)
	}
	if d.files == "" {
		return nil
	}
	root, err := os.OpenRoot(d.files)
	if err != nil {
		return fmt.Errorf("--files %q is not a folder to read: %w", d.files, err)
	}
	return root.Close()
}

// run runs the stack until it is stopped.
func (d *devCommand) run(ctx context.Context) error {
	c := d.config
	if err := d.check(); err != nil {
		return &exitError{exitUsage, err}
	}
	if c.Parts.Logger == nil || d.format != "" {
		logger, err := newLogger(d.env, d.format)
		if err != nil {
			return &exitError{exitUsage, err}
		}
		c.Parts.Logger = logger
	}
	switch d.metrics {
	case "":
	case "-":
		c.Metrics = d.env.stdout
	default:
		file, err := os.OpenFile(d.metrics, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return &exitError{exitUsage, fmt.Errorf("cannot write metrics: %w; choose another file with --metrics", err)}
		}
		defer file.Close()
		c.Metrics = file
	}
	if makeActions := c.Parts.Actions; makeActions != nil {
		c.Parts.Actions = func(requests request.Lister) ([]streamer.Action, error) {
			all, err := makeActions(requests)
			for _, action := range all {
				d.actions = append(d.actions, action.Name())
			}
			return all, err
		}
	}
	running, err := stack.StartDev(ctx, c)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	d.greet(running)
	return untilStopped(ctx, d.env, running)
}

// devActions returns the functions' actions and profile_csv, which only this
// program offers.
func devActions(requests request.Lister, files string) ([]streamer.Action, error) {
	all, err := actions.All(requests)
	if err != nil {
		return nil, err
	}
	profile, err := profilecsv.New(files)
	if err != nil {
		return nil, err
	}
	return append(all, profile), nil
}

// untilStopped closes the stack when ctx ends.
func untilStopped(ctx context.Context, env *environment, running *stack.Dev) error {
	var fault error
	select {
	case <-ctx.Done():
		env.sayf("stopping: running actions save their checkpoints\n")
	case fault = <-running.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := running.Close(closing); err != nil && fault == nil {
		fault = err
	}
	if fault != nil {
		return &exitError{exitFailed, fault}
	}
	return nil
}

// greet says where the stack is, and what to type next.
func (d *devCommand) greet(running *stack.Dev) {
	d.env.sayf(`Streamer is running; Ctrl-C stops it.
  WebSocket  %s
  HTTP       %s
  Console    %s
  Data       %s

`, reachable(running.WebSocketURL()), reachable(running.HTTPURL()), reachable(running.ConsoleURL()), d.config.Data)
	url := reachable(running.WebSocketURL())
	if d.project == "" {
		d.env.sayf(`Try it from another terminal:
  %s generate_report '{"start_date":"2026-01-01","end_date":"2026-12-31","format":"csv"}'

`, callCommand(program(), url, d.config))
		return
	}
	folder, err := os.Getwd()
	if err != nil {
		folder = "the project's folder"
	}
	d.env.sayf("Try it from another terminal, in %s; a payload is JSON behind the action's name:\n", folder)
	for _, action := range d.actions {
		d.env.sayf("  %s %s\n", callCommand(toolCommand, url, d.config), quote(action))
	}
	d.env.sayf("\n")
}

// callCommand returns a command of a program that calls the stack from this machine,
// but for the action.
func callCommand(program, webSocketURL string, config stack.DevConfig) string {
	command, data := program+" call", ""
	if webSocketURL != defaultURL {
		command += " --url " + quote(webSocketURL)
	}
	if config.Data != defaultData {
		data = " --data " + quote(config.Data)
	}
	if !isLoopback(webSocketURL) {
		return command + fmt.Sprintf(` --token "$(%s token%s)"`, program, data)
	}
	return command + data
}

// reachable replaces the address of all interfaces, which is not one to connect to, in
// a URL of this machine.
func reachable(rawURL string) string {
	u, err := url.Parse(rawURL)
	if err != nil {
		return rawURL
	}
	switch u.Hostname() {
	case "0.0.0.0":
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	case "::":
		u.Host = net.JoinHostPort("localhost", u.Port())
	}
	return u.String()
}

// toolCommand is the program in a project whose go.mod has it as a tool.
const toolCommand = "go tool streamer"

// program is how this program was started, as far as a person would type it.
func program() string {
	folder := filepath.Base(filepath.Dir(os.Args[0]))
	if !strings.Contains(os.Args[0], "go-build") && !strings.HasSuffix(folder, "-d") {
		return os.Args[0]
	}
	// It is in the go command's cache, where `go run` and `go tool` put it.
	if _, err := os.Stat(filepath.Join("cmd", "streamer")); err == nil {
		return "go run ./cmd/streamer"
	}
	return toolCommand
}
