package stack

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/emulator/lambda"
)

// A StagingConfig is what the machine decides; what runs is the template's.
// Source and Cache are required.
type StagingConfig struct {
	Source string // folder of a project: each function's main is in the folder of its name below cmd
	Cache  string // folder where the database server is kept once npm has fetched it; made if need be
	Listen string // address; "": a free port on 127.0.0.1

	Name       string            // of the stack; "": streamer
	Template   string            // file; "": TemplateFile of Source
	Parameters map[string]string // of the template

	// ParameterStore are parameters of AWS Systems Manager by their names, such as
	// /shop/prod/API_KEY, as the template's EnvironmentPath reads them.
	ParameterStore map[string]string

	SweepEvery  time.Duration // how often schedules fire; 0: as the template says
	RetryWait   time.Duration // before a failed asynchronous invocation is tried again; 0: a minute, as on AWS
	Concurrency int           // how many processes each function may have, or fewer if so many are reserved for it; 0: 50. At least 7

	Env    []string     // variables of every function beside the template's, as NAME=value
	Output io.Writer    // what the functions print, line by line; nil: nothing is kept
	Logger *slog.Logger // nil: slog.Default

	// OnCall is called for each network call that a function makes, as it
	// arrives, OnReport at the end of each invocation. Both are called from many
	// goroutines. Functions go by their names without that of the stack.
	OnCall   func(Call)
	OnReport func(lambda.Report)

	// Between, if set, stands between the functions and a service: dynamodb, sqs, ssm
	// or execute-api, which is the gateway with all its APIs.
	Between func(service string, next http.Handler) http.Handler
}

// watched is a service as the functions reach it.
func (c StagingConfig) watched(service string, next http.Handler) http.Handler {
	if c.Between != nil {
		next = c.Between(service, next)
	}
	return observe(c.OnCall, service, next)
}

func (c StagingConfig) withDefaults() (StagingConfig, error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Name == "" {
		c.Name = "streamer"
	}
	if c.Template == "" {
		c.Template = TemplateFile(c.Source)
	}
	if c.Concurrency == 0 {
		c.Concurrency = 50
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case c.Source == "":
		return c, errors.New("stack: StagingConfig.Source is empty")
	case c.Cache == "":
		return c, errors.New("stack: StagingConfig.Cache is empty")
	case c.Concurrency > 0 && c.Concurrency < LeastConcurrency:
		return c, fmt.Errorf("stack: StagingConfig.Concurrency of %d leaves a queue no room beside the sweep: use %d or more",
			c.Concurrency, LeastConcurrency)
	case c.SweepEvery < 0 || c.RetryWait < 0 || c.Concurrency < 0:
		return c, errors.New("stack: a negative setting")
	}
	return c, nil
}
