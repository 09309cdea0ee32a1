package metric

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// A Dimension is a name and a value that tell a metric from others of its name.
// Each new combination is a metric of its own, and is billed as one: a value
// that differs for every request belongs into [Set.Property] instead.
type Dimension struct{ Name, Value string }

// The limits of CloudWatch:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const (
	maxNamespace      = 255
	maxName           = 255
	maxDimensionName  = 250
	maxDimensionValue = 1024
	maxDimensions     = 30
	maxMetrics        = 100 // in one line
	maxValues         = 100 // of one metric in one line
	maxLine           = 256 << 10
)

// Config says where metrics go.
type Config struct {
	// Namespace is what CloudWatch lists the metrics under. Required.
	Namespace string

	Dimensions []Dimension      // of every metric; 30 at most
	Writer     io.Writer        // default: standard output
	Now        func() time.Time // default: time.Now
}

// A Recorder makes sets of metrics. It is safe for concurrent use.
type Recorder struct {
	cfg Config
	mu  sync.Mutex // held while lines are written
}

// New checks the Config.
func New(cfg Config) (*Recorder, error) {
	if !isNamespace(cfg.Namespace) {
		return nil, fmt.Errorf("metric: Config.Namespace %q is not valid for CloudWatch: use 1 to 255 of A-Za-z0-9 ._-/#: and no colon first",
			cfg.Namespace)
	}
	if len(cfg.Dimensions) > maxDimensions {
		return nil, fmt.Errorf("metric: Config.Dimensions has %d, more than %d", len(cfg.Dimensions), maxDimensions)
	}
	for i, d := range cfg.Dimensions {
		fault := d.fault()
		for _, other := range cfg.Dimensions[:i] {
			if other.Name == d.Name {
				fault = "is there twice"
			}
		}
		if fault != "" {
			return nil, fmt.Errorf("metric: Config.Dimensions: %q %s", d.Name, fault)
		}
	}
	if cfg.Writer == nil {
		cfg.Writer = os.Stdout
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Recorder{cfg: cfg}, nil
}

// isNamespace reports whether CloudWatch takes a namespace:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Namespace
func isNamespace(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte(" ._-/#:", c) >= 0:
		default:
			return false
		}
	}
	return strings.TrimSpace(s) != "" && len(s) <= maxNamespace && s[0] != ':'
}

// fault returns what CloudWatch would not take of d, "" for nothing.
func (d Dimension) fault() string {
	switch {
	case strings.TrimSpace(d.Name) == "" || len(d.Name) > maxDimensionName || d.Name[0] == ':' || !isASCII(d.Name):
		return "has a name that is not 1 to 250 characters of ASCII"
	case d.Name == "_aws":
		return "has the name that belongs to the format"
	case len(d.Value) > maxDimensionValue || !isASCII(d.Value) || strings.TrimSpace(d.Value) == "":
		return "has a value that is not 1 to 1,024 characters of ASCII"
	}
	return ""
}

// isASCII reports whether s is of printable ASCII.
func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
