package wire

import "encoding/json"

// A Catalog is the answer to [ActionCatalog]: the actions that the caller's scopes allow,
// by name.
type Catalog struct {
	Actions []CatalogAction `json:"actions"`
}

// A CatalogAction says how an action is asked for. The schemas are JSON Schema 2020-12,
// each with its definitions; {} stands for any JSON.
type CatalogAction struct {
	Name        string          `json:"name"`
	Long        bool            `json:"long"` // a durable request; else its answer is the reply
	Description string          `json:"description,omitempty"`
	Payload     json.RawMessage `json:"payload"`
	Result      json.RawMessage `json:"result"`
	Output      json.RawMessage `json:"output,omitempty"` // of a chunk; absent: not declared
	Errors      []Code          `json:"errors,omitempty"` // those it says it fails with
}
