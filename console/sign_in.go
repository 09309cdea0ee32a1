package console

import (
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
)

// maxSignIn bounds the body of a sign-in, in bytes.
const maxSignIn = 4 << 10

// token signs a visitor in who brings the secret of this start.
func (c Config) token(w http.ResponseWriter, r *http.Request) {
	if c.Sign == nil {
		refuse(w, http.StatusForbidden, "FORBIDDEN",
			"this stack signs no tokens, because it listens to more than this machine or trusts another key: sign in with a token")
		return
	}
	in, ok := withSecret(w, r, c.Secret)
	switch {
	case !ok:
		return
	case in.Tenant == "" || in.Subject == "":
		refuse(w, http.StatusBadRequest, "VALIDATION_ERROR", "tenant or subject is empty")
		return
	}
	token, err := c.Sign(in.Tenant, in.Subject)
	if err != nil {
		refuse(w, http.StatusInternalServerError, "INTERNAL_ERROR", "the token was not signed")
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"token": token})
}

// withSecret reads a sign-in, and refuses one without the secret of this start: that a
// caller is on this machine says nothing of which of its users it is.
func withSecret(w http.ResponseWriter, r *http.Request, secret string) (in struct{ Tenant, Subject, Secret string }, ok bool) {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSignIn)).Decode(&in)
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, "INVALID_MESSAGE", "the body is not a JSON object with tenant, subject and secret")
	case subtle.ConstantTimeCompare([]byte(in.Secret), []byte(secret)) != 1:
		refuse(w, http.StatusUnauthorized, "UNAUTHORIZED", "the secret is missing, or is not the one of this start: "+
			"open the address behind Console in what was printed at the start, or copy what follows #"+secretKey+" in it")
	default:
		return in, true
	}
	return in, false
}

// loopbackOnly refuses callers on other machines, names that merely point here
// (DNS rebinding) and pages of other sites: the Origin header must be the
// console's own.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.RemoteAddr) || !isLoopback(r.Host) || !isOwnPage(r) || r.Header.Get("Origin") == "" {
			refuse(w, http.StatusForbidden, "FORBIDDEN", "only the console's own page on this machine is signed in")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isOwnPage reports whether a call may be of the console's own page. A browser leaves
// the Origin header out where a page reads from its own host.
func isOwnPage(r *http.Request) bool {
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	return (origin == "" || origin == "http://"+r.Host) && (site == "" || site == "same-origin")
}

// isLoopback reports whether a host, with or without a port, is this machine.
func isLoopback(hostPort string) bool {
	host, _, err := net.SplitHostPort(hostPort)
	if err != nil {
		host = hostPort
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
