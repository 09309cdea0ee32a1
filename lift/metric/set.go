package metric

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"

	"github.com/pay-theory/streamer/lift/internal/jsontext"
)

// A Set is the metrics of one event, with their dimensions. What CloudWatch
// would not take is left out and reported by [Set.Flush].
//
// A Set is safe for concurrent use. A nil Set takes everything and does
// nothing, so that code which counts also runs where there are no metrics.
type Set struct {
	rec *Recorder

	mu         sync.Mutex
	dimensions []Dimension
	metrics    []entry
	properties []property
	children   []*Set
	faults     []error
	ended      bool

	// Room for the usual event, so that it costs one allocation.
	dimensionRoom [4]Dimension
	metricRoom    [6]entry
	propertyRoom  [6]property
}

type entry struct {
	name  string
	unit  Unit
	high  bool // stored by the second
	first float64
	more  []float64
}

type property struct {
	key  string
	text string
	json []byte // where the value is not a text
}

// Start returns an empty Set.
func (r *Recorder) Start() *Set {
	s := &Set{rec: r}
	s.dimensions = append(s.dimensionRoom[:0], r.cfg.Dimensions...)
	s.metrics, s.properties = s.metricRoom[:0], s.propertyRoom[:0]
	return s
}

// Add adds a value of a metric. CloudWatch stores it by the minute. A name has
// one unit in a Set.
func (s *Set) Add(name string, value float64, unit Unit) { s.add(name, value, unit, false) }

// AddHighResolution adds a value that CloudWatch stores by the second, for three
// hours, at a higher price.
func (s *Set) AddHighResolution(name string, value float64, unit Unit) {
	s.add(name, value, unit, true)
}

func (s *Set) add(name string, value float64, unit Unit, high bool) {
	if s == nil {
		return
	}
	name = jsontext.Valid(name) // as it is written, so that names are told apart
	s.mu.Lock()
	defer s.mu.Unlock()
	var same *entry
	for i := range s.metrics {
		if s.metrics[i].name == name {
			same = &s.metrics[i]
		}
	}
	fault := ""
	switch {
	case strings.TrimSpace(name) == "" || len(name) > maxName || name == "_aws":
		fault = "is not 1 to 255 bytes, or spaces alone"
	case !unit.valid():
		fault = "has an unknown unit"
	case !(math.Abs(value) <= 0x1p360): // nor NaN
		fault = "has a value that CloudWatch does not take"
	case same != nil && (same.unit != unit || same.high != high):
		fault = "has another unit or resolution than before"
	case same == nil && s.taken(name):
		fault = "has the name of a dimension or property"
	case same != nil:
		same.more = append(same.more, value)
		return
	default:
		s.metrics = append(s.metrics, entry{name: name, unit: unit, high: high, first: value})
		if s.ended {
			s.write()
		}
		return
	}
	s.refuse("metric", name, fault)
}

// Property adds something to find the event by other than a dimension, such as
// its id: slog.String("order", id). The same key again replaces the value.
func (s *Set) Property(attrs ...slog.Attr) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, attr := range attrs {
		s.setProperty(attr)
	}
}

func (s *Set) setProperty(attr slog.Attr) {
	p := property{key: jsontext.Valid(attr.Key)}
	if value := attr.Value.Resolve(); value.Kind() == slog.KindString {
		p.text = value.String()
	} else {
		// Encoded at once: the value may change before the Set is written.
		var err error
		p.json, err = json.Marshal(plain(value))
		if err != nil {
			s.refuse("property", attr.Key, "cannot be encoded")
			return
		}
	}
	for i := range s.properties {
		if s.properties[i].key == p.key {
			s.properties[i] = p
			return
		}
	}
	if p.key == "" || p.key == "_aws" || s.taken(p.key) {
		s.refuse("property", p.key, "has no name of its own")
		return
	}
	s.properties = append(s.properties, p)
}

// plain returns the value as encoding/json takes it.
func plain(value slog.Value) any {
	if value.Kind() != slog.KindGroup {
		return value.Any()
	}
	members := make(map[string]any, len(value.Group()))
	for _, attr := range value.Group() {
		members[attr.Key] = plain(attr.Value.Resolve())
	}
	return members
}

// taken reports whether a member of the line has the name already.
func (s *Set) taken(name string) bool {
	for i := range s.metrics {
		if s.metrics[i].name == name {
			return true
		}
	}
	for _, d := range s.dimensions {
		if d.Name == name {
			return true
		}
	}
	for i := range s.properties {
		if s.properties[i].key == name {
			return true
		}
	}
	return false
}

// With returns a Set with further dimensions, which is written together with
// this one, in lines of its own. Properties are not handed on.
func (s *Set) With(dimensions ...Dimension) *Set {
	if s == nil {
		return nil
	}
	child := s.rec.Start()
	s.mu.Lock()
	defer s.mu.Unlock()
	child.ended = s.ended
	child.dimensions = append(child.dimensions[:0], s.dimensions...)
	for _, d := range dimensions {
		if fault := d.fault(); fault != "" {
			s.refuse("dimension", d.Name, fault)
		} else if child.taken(d.Name) || len(child.dimensions) == maxDimensions {
			s.refuse("dimension", d.Name, "is there already, or one too many")
		} else {
			child.dimensions = append(child.dimensions, d)
		}
	}
	s.children = append(s.children, child)
	return child
}

// maxFaults bounds what a Set remembers of wrong calls.
const maxFaults = 10

func (s *Set) refuse(what, name, fault string) {
	if len(s.faults) < maxFaults {
		s.faults = append(s.faults, fmt.Errorf("metric: %s %q %s", what, name, fault))
	}
}

// Flush writes what was added since the last Flush, and returns what could not
// be written. A Set without metrics writes nothing.
func (s *Set) Flush() error { return s.flush(false) }

// End is Flush at the end of the event. A value that is added later, as by work after
// the answer, is written at once, in a line of its own with the properties of the event;
// one that cannot be written is lost.
func (s *Set) End() error { return s.flush(true) }

func (s *Set) flush(end bool) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = s.ended || end
	s.write()
	faults := s.faults
	s.faults = nil
	for _, child := range s.children {
		if err := child.flush(end); err != nil {
			faults = append(faults, err)
		}
	}
	s.children = s.children[:0]
	return errors.Join(faults...)
}

// write writes the metrics and drops them.
func (s *Set) write() {
	if err := s.rec.write(s); err != nil {
		s.faults = append(s.faults, err)
	}
	s.metrics = s.metricRoom[:0]
}

type contextKey struct{}

// NewContext returns a context that carries s.
func NewContext(ctx context.Context, s *Set) context.Context {
	return context.WithValue(ctx, contextKey{}, s)
}

// From returns the Set of the event that ctx belongs to, nil where there is
// none.
func From(ctx context.Context) *Set {
	s, _ := ctx.Value(contextKey{}).(*Set)
	return s
}

// Add adds a value to the Set of the event that ctx belongs to.
func Add(ctx context.Context, name string, value float64, unit Unit) {
	From(ctx).Add(name, value, unit)
}
