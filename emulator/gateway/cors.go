package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS is an HTTP API's CORS configuration. It answers every preflight request
// by itself and replaces the CORS headers of the function:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
type CORS struct {
	AllowOrigins     []string // as in https://example.com, http://* or *
	AllowMethods     []string // * for all
	AllowHeaders     []string // * for all
	ExposeHeaders    []string
	AllowCredentials bool
	MaxAge           time.Duration // how long a browser may remember a preflight
}

// handle sets the response's CORS headers, and answers a preflight request,
// which it reports.
func (c *CORS) handle(w http.ResponseWriter, r *http.Request) bool {
	if c == nil {
		return false
	}
	origin := r.Header.Get("Origin")
	preflight := r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != ""
	h := w.Header()
	if allowed := c.allowed(origin); allowed != "" {
		h.Set("Access-Control-Allow-Origin", allowed)
		if allowed != "*" {
			h.Set("Vary", "Origin")
		}
		if c.AllowCredentials {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		list := func(name string, values []string) {
			if len(values) > 0 {
				h.Set(name, strings.Join(values, ","))
			}
		}
		if preflight {
			list("Access-Control-Allow-Methods", c.AllowMethods)
			list("Access-Control-Allow-Headers", c.AllowHeaders)
			if c.MaxAge > 0 {
				h.Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge.Seconds())))
			}
		} else {
			list("Access-Control-Expose-Headers", c.ExposeHeaders)
		}
	}
	if preflight {
		w.WriteHeader(http.StatusNoContent)
	}
	return preflight
}

// allowed returns what Access-Control-Allow-Origin says to an origin, "" for
// one that is not allowed.
func (c *CORS) allowed(origin string) string {
	switch {
	case origin == "":
		return ""
	case slices.Contains(c.AllowOrigins, "*"):
		return "*"
	}
	for _, pattern := range c.AllowOrigins {
		scheme, wildcard := strings.CutSuffix(pattern, "*")
		if origin == pattern || wildcard && strings.HasPrefix(origin, scheme) {
			return origin
		}
	}
	return ""
}

// owns reports whether a response header is the configuration's, not the
// function's.
func (c *CORS) owns(name string) bool {
	return c != nil && strings.HasPrefix(name, "Access-Control-")
}
