package metric

import (
	"fmt"
	"sync"

	"github.com/pay-theory/streamer/lift/internal/jsontext"
	"github.com/pay-theory/streamer/lift/internal/redact"
)

var buffers = sync.Pool{New: func() any { return new(jsontext.Builder) }}

// write writes a Set's metrics, in as many lines as the format's limits ask
// for: 100 metrics in one line, 100 values of one metric.
func (r *Recorder) write(s *Set) error {
	b := buffers.Get().(*jsontext.Builder)
	defer buffers.Put(b)
	now := r.cfg.Now().UnixMilli()
	for metrics := s.metrics; len(metrics) > 0; {
		n := min(len(metrics), maxMetrics)
		for offset, more := 0, true; more; offset += maxValues {
			*b = (*b)[:0]
			more = s.appendLine(b, now, metrics[:n], offset)
			if err := r.writeLine(*b); err != nil {
				return err
			}
		}
		metrics = metrics[n:]
	}
	return nil
}

func (r *Recorder) writeLine(line []byte) error {
	if len(line) > maxLine {
		return fmt.Errorf("metric: a line of %d bytes is more than CloudWatch takes", len(line))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, err := r.cfg.Writer.Write(redact.Text(line)); err != nil {
		return fmt.Errorf("metric: write metrics: %w", err)
	}
	return nil
}

// appendLine appends one line with the values of the metrics from offset on,
// and reports whether any metric has more of them.
func (s *Set) appendLine(b *jsontext.Builder, now int64, metrics []entry, offset int) (more bool) {
	b.Raw(`{"_aws":{"Timestamp":`)
	b.Int(now)
	b.Raw(`,"CloudWatchMetrics":[{"Namespace":`)
	b.Text(s.rec.cfg.Namespace)
	b.Raw(`,"Dimensions":[[`)
	for i, d := range s.dimensions {
		b.Next(i, "")
		b.Text(d.Name)
	}
	b.Raw(`]],"Metrics":[`)
	written := 0
	for i := range metrics {
		m := &metrics[i]
		if m.count() <= offset {
			continue
		}
		b.Next(written, "")
		written++
		b.Raw(`{"Name":`)
		b.Text(m.name)
		b.Raw(`,"Unit":"`)
		b.Raw(string(m.unit))
		if m.high {
			b.Raw(`","StorageResolution":1}`)
		} else {
			b.Raw(`"}`)
		}
		more = more || m.count() > offset+maxValues
	}
	b.Raw(`]}]}`)
	for i := range metrics {
		if m := &metrics[i]; m.count() > offset {
			member(b, m.name)
			m.appendValues(b, offset)
		}
	}
	for _, d := range s.dimensions {
		member(b, d.Name)
		b.Text(d.Value)
	}
	for i := range s.properties {
		p := &s.properties[i]
		member(b, p.key)
		if p.json != nil {
			*b = append(*b, p.json...)
		} else {
			b.Text(p.text)
		}
	}
	b.Raw("}\n")
	return more
}

func member(b *jsontext.Builder, name string) {
	b.Raw(",")
	b.Text(name)
	b.Raw(":")
}

func (m *entry) count() int { return 1 + len(m.more) }

func (m *entry) value(i int) float64 {
	if i == 0 {
		return m.first
	}
	return m.more[i-1]
}

// appendValues appends one number, or a list of at most 100.
func (m *entry) appendValues(b *jsontext.Builder, offset int) {
	if m.count() == 1 {
		b.Float(m.first)
		return
	}
	for i := offset; i < min(m.count(), offset+maxValues); i++ {
		b.Next(i-offset, "[")
		b.Float(m.value(i))
	}
	b.Raw("]")
}
