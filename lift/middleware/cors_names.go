package middleware

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// asSent spells an origin as browsers do: in lower case, and without the port
// that its scheme has by default.
// https://url.spec.whatwg.org/#concept-url-port
func asSent(origin string) string {
	origin = strings.ToLower(origin)
	for scheme, port := range map[string]string{"https://": ":443", "http://": ":80"} {
		if strings.HasPrefix(origin, scheme) {
			origin = strings.TrimSuffix(origin, port)
		}
	}
	return origin
}

// checkNames refuses the names of methods and headers that browsers pass over.
func (cfg *CORSConfig) checkNames() error {
	for field, names := range map[string][]string{"Methods": cfg.Methods, "Headers": cfg.Headers, "Expose": cfg.Expose} {
		for _, name := range names {
			switch {
			case !isToken(name):
				return fmt.Errorf("%q of %s is not a valid name: wanted one name for each value", name, field)
			case name == "*" && cfg.Credentials:
				return fmt.Errorf(`"*" of %s is a plain name to a browser that sends credentials: list the names`, field)
			}
		}
	}
	for _, method := range cfg.Methods {
		switch upper := strings.ToUpper(method); upper {
		case http.MethodConnect, http.MethodTrace, "TRACK":
			return fmt.Errorf("the method %s, which browsers let no page use", method)
		default:
			if method != upper {
				return fmt.Errorf("the method %q: methods are compared in their case: wanted %s", method, upper)
			}
		}
	}
	for _, name := range cfg.Headers {
		if isForbidden(strings.ToLower(name)) {
			return fmt.Errorf("the header %s, which browsers let no page set", name)
		}
	}
	for _, name := range cfg.Expose {
		if strings.EqualFold(name, "Set-Cookie") || strings.EqualFold(name, "Set-Cookie2") {
			return fmt.Errorf("the header %s, which browsers show no page", name)
		}
	}
	return nil
}

// isForbidden reports whether a page cannot set a header of a request:
// https://fetch.spec.whatwg.org/#forbidden-request-header
func isForbidden(name string) bool {
	return strings.HasPrefix(name, "sec-") || strings.HasPrefix(name, "proxy-") || slices.Contains([]string{
		"accept-charset", "accept-encoding", "access-control-request-headers", "access-control-request-method", "connection",
		"content-length", "cookie", "cookie2", "date", "dnt", "expect", "host", "keep-alive", "origin", "referer", "te", "trailer",
		"transfer-encoding", "upgrade", "via",
	}, name)
}

// isToken reports whether text is a token (RFC 9110, section 5.6.2).
func isToken(text string) bool {
	for _, c := range text {
		if c <= ' ' || c >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c) {
			return false
		}
	}
	return text != ""
}
