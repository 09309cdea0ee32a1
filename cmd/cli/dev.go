package cli

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/actions/profilecsv"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
)

const devHelp = `Starts everything in one process: the API Gateway emulator, the four functions,
an embedded database, the queue that dispatches requests and the schedule that
recovers them. Requests survive restarts: Ctrl-C stops cleanly, and running
requests continue at the next start.`

const devExample = `  streamer dev
  streamer dev --listen 127.0.0.1:9000 --data /tmp/play --files ~/data
  streamer dev --limit-tenant-running 1 --metrics metrics.jsonl`

// stopTime is how long a clean stop may take: actions have ten seconds to leave
// their checkpoint.
const stopTime = 15 * time.Second

func newDev(env *environment) *cobra.Command {
	var config stack.DevConfig
	var files, format, metrics string
	cmd := &cobra.Command{
		Use:     "dev",
		Short:   "Run everything on this machine",
		Long:    devHelp,
		Example: devExample,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			logger, err := newLogger(env, format)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			config.Parts.Logger = logger
			switch metrics {
			case "":
			case "-":
				config.Metrics = env.stdout
			default:
				file, err := os.OpenFile(metrics, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
				if err != nil {
					return &exitError{exitUsage, fmt.Errorf("cannot write metrics: %w; choose another file with --metrics", err)}
				}
				defer file.Close()
				config.Metrics = file
			}
			config.Parts.Actions = func(requests request.Lister) ([]streamer.Action, error) {
				return devActions(requests, files)
			}
			return dev(cmd.Context(), env, config)
		},
	}
	f := cmd.Flags()
	f.StringVar(&config.Listen, "listen", "127.0.0.1:8700", "address to listen on; port 0 takes a free one")
	f.StringVar(&config.Stage, "stage", "dev", "stage of the WebSocket API")
	f.StringVar(&files, "files", "", "folder whose files profile_csv may read (default: none)")
	f.StringVar(&format, "log", "", "json or text (default text on a terminal, else json)")
	complete(cmd, "log", logFormats)
	f.DurationVar(&config.SweepEvery, "sweep-every", 10*time.Second, "how often the schedule fires; a minute on AWS")
	f.DurationVar(&config.Parts.Lease, "lease", 10*time.Second,
		"how long a worker may miss its heartbeats before another worker gets its request; a minute on AWS")
	f.DurationVar(&config.Parts.Retention, "retention", streamer.DefaultRetention, "how long a request that has ended can be read")
	f.IntVar(&config.Parts.Limits.RunningPerTenant, "limit-tenant-running", 0, "how many requests of a tenant run at a time; 0 sets no limit")
	f.IntVar(&config.Parts.Limits.OpenPerPrincipal, "limit-principal-open", 0,
		"how many requests a caller may have that have not ended; 0 sets no limit")
	f.StringVar(&metrics, "metrics", "",
		"file that gets the functions' metrics, as lines in CloudWatch's embedded metric format; - is standard output")
	dataFlag(cmd, &config.Data)
	return cmd
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

func dev(ctx context.Context, env *environment, config stack.DevConfig) error {
	stack, err := stack.StartDev(ctx, config)
	if err != nil {
		return &exitError{exitFailed, err}
	}
	greet(env, stack, config)
	var fault error
	select {
	case <-ctx.Done():
		env.sayf("stopping: running actions save their checkpoints\n")
	case fault = <-stack.Done():
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := stack.Close(closing); err != nil && fault == nil {
		fault = err
	}
	if fault != nil {
		return &exitError{exitFailed, fault}
	}
	return nil
}

func greet(env *environment, stack *stack.Dev, config stack.DevConfig) {
	env.sayf(`Streamer is running; Ctrl-C stops it.
  WebSocket  %s
  HTTP       %s
  Console    %s
  Data       %s

Try it from another terminal:
  %s generate_report '{"start_date":"2026-01-01","end_date":"2026-12-31","format":"csv"}'

`, reachable(stack.WebSocketURL()), reachable(stack.HTTPURL()), reachable(stack.ConsoleURL()), config.Data,
		callCommand(reachable(stack.WebSocketURL()), config))
}

// callCommand returns a command that calls the stack from this machine, but for the
// action.
func callCommand(webSocketURL string, config stack.DevConfig) string {
	command, data := program()+" call", ""
	if webSocketURL != defaultURL {
		command += " --url " + quote(webSocketURL)
	}
	if config.Data != defaultData {
		data = " --data " + quote(config.Data)
	}
	if !isLoopback(webSocketURL) {
		return command + fmt.Sprintf(` --token "$(%s token%s)"`, program(), data)
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

// program is how this program was started, as far as a person would type it.
func program() string {
	if strings.Contains(os.Args[0], "go-build") {
		return "go run ./cmd/streamer"
	}
	return os.Args[0]
}
