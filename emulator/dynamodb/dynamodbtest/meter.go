package dynamodbtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// A Meter is a transport that reads off a database's answers what each call would be
// charged. It is safe for concurrent use.
type Meter struct {
	Next http.RoundTripper // nil: http.DefaultTransport

	mu    sync.Mutex
	usage Usage
}

// A Usage is what calls were charged since the meter was read last, in capacity
// units (Amazon DynamoDB Developer Guide, "DynamoDB read and write operations").
type Usage struct {
	Calls   []string           // their operations, in order
	Written float64            // of tables and indexes; a transaction's count twice
	Read    float64            // an eventually consistent read of up to 4 KB is half a unit
	Items   map[string]float64 // written to each item of a table, without its indexes, by its key
}

// Hottest is the item that was written the most units, and how many.
func (u Usage) Hottest() (item string, units float64) {
	for _, key := range slices.Sorted(maps.Keys(u.Items)) {
		if u.Items[key] > units {
			item, units = key, u.Items[key]
		}
	}
	return item, units
}

// Take returns the usage since it was asked last.
func (m *Meter) Take() Usage {
	m.mu.Lock()
	defer m.mu.Unlock()
	taken := m.usage
	m.usage = Usage{}
	return taken
}

// A write is what a call says of an item that it writes.
type write struct {
	Key, Item map[string]json.RawMessage
}

func (w write) key() string {
	from := w.Key
	if from == nil {
		from = w.Item
	}
	return fmt.Sprintf("%s %s", from["pk"], from["id"])
}

// units are what a put of the item in a transaction is charged, roughly: by the bytes
// of its JSON, of which base64 takes 4 for 3.
func (w write) units() float64 {
	raw, err := json.Marshal(w.Item)
	if err != nil {
		return 0
	}
	return 2 * math.Ceil(float64(len(raw))*3/4/1024)
}

// A capacity is what an answer says was consumed of one table.
type capacity struct {
	CapacityUnits float64
	Table         struct{ CapacityUnits float64 }
}

// RoundTrip makes the call, asks for its price and notes it.
func (m *Meter) RoundTrip(r *http.Request) (*http.Response, error) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	body := raw
	priced := map[string]bool{"PutItem": true, "UpdateItem": true, "DeleteItem": true, "TransactWriteItems": true, "GetItem": true,
		"Query": true, "BatchGetItem": true}[operation]
	if priced {
		if rest, found := bytes.CutPrefix(raw, []byte("{")); found {
			body = append([]byte(`{"ReturnConsumedCapacity":"INDEXES",`), rest...)
		}
	}
	r = r.Clone(r.Context())
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	next := m.Next
	if next == nil {
		next = http.DefaultTransport
	}
	res, err := next.RoundTrip(r)
	if err != nil || !priced {
		return res, err
	}
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(answer))
	m.note(operation, raw, answer)
	return res, nil
}

func (m *Meter) note(operation string, call, answer []byte) {
	var in struct {
		write
		TransactItems []struct{ Put, Update, Delete *write }
	}
	var out struct{ ConsumedCapacity json.RawMessage }
	if json.Unmarshal(call, &in) != nil || json.Unmarshal(answer, &out) != nil {
		return
	}
	var tables []capacity // of a transaction and a batch; else it is one
	if json.Unmarshal(out.ConsumedCapacity, &tables) != nil {
		tables = make([]capacity, 1)
		if json.Unmarshal(out.ConsumedCapacity, &tables[0]) != nil {
			tables = nil
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	u := &m.usage
	u.Calls = append(u.Calls, operation)
	if u.Items == nil {
		u.Items = map[string]float64{}
	}
	for _, c := range tables {
		switch operation {
		case "GetItem", "Query", "BatchGetItem":
			u.Read += c.CapacityUnits
			continue
		case "TransactWriteItems":
			// The price is that of all its items: a put says its own, an update of
			// another item than the first is small, and the rest is the first's.
			rest := c.Table.CapacityUnits
			for n := len(in.TransactItems) - 1; n >= 0; n-- {
				units := 2.0
				w := in.TransactItems[n].Update
				if put := in.TransactItems[n].Put; put != nil {
					w, units = put, put.units()
				}
				if w == nil {
					w = in.TransactItems[n].Delete
				}
				if n == 0 {
					units = rest
				}
				rest -= units
				u.Items[w.key()] += units
			}
		default:
			u.Items[in.key()] += c.Table.CapacityUnits
		}
		u.Written += c.CapacityUnits
	}
}
