package middleware

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/pay-theory/streamer/lift"
)

// Compress compresses the bodies of answers over HTTP with gzip when the client
// takes it and it helps: the body is of text and has least bytes at least, it
// is not encoded yet nor excluded by no-transform, and it becomes smaller
// even with the third that Lambda's encoding of bytes adds. Streamed answers are
// left alone. A least of 0 means
// 1,400 bytes, about one packet. Problem documents are not compressed.
//
// A function that does not use Compress does not link the compressor.
func Compress(least int) lift.Middleware {
	if least < 0 {
		panic(fmt.Sprintf("lift/middleware: Compress from %d bytes on", least))
	}
	if least == 0 {
		least = 1400
	}
	writers := sync.Pool{New: func() any { return gzip.NewWriter(nil) }}
	return lift.Only("middleware.Compress", func(next lift.Handler) lift.Handler {
		return lift.HandlerFunc(func(ctx context.Context, e *lift.Event) (*lift.Response, error) {
			res, err := next.Handle(ctx, e)
			if err != nil || res == nil || res.Streams() || !compressible(res, least) {
				return res, err
			}
			res = addVary(res, "Accept-Encoding")
			if !acceptsGzip(e.HTTP.Header.Values("Accept-Encoding")) {
				return res, nil
			}
			w := writers.Get().(*gzip.Writer)
			defer writers.Put(w)
			var buf bytes.Buffer
			w.Reset(&buf)
			if _, err := w.Write(res.Body); err != nil {
				return nil, fmt.Errorf("compress: %w", err)
			}
			if err := w.Close(); err != nil {
				return nil, fmt.Errorf("compress: %w", err)
			}
			if buf.Len()+buf.Len()/3 >= len(res.Body) {
				return res, nil
			}
			res.Body = buf.Bytes()
			res.SetHeader("Content-Encoding", "gzip")
			res.Header.Del("Content-Length")
			if tag := res.Header.Get("Etag"); strings.HasPrefix(tag, `"`) {
				res.SetHeader("Etag", "W/"+tag) // other bytes, same meaning (RFC 9110, section 8.8.1)
			}
			return res, nil
		})
	}, lift.TriggerHTTP)
}

func compressible(res *lift.Response, least int) bool {
	if len(res.Body) < least || res.Header.Get("Content-Encoding") != "" || res.Status == http.StatusPartialContent ||
		strings.Contains(strings.ToLower(strings.Join(res.Header.Values("Cache-Control"), ",")), "no-transform") {
		return false
	}
	kind := res.Header.Get("Content-Type")
	if kind == "" {
		kind = http.DetectContentType(res.Body)
	}
	kind, _, _ = strings.Cut(kind, ";")
	kind = strings.ToLower(strings.TrimSpace(kind))
	switch kind {
	case "application/json", "application/xml", "application/javascript", "application/wasm", "image/svg+xml", "application/x-ndjson":
		return true
	}
	return strings.HasPrefix(kind, "text/") && kind != "text/event-stream" ||
		strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml")
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3): gzip by its
// name counts before the star.
func acceptsGzip(lines []string) bool {
	star := false
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			coding, parameters, _ := strings.Cut(item, ";")
			accepted := true
			if name, value, ok := strings.Cut(strings.TrimSpace(parameters), "="); ok && strings.EqualFold(strings.TrimSpace(name), "q") {
				q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
				accepted = err == nil && q > 0 && q <= 1
			}
			switch coding = strings.TrimSpace(coding); {
			case strings.EqualFold(coding, "gzip"), strings.EqualFold(coding, "x-gzip"):
				return accepted
			case coding == "*":
				star = accepted
			}
		}
	}
	return star
}
