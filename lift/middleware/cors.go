package middleware

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pay-theory/streamer/lift"
)

// CORSConfig says which pages of other origins may call, and what they may do.
type CORSConfig struct {
	// Origins are those allowed, as in "https://app.example.com". "*" alone
	// allows every origin, without credentials. Required.
	Origins []string

	Methods []string // default: GET, HEAD, POST, PUT, PATCH, DELETE

	// Headers are those that pages may send. Default: Authorization,
	// Content-Type, Idempotency-Key, X-Correlation-Id.
	Headers []string

	// Expose are the headers that pages may read, besides those that they always
	// may. Default: Idempotency-Replayed, Retry-After, X-Correlation-Id.
	Expose []string

	// Credentials lets pages send cookies and HTTP authentication.
	Credentials bool

	// MaxAge is how long a browser may remember an answer to a preflight.
	// Default: 10 minutes.
	MaxAge time.Duration
}

// CORS answers preflight requests, and tells browsers which pages may read the
// answers: https://fetch.spec.whatwg.org/#http-cors-protocol. A request of
// another origin is handled all the same, as its answer may be for someone
// else than a page; the browser keeps it from the page.
//
// It applies to HTTP, and belongs into [lift.App.Use]: preflights have no route
// of their own. It panics for a CORSConfig that has a setting which no browser
// would ever act on.
func CORS(cfg CORSConfig) lift.Middleware {
	if err := cfg.check(); err != nil {
		panic("lift/middleware: CORS: " + err.Error())
	}
	c := newCORS(cfg)
	return lift.Only("middleware.CORS", func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			origin := e.Header("Origin")
			allowed := c.everyOrigin || origin != "" && slices.Contains(c.origins, origin)
			if e.HTTP.Method == http.MethodOptions && origin != "" && e.Header("Access-Control-Request-Method") != "" {
				return c.preflight(origin, allowed), nil
			}
			res, err := next.Handle(ctx, e)
			if !c.everyOrigin {
				res = addVary(res, "Origin")
			}
			if origin == "" || !allowed {
				return res, err
			}
			res = c.allow(res, origin)
			if c.expose != "" {
				res.SetHeader("Access-Control-Expose-Headers", c.expose)
			}
			return res, err
		})
	}, lift.TriggerHTTP)
}

func (cfg *CORSConfig) check() error {
	if len(cfg.Origins) == 0 {
		return fmt.Errorf("no Origins")
	}
	if cfg.MaxAge < 0 {
		return fmt.Errorf("a MaxAge of %s", cfg.MaxAge)
	}
	if cfg.MaxAge > 0 && cfg.MaxAge < time.Second {
		return fmt.Errorf("a MaxAge of %s, which is 0 in whole seconds", cfg.MaxAge)
	}
	if err := cfg.checkNames(); err != nil {
		return err
	}
	for _, origin := range cfg.Origins {
		if origin == "*" {
			if len(cfg.Origins) > 1 {
				return fmt.Errorf(`there are "*" and other Origins`)
			}
			if cfg.Credentials {
				return fmt.Errorf(`credentials cannot be allowed to the origin "*"`)
			}
			continue
		}
		if u, err := url.Parse(origin); err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
			return fmt.Errorf("%q is not a valid origin: wanted scheme and host such as https://app.example.com", origin)
		}
		if sent := asSent(origin); origin != sent {
			return fmt.Errorf("%q is an origin that no browser sends: it sends %q", origin, sent)
		}
		if strings.Contains(origin, "*") {
			return fmt.Errorf("%q has a star, and origins are compared as a whole: list each, or \"*\" alone for all", origin)
		}
	}
	return nil
}

type cors struct {
	origins                  []string
	everyOrigin, credentials bool
	methods, headers, expose string
	maxAge                   string
}

func newCORS(cfg CORSConfig) *cors {
	if cfg.Methods == nil {
		cfg.Methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}
	}
	if cfg.Headers == nil {
		cfg.Headers = []string{"Authorization", "Content-Type", IdempotencyHeader, CorrelationHeader}
	}
	if cfg.Expose == nil {
		cfg.Expose = []string{ReplayedHeader, "Retry-After", CorrelationHeader}
	}
	if cfg.MaxAge == 0 {
		cfg.MaxAge = 10 * time.Minute
	}
	return &cors{
		origins: slices.Clone(cfg.Origins), everyOrigin: cfg.Origins[0] == "*", credentials: cfg.Credentials,
		methods: strings.Join(cfg.Methods, ", "), headers: strings.Join(cfg.Headers, ", "), expose: strings.Join(cfg.Expose, ", "),
		maxAge: strconv.Itoa(int(cfg.MaxAge / time.Second)),
	}
}

func (c *cors) allow(res *lift.Response, origin string) *lift.Response {
	if c.everyOrigin {
		origin = "*"
	}
	res = res.SetHeader("Access-Control-Allow-Origin", origin)
	if c.credentials {
		res.SetHeader("Access-Control-Allow-Credentials", "true")
	}
	return res
}

func (c *cors) preflight(origin string, allowed bool) *lift.Response {
	res := (&lift.Response{Status: http.StatusNoContent}).
		SetHeader("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
	if !allowed {
		return res
	}
	return c.allow(res, origin).
		SetHeader("Access-Control-Allow-Methods", c.methods).
		SetHeader("Access-Control-Allow-Headers", c.headers).
		SetHeader("Access-Control-Max-Age", c.maxAge)
}

// addVary adds a header's name to Vary.
func addVary(res *lift.Response, name string) *lift.Response {
	vary := ""
	if res != nil {
		vary = strings.Join(res.Header.Values("Vary"), ", ")
	}
	if vary == "" {
		return res.SetHeader("Vary", name)
	}
	for field := range strings.SplitSeq(vary, ",") {
		field = strings.TrimSpace(field)
		if field == "*" || strings.EqualFold(field, name) {
			return res
		}
	}
	return res.SetHeader("Vary", vary+", "+name)
}
