package wire

import "encoding/json"

// An Error is what an error frame says. It is data, not a Go error: the domain
// and the clients each have their own error type around it.
type Error struct {
	Code    Code            `json:"code"`
	Message string          `json:"message"`
	Details json.RawMessage `json:"details,omitempty"` // a JSON object
	Retry   *Retry          `json:"retry,omitempty"`
}

// Retry says whether the same message may be sent again, and when.
type Retry struct {
	Retryable bool    `json:"retryable"`
	After     float64 `json:"after,omitempty"` // seconds to wait first; 0: at once
}
