package metric

import (
	"fmt"
	"strconv"
	"sync"

	"github.com/pay-theory/streamer/lift/internal/jsontext"
	"github.com/pay-theory/streamer/lift/internal/redact"
)

var buffers = sync.Pool{New: func() any { return new([]byte) }}

// write writes a Set's metrics, in as many lines as the format's limits ask
// for: 100 metrics in one line, 100 values of one metric.
func (r *Recorder) write(s *Set) error {
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	now := r.cfg.Now().UnixMilli()
	for metrics := s.metrics; len(metrics) > 0; {
		n := min(len(metrics), maxMetrics)
		for offset, more := 0, true; more; offset += maxValues {
			line := (*buf)[:0]
			line, more = s.appendLine(line, now, metrics[:n], offset)
			*buf = line
			if len(line) > maxLine {
				return fmt.Errorf("metric: a line of %d bytes is more than CloudWatch takes", len(line))
			}
			r.mu.Lock()
			_, err := r.cfg.Writer.Write(redact.Tokens(line))
			r.mu.Unlock()
			if err != nil {
				return fmt.Errorf("metric: write metrics: %w", err)
			}
		}
		metrics = metrics[n:]
	}
	return nil
}

// appendLine appends one line with the values of the metrics from offset on,
// and reports whether any metric has more of them.
func (s *Set) appendLine(dst []byte, now int64, metrics []entry, offset int) (line []byte, more bool) {
	dst = append(dst, `{"_aws":{"Timestamp":`...)
	dst = strconv.AppendInt(dst, now, 10)
	dst = append(dst, `,"CloudWatchMetrics":[{"Namespace":`...)
	dst = jsontext.AppendString(dst, s.rec.cfg.Namespace)
	dst = append(dst, `,"Dimensions":[[`...)
	for i, d := range s.dimensions {
		dst = comma(dst, i)
		dst = jsontext.AppendString(dst, d.Name)
	}
	dst = append(dst, `]],"Metrics":[`...)
	written := 0
	for i := range metrics {
		m := &metrics[i]
		if m.count() <= offset {
			continue
		}
		dst = comma(dst, written)
		written++
		dst = append(dst, `{"Name":`...)
		dst = jsontext.AppendString(dst, m.name)
		dst = append(dst, `,"Unit":"`...)
		dst = append(dst, m.unit...)
		dst = append(dst, '"')
		if m.high {
			dst = append(dst, `,"StorageResolution":1`...)
		}
		dst = append(dst, '}')
	}
	dst = append(dst, `]}]}`...)
	for i := range metrics {
		m := &metrics[i]
		if m.count() <= offset {
			continue
		}
		dst = append(dst, ',')
		dst = jsontext.AppendString(dst, m.name)
		dst = append(dst, ':')
		dst = m.appendValues(dst, offset)
		more = more || m.count() > offset+maxValues
	}
	for _, d := range s.dimensions {
		dst = append(dst, ',')
		dst = jsontext.AppendString(dst, d.Name)
		dst = append(dst, ':')
		dst = jsontext.AppendString(dst, d.Value)
	}
	for i := range s.properties {
		p := &s.properties[i]
		dst = append(dst, ',')
		dst = jsontext.AppendString(dst, p.key)
		dst = append(dst, ':')
		if p.json != nil {
			dst = append(dst, p.json...)
		} else {
			dst = jsontext.AppendString(dst, p.text)
		}
	}
	return append(dst, "}\n"...), more
}

func (m *entry) count() int { return 1 + len(m.more) }

func (m *entry) value(i int) float64 {
	if i == 0 {
		return m.first
	}
	return m.more[i-1]
}

// appendValues appends one number, or a list of at most 100.
func (m *entry) appendValues(dst []byte, offset int) []byte {
	if m.count() == 1 {
		return strconv.AppendFloat(dst, m.first, 'g', -1, 64)
	}
	dst = append(dst, '[')
	for i := offset; i < min(m.count(), offset+maxValues); i++ {
		dst = comma(dst, i-offset)
		dst = strconv.AppendFloat(dst, m.value(i), 'g', -1, 64)
	}
	return append(dst, ']')
}

func comma(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}
