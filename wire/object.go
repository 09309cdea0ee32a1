package wire

import (
	"bytes"
	"encoding/json"
	"time"
)

// objectWriter appends one JSON object. encoding/json would compact and escape
// the raw values inside; here they keep their bytes.
type objectWriter struct {
	dst   []byte
	comma bool
}

func (w *objectWriter) open() { w.dst = append(w.dst, '{') }

func (w *objectWriter) close() []byte { return append(w.dst, '}') }

func (w *objectWriter) key(key string) {
	if w.comma {
		w.dst = append(w.dst, ',')
	}
	w.comma = true
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, key...)
	w.dst = append(w.dst, '"', ':')
}

// string leaves <, > and & as they are: frames are not HTML.
func (w *objectWriter) string(key, value string) { w.value(key, value) }

// raw writes nothing where there is no value.
func (w *objectWriter) raw(key string, value json.RawMessage) {
	if len(value) > 0 {
		w.key(key)
		w.dst = append(w.dst, value...)
	}
}

func (w *objectWriter) time(key string, value time.Time) {
	w.key(key)
	w.dst = append(w.dst, '"')
	w.dst = value.UTC().AppendFormat(w.dst, time.RFC3339Nano)
	w.dst = append(w.dst, '"')
}

func (w *objectWriter) object(key string, appendTo func([]byte) []byte) {
	w.key(key)
	w.dst = appendTo(w.dst)
}

// array writes values byte for byte.
func (w *objectWriter) array(key string, values []json.RawMessage) {
	w.key(key)
	w.dst = append(w.dst, '[')
	for i, value := range values {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.dst = append(w.dst, value...)
	}
	w.dst = append(w.dst, ']')
}

func appendArray[T any](dst []byte, elements []T, appendTo func(T, []byte) []byte) []byte {
	dst = append(dst, '[')
	for i, e := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendTo(e, dst)
	}
	return append(dst, ']')
}

// value is for the protocol's own plain values, which always encode.
func (w *objectWriter) value(key string, value any) {
	w.key(key)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		w.dst = append(w.dst, "null"...)
		return
	}
	w.dst = append(w.dst, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
