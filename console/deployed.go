package console

import (
	"context"
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// A Deployed is a console on the operator's machine for a stage that runs elsewhere.
// The URLs of the Site are required.
type Deployed struct {
	Site Site
	// Token returns the operator's token, anew for each call, so that it may be one
	// that is renewed. nil: the visitor pastes one.
	Token func(ctx context.Context) (string, error)
	// Secret opens Token, and is required with it; see Config.Secret.
	Secret string
}

// passed are the headers of a call that reach the HTTP API, and answered those of its
// answer that reach the page.
var (
	passed   = []string{"Accept", "Authorization", "Content-Type", "Last-Event-Id"}
	answered = []string{"Content-Type", "Location", "Retry-After"}
)

// NewDeployed returns the handler of a whole server on the loopback: the page at Path,
// and the HTTP API at every other path, as a proxy, so that the API needs no CORS. It
// answers this machine under its own name alone, and passes on no cookies. The page
// opens the WebSocket of the stage itself.
func NewDeployed(config Deployed) (http.Handler, error) {
	if config.Token != nil && config.Secret == "" {
		return nil, errors.New("console: Deployed has a Token without a Secret: set one that is made anew for each start")
	}
	webSocket, _, err := config.Site.check()
	if err != nil {
		return nil, err
	}
	api, err := url.Parse(config.Site.HTTPURL)
	if err != nil {
		return nil, err
	}
	shown := config.Site
	shown.HTTPURL = "" // the proxy
	shown.HasToken = config.Token != nil
	mux := http.NewServeMux()
	handleFiles(mux)
	mux.HandleFunc("GET "+Path+"/config.json", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, shown) })
	mux.Handle("POST "+Path+"/token", loopbackOnly(http.HandlerFunc(config.token)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, Path+"/", http.StatusFound)
	})
	mux.Handle("/", ownPageOnly(proxy(api)))
	return guarded(thisMachineOnly(mux), policy(webSocket)), nil
}

// token hands out the operator's token for the secret of this start.
func (c Deployed) token(w http.ResponseWriter, r *http.Request) {
	if c.Token == nil {
		refuse(w, http.StatusForbidden, "FORBIDDEN", "no token was given at the start: sign in with a token")
		return
	}
	if _, ok := withSecret(w, r, c.Secret); !ok {
		return
	}
	token, err := c.Token(r.Context())
	if err != nil {
		refuse(w, http.StatusBadGateway, "SERVICE_UNAVAILABLE", "there is no token: "+err.Error())
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"token": token})
}

// proxy passes calls on to the HTTP API.
func proxy(api *url.URL) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(api)
			r.Out.Header = only(r.In.Header, passed)
		},
		ModifyResponse: func(res *http.Response) error {
			res.Header = only(res.Header, answered)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, http.StatusBadGateway, "SERVICE_UNAVAILABLE", api.Host+" does not answer: "+causeOf(err).Error())
		},
		FlushInterval: -1, // of events
	}
}

// causeOf is an error without the address that was called, which is long.
func causeOf(err error) error {
	if called, ok := errors.AsType[*url.Error](err); ok {
		return called.Err
	}
	return err
}

func only(header http.Header, names []string) http.Header {
	kept := http.Header{}
	for _, name := range names {
		if values := header.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}

// ownPageOnly refuses calls of other sites' pages.
func ownPageOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isOwnPage(r) {
			refuse(w, http.StatusForbidden, "FORBIDDEN", "only the console's own page may call the API here")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// thisMachineOnly refuses other machines, and names that merely point here (DNS
// rebinding).
func thisMachineOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.RemoteAddr) || !isLoopback(r.Host) {
			refuse(w, http.StatusForbidden, "FORBIDDEN", "the console answers this machine alone, under the address that was printed at the start")
			return
		}
		next.ServeHTTP(w, r)
	})
}
