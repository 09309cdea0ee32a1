package trace

import "strings"

// The headers in which a trace travels.
const (
	HeaderXRay        = "X-Amzn-Trace-Id"
	HeaderTraceparent = "Traceparent"
	HeaderTracestate  = "Tracestate"
)

// A Link is a place in a trace, as headers carry it.
type Link struct {
	TraceID string // in X-Ray's form: "1-58406520-a006649127e371903a2de979"
	Parent  string // the id of the caller's segment, 16 hexadecimal digits; "" when it is not told
	Sampled bool   // whether the trace is recorded

	// Lineage is what Lambda counts to break off recursive calls. It is passed
	// on as it is.
	Lineage string
}

// maxHeader bounds the headers that are read.
const maxHeader = 512

// ParseHeader reads an X-Amzn-Trace-Id:
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
// It reports false for one without a valid Root. Any other part that is not
// valid is left out.
func ParseHeader(text string) (Link, bool) {
	var l Link
	if len(text) > maxHeader {
		return l, false
	}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Root":
			if len(value) == 35 && value[:2] == "1-" && value[10] == '-' && isHex(value[2:10]) && isHex(value[11:]) {
				l.TraceID = value
			}
		case "Parent":
			if len(value) == 16 && isHex(value) {
				l.Parent = value
			}
		case "Sampled":
			l.Sampled = value == "1"
		case "Lineage":
			if isVisible(value) {
				l.Lineage = value
			}
		}
	}
	return l, l.TraceID != ""
}

// ParseTraceparent reads a traceparent of W3C Trace Context:
// https://www.w3.org/TR/trace-context/#traceparent-header
func ParseTraceparent(text string) (Link, bool) {
	if len(text) < 55 || len(text) > maxHeader || text[2] != '-' || text[35] != '-' || text[52] != '-' {
		return Link{}, false
	}
	version, id, parent, flags := text[:2], text[3:35], text[36:52], text[53:55]
	switch {
	case !isHex(version) || !isHex(id) || !isHex(parent) || !isHex(flags),
		version == "ff",
		version == "00" && len(text) != 55,
		len(text) > 55 && text[55] != '-',
		strings.Trim(id, "0") == "" || strings.Trim(parent, "0") == "":
		return Link{}, false
	}
	return Link{
		TraceID: "1-" + id[:8] + "-" + id[8:],
		Parent:  parent,
		Sampled: unhex(flags[1])&1 == 1,
	}, true
}

// Header returns the Link as an X-Amzn-Trace-Id.
func (l Link) Header() string {
	dst := make([]byte, 0, 96)
	dst = append(dst, "Root="...)
	dst = append(dst, l.TraceID...)
	if l.Parent != "" {
		dst = append(dst, ";Parent="...)
		dst = append(dst, l.Parent...)
	}
	if l.Sampled {
		dst = append(dst, ";Sampled=1"...)
	} else {
		dst = append(dst, ";Sampled=0"...)
	}
	if l.Lineage != "" {
		dst = append(dst, ";Lineage="...)
		dst = append(dst, l.Lineage...)
	}
	return string(dst)
}

// traceparent returns a traceparent of a trace in W3C's form.
func traceparent(id, parent string, sampled bool) string {
	if sampled {
		return "00-" + id + "-" + parent + "-01"
	}
	return "00-" + id + "-" + parent + "-00"
}

// w3c returns the trace's id in W3C's form.
func (l Link) w3c() string { return l.TraceID[2:10] + l.TraceID[11:] }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func unhex(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// isVisible reports whether s can be put into a header again.
func isVisible(s string) bool {
	for i := range len(s) {
		if s[i] <= 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
