package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pay-theory/streamer/emulator/iam"
)

// A Function is a Lambda function as the gateway sees it. An error means that
// it failed: it crashed, ran out of its own time, or returned an error. The
// context ends only when [Gateway.Close] stops waiting, since a function on
// Lambda runs on after the gateway has given up on it. Invoke is called from
// many goroutines at once.
type Function interface {
	Invoke(ctx context.Context, event []byte) (response []byte, err error)
}

// The route keys that API Gateway gives a meaning.
const (
	RouteConnect    = "$connect"
	RouteDisconnect = "$disconnect"
	RouteDefault    = "$default"
)

// A Route is what a route key leads to.
type Route struct {
	Function Function

	// RouteResponse sends the body of the function's response back to the
	// client: as a frame, or for $connect as the body of a refusal. Without it
	// a function answers through the @connections API only.
	RouteResponse bool
}

// Config sets up a [Gateway]. The zero Config is a WebSocket API without routes.
type Config struct {
	// Stage is the WebSocket API's path. Default: dev.
	Stage string

	// Routes are the functions behind $connect, $disconnect, $default, and
	// behind the route keys that Selection yields. All are optional: without
	// $connect every client is let in.
	Routes map[string]Route

	// Selection is the expression that finds a message's route key: a path
	// into its JSON. Default: $request.body.action.
	Selection string

	// Authorizer, if set, decides on every connection before $connect runs.
	Authorizer *Authorizer

	// HTTP gets every request to the HTTP API. Without it they answer 404.
	HTTP Function

	// CORS, if set, answers browsers' preflight requests to the HTTP API and
	// replaces what the function says about CORS.
	CORS *CORS

	// Limits are AWS's quotas.
	Limits Limits

	// Serial runs the messages of one connection one after another. AWS does
	// not say that it waits; by default they run at the same time.
	Serial bool

	// PingsKeepAlive makes a client's pings and pongs count as activity for
	// Limits.Idle. AWS does not document whether they do.
	PingsKeepAlive bool

	// Callers, if set, refuses calls of the @connections API that none of them has
	// signed, for execute-api, as API Gateway does: with 403.
	Callers *iam.Callers

	// DomainName is the API's in events. Default: what the client says in Host,
	// so that a function finds the @connections API at DomainName and stage.
	DomainName string

	APIID     string // default: emulated00
	AccountID string // default: 123456789012
	Region    string // default: us-east-1

	Clock Clock // default: the real one

	// Logger gets one line for every connect, message, disconnect, callback
	// and HTTP request, without queries, headers or payloads. Default: none.
	Logger *slog.Logger
}

// Unlimited switches off the limit that is set to it.
const Unlimited = -1

const unlimitedInt = math.MaxInt / 2 // room to add one

// Limits are the quotas of the WebSocket and HTTP APIs; zero means AWS's value:
//
//   - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
//   - https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
type Limits struct {
	Frame       int           // bytes of a frame, in either direction: 32 KB
	Message     int           // bytes of a message, in either direction: 128 KB
	Connection  time.Duration // how long a connection lasts: 2 h
	Idle        time.Duration // how long it may carry no message: 10 min
	Integration time.Duration // how long the WebSocket API waits for a function: 29 s
	HTTP        time.Duration // how long the HTTP API waits for a function: 30 s
	HTTPPayload int           // bytes of a request to the HTTP API: 10 MB
	Authorizer  int           // bytes of an authorizer's result: 8 KB

	ConnectRate  int // new connections a second, and at once: 500
	RequestRate  int // requests, messages and callbacks a second: 10,000
	RequestBurst int // and at once: 5,000

	// InFlight is how many bytes of messages and HTTP bodies are handled at the same
	// time: 16 MiB. What exceeds it is refused as above the RequestRate: an error frame,
	// or 429 with Retry-After. AWS has no such quota, since it has more than one
	// machine. Each byte is several of this one's memory by the time that an action has
	// it, and all that is in flight takes turns on its processors.
	InFlight int

	// SendBuffer is how many bytes may wait for a client that reads slowly
	// before callbacks to it are refused with 429: 1 MiB. AWS has such a
	// buffer and does not say how large it is.
	SendBuffer int

	// Closing is how long a client has to take the close frame and to answer it
	// before its socket is cut: 5 s of real time, whatever the Clock says. AWS
	// does not document it.
	Closing time.Duration
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Frame:        limit(l.Frame, 32<<10, unlimitedInt),
		Message:      limit(l.Message, 128<<10, unlimitedInt),
		Connection:   limit(l.Connection, 2*time.Hour, math.MaxInt64),
		Idle:         limit(l.Idle, 10*time.Minute, math.MaxInt64),
		Integration:  limit(l.Integration, 29*time.Second, math.MaxInt64),
		HTTP:         limit(l.HTTP, 30*time.Second, math.MaxInt64),
		HTTPPayload:  limit(l.HTTPPayload, 10<<20, unlimitedInt),
		Authorizer:   limit(l.Authorizer, 8<<10, unlimitedInt),
		ConnectRate:  limit(l.ConnectRate, 500, unlimitedInt),
		RequestRate:  limit(l.RequestRate, 10_000, unlimitedInt),
		RequestBurst: limit(l.RequestBurst, 5_000, unlimitedInt),
		InFlight:     limit(l.InFlight, 16<<20, unlimitedInt),
		SendBuffer:   limit(l.SendBuffer, 1<<20, unlimitedInt),
		Closing:      limit(l.Closing, 5*time.Second, math.MaxInt64),
	}
}

func limit[T int | time.Duration](v, byDefault, unlimited T) T {
	switch {
	case v == 0:
		return byDefault
	case v < 0:
		return unlimited
	}
	return v
}

var stageName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// withDefaults returns the Config completed, or everything that is wrong with it.
func (cfg Config) withDefaults() (Config, error) {
	cfg.Stage = cmp.Or(cfg.Stage, "dev")
	cfg.Selection = cmp.Or(cfg.Selection, "$request.body.action")
	cfg.APIID = cmp.Or(cfg.APIID, "emulated00")
	cfg.AccountID = cmp.Or(cfg.AccountID, "123456789012")
	cfg.Region = cmp.Or(cfg.Region, "us-east-1")
	cfg.Limits = cfg.Limits.withDefaults()
	if cfg.Clock == nil {
		cfg.Clock = realClock{}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}

	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("gateway: "+format, args...)) }
	if !stageName.MatchString(cfg.Stage) {
		fault("Config.Stage %q is not a valid stage name: letters, digits, _ and -, at most 128", cfg.Stage)
	}
	for key, route := range cfg.Routes {
		known := slices.Contains([]string{RouteConnect, RouteDisconnect, RouteDefault}, key)
		if key == "" || strings.HasPrefix(key, "$") && !known {
			fault("Config.Routes has %q, which is not a valid route key: "+
				"a text that does not begin with $, or $connect, $disconnect or $default", key)
		}
		if route.Function == nil {
			fault("Config.Routes[%q] has no function", key)
		}
	}
	if cfg.Authorizer != nil {
		if cfg.Authorizer.Function == nil {
			fault("Config.Authorizer has no function")
		}
		for _, source := range cfg.Authorizer.IdentitySources {
			if _, _, ok := parseIdentitySource(source); !ok {
				fault("Config.Authorizer names the identity source %q; known are route.request.header.NAME and route.request.querystring.NAME", source)
			}
		}
	}
	if cfg.CORS != nil && cfg.CORS.AllowCredentials && slices.Contains(cfg.CORS.AllowOrigins, "*") {
		fault("Config.CORS allows credentials to the origin *, which browsers refuse")
	}
	return cfg, errors.Join(faults...)
}
