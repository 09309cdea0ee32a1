package wire

import "time"

// ConnectionQuery is the query of GET /connections.
type ConnectionQuery struct {
	Subject string // whose connections, or AllSubjects; empty: the sender's. Others' are for operators
	Limit   int    // 1 to 100; 0: 100
	Cursor  string // from a ConnectionList; empty: the beginning
}

// A Connection is an open WebSocket.
type Connection struct {
	ID          string    `json:"id"`
	Subject     string    `json:"subject"`
	ConnectedAt time.Time `json:"connected_at"`
	ExpiresAt   time.Time `json:"expires_at"` // when its token ends
	SourceIP    string    `json:"source_ip,omitempty"`
	UserAgent   string    `json:"user_agent,omitempty"`
}

// A ConnectionList is a page of connections, by subject, the oldest first.
type ConnectionList struct {
	Connections []Connection `json:"connections"`
	Cursor      string       `json:"cursor,omitempty"` // for the next page; empty: this is the last
}

// Closed is the answer to DELETE /connections.
type Closed struct {
	Closed int `json:"closed"` // how many connections were open
}
