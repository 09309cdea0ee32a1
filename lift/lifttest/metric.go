package lifttest

import (
	"bytes"
	"encoding/json"
	"sync"
	"testing"
)

// Metrics keeps the lines that a metric.Recorder writes: give it as the
// Recorder's Writer. It is safe for concurrent use.
type Metrics struct {
	mu    sync.Mutex
	lines [][]byte
}

// Write keeps a line.
func (m *Metrics) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, bytes.Clone(p))
	return len(p), nil
}

// Lines returns the lines, each a document in the embedded metric format.
func (m *Metrics) Lines() [][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([][]byte(nil), m.lines...)
}

// Documents returns the lines decoded.
func (m *Metrics) Documents(t testing.TB) []map[string]any {
	t.Helper()
	var documents []map[string]any
	for _, line := range m.Lines() {
		var document map[string]any
		if err := json.Unmarshal(line, &document); err != nil {
			t.Fatalf("metric line %q is not JSON: %v", line, err)
		}
		documents = append(documents, document)
	}
	return documents
}

// Values returns all values of a metric, in the order written, whatever its
// dimensions.
func (m *Metrics) Values(t testing.TB, name string) []float64 {
	t.Helper()
	var values []float64
	for _, document := range m.Documents(t) {
		switch value := document[name].(type) {
		case float64:
			values = append(values, value)
		case []any:
			for _, v := range value {
				values = append(values, v.(float64))
			}
		}
	}
	return values
}
