package middleware_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/lift"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/middleware"
)

// A setting that no browser acts on looks right and does nothing.
func TestCORSRefusesWhatCanNeverWork(t *testing.T) {
	t.Parallel()
	origins := []string{"https://app.example"}
	for name, tt := range map[string]struct {
		cfg  middleware.CORSConfig
		want string
	}{
		"upper case":               {middleware.CORSConfig{Origins: []string{"https://App.example"}}, `it sends "https://app.example"`},
		"default port":             {middleware.CORSConfig{Origins: []string{"https://app.example:443"}}, `it sends "https://app.example"`},
		"default port of http":     {middleware.CORSConfig{Origins: []string{"http://app.example:80"}}, `it sends "http://app.example"`},
		"star in a name":           {middleware.CORSConfig{Origins: []string{"https://*.example"}}, "has a star"},
		"short MaxAge":             {middleware.CORSConfig{Origins: origins, MaxAge: time.Millisecond}, "MaxAge of 1ms"},
		"lower-case method":        {middleware.CORSConfig{Origins: origins, Methods: []string{"patch"}}, "wanted PATCH"},
		"forbidden method":         {middleware.CORSConfig{Origins: origins, Methods: []string{"TRACE"}}, "TRACE"},
		"several in one":           {middleware.CORSConfig{Origins: origins, Headers: []string{"X-A, X-B"}}, "one name for each value"},
		"empty name":               {middleware.CORSConfig{Origins: origins, Expose: []string{""}}, "one name for each value"},
		"forbidden header":         {middleware.CORSConfig{Origins: origins, Headers: []string{"Cookie"}}, "let no page set"},
		"forbidden prefix":         {middleware.CORSConfig{Origins: origins, Headers: []string{"Sec-Token"}}, "let no page set"},
		"cookies of an answer":     {middleware.CORSConfig{Origins: origins, Expose: []string{"set-cookie"}}, "show no page"},
		"star with credentials":    {middleware.CORSConfig{Origins: origins, Credentials: true, Headers: []string{"*"}}, "plain name"},
		"exposed with credentials": {middleware.CORSConfig{Origins: origins, Credentials: true, Expose: []string{"*"}}, "plain name"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, tt.want) {
					t.Errorf("panic %q, want one with %q", got, tt.want)
				}
			}()
			middleware.CORS(tt.cfg)
		})
	}
	t.Run("what works", func(t *testing.T) {
		middleware.CORS(middleware.CORSConfig{
			Origins: []string{"https://app.example:8443", "http://localhost:3000", "capacitor://localhost"},
			Methods: []string{"GET", "PURGE"}, Headers: []string{"*"}, Expose: []string{"*"},
		})
	})
}

func TestSeveralLinesOfVaryAndCacheControl(t *testing.T) {
	t.Parallel()
	long := []byte(strings.Repeat("text ", 1000))
	for name, tt := range map[string]struct {
		header   http.Header
		vary     string
		encoding string
	}{
		"two lines of Vary":   {http.Header{"Vary": {"Accept", "Cookie"}}, "Accept, Cookie, Accept-Encoding, Origin", "gzip"},
		"named on the second": {http.Header{"Vary": {"Accept", "origin"}}, "Accept, origin, Accept-Encoding", "gzip"},
		"lower case":          {http.Header{"vary": {"Accept"}}, "Accept, Accept-Encoding, Origin", "gzip"},
		"no-transform second": {http.Header{"Cache-Control": {"max-age=1", "No-Transform"}}, "Origin", ""},
		"encoded already":     {http.Header{"content-encoding": {"br"}}, "Origin", "br"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.header["Content-Type"] = []string{"text/plain"}
			app := httpApp(func(context.Context, *lift.Event) (*lift.Response, error) {
				return &lift.Response{Header: tt.header, Body: long}, nil
			}, middleware.CORS(middleware.CORSConfig{Origins: []string{"https://app.example"}}), middleware.Compress(0))
			answer := lifttest.Invoke(t.Context(), t, app, lifttest.HTTP{Path: "/x", Header: http.Header{"Accept-Encoding": {"gzip"}}})
			if got := strings.Join(answer.Header.Values("Vary"), ", "); got != tt.vary {
				t.Errorf("Vary %q, want %q", got, tt.vary)
			}
			if got := answer.Header.Get("Content-Encoding"); got != tt.encoding {
				t.Errorf("Content-Encoding %q, want %q", got, tt.encoding)
			}
		})
	}
}
