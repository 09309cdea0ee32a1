package trace_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pay-theory/streamer/lift/trace"
)

func TestParseHeader(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]trace.Link{
		lambda:                             {TraceID: root, Parent: parent, Sampled: true, Lineage: "1:a87bd80c:0"},
		"Root=" + root:                     {TraceID: root},
		" Sampled=1 ; Root=" + root + " ;": {TraceID: root, Sampled: true},
		"Self=1-x;Root=" + root + ";Parent=no;Sampled=?;Lineage=a\nb": {TraceID: root},
		"Root=" + root + ";Parent=" + strings.ToUpper(parent):         {TraceID: root},
		"":       {},
		"Root":   {},
		"Root=1": {},
		"Root=2" + root[1:] + ";Parent=" + parent: {Parent: parent},
		"Root=" + strings.ToUpper(root):           {},
		lambda + strings.Repeat(";x=y", 200):      {},
	} {
		t.Run(text, func(t *testing.T) {
			got, ok := trace.ParseHeader(text)
			if got != want || ok != (want.TraceID != "") {
				t.Errorf("%q: %+v, %v", text, got, ok)
			}
		})
	}
}

func TestParseTraceparent(t *testing.T) {
	t.Parallel()
	const good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	link := trace.Link{TraceID: "1-0af76519-16cd43dd8448eb211c80319c", Parent: "b7ad6b7169203331", Sampled: true}
	unsampled := link
	unsampled.Sampled = false
	for text, want := range map[string]trace.Link{
		good:                               link,
		good[:53] + "02":                   unsampled,
		good[:53] + "03":                   link,
		good[:53] + "0f":                   link,
		"cc" + good[2:]:                    link,
		"cc" + good[2:] + "-more":          link,
		"":                                 {},
		good + "-more":                     {},
		"ff" + good[2:]:                    {},
		"cc" + good[2:] + "more":           {},
		good[:53] + "0":                    {},
		good[:53] + "0G":                   {},
		strings.ToUpper(good):              {},
		strings.ReplaceAll(good, "-", "_"): {},
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": {},
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01": {},
	} {
		t.Run(text, func(t *testing.T) {
			got, ok := trace.ParseTraceparent(text)
			if got != want || ok != (want.TraceID != "") {
				t.Errorf("%q: %+v, %v", text, got, ok)
			}
		})
	}
}

// Whatever is read can be sent again, and means the same.
func FuzzParseHeader(f *testing.F) {
	for _, s := range []string{lambda, "Root=" + root, "Root=;Parent=;Sampled=;Lineage=;", ";;=;", "Root=" + root + ";Lineage=a b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		link, ok := trace.ParseHeader(text)
		if !ok {
			return
		}
		header := link.Header()
		if again, ok := trace.ParseHeader(header); !ok || again != link {
			t.Errorf("%q became %q", text, header)
		}
		r, _ := http.NewRequest("GET", "http://127.0.0.1", nil)
		r.Header.Set(trace.HeaderXRay, header)
		if err := r.Header.Write(new(strings.Builder)); err != nil || strings.ContainsAny(header, "\r\n\x00") {
			t.Errorf("%q cannot be sent", header)
		}
	})
}

func FuzzParseTraceparent(f *testing.F) {
	for _, s := range []string{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", "00-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		link, ok := trace.ParseTraceparent(text)
		if !ok {
			return
		}
		if again, ok := trace.ParseHeader(link.Header()); !ok || again != link {
			t.Errorf("%q became %+v", text, link)
		}
	})
}
