// Package dynamo is the store on AWS: requests and connections in two DynamoDB
// tables. It calls DynamoDB's JSON API itself, without the SDK; docs/decisions says
// what that saves.
//
// # Requests
//
// One item is one request. Its attributes are few and flat, so that a stream
// record, a filter of an event source mapping and a person in the console can
// read it:
//
//	pk           S  tenant#subject, with # and % in either written %23 and %25: the partition key
//	id           S  the request's id: the sort key
//	tenant       S  partition key of the index by_tenant
//	subject      S
//	order        S  when it was created, 15 digits of milliseconds, #, and the id: sort key of by_tenant and by_subject
//	state        S  QUEUED, FAILED or CANCELLED
//	now          S  RUNNING or SUCCEEDED, of which the state is QUEUED: the state is in two indexes, and a change
//	             of it costs two writes more; a version before wrote them as the state
//	ready        N  DueAt, 0 when there is none; absent in rows of a version that wrote DueAt as due
//	due          N  when the sweep looks at it next; absent when never, so that the index due is sparse
//	shard        N  the kind of that look times 1,000, and a hash of the key: partition key of the index due
//	ttl          N  ExpiresAt in seconds, rounded up, for DynamoDB's time to live; absent until final
//	rev, fence, attempt, slices, lost, ran (in nanoseconds)    N
//	created, updated, started, finished, expires, not_before   N, the last four absent while zero
//	action, correlation, worker                                S
//	payload, checkpoint, result                                B, the bytes as they are; absent when nil
//	payload_id, result_id  S  in their place, where they have more than 4 KiB: the ids of their items
//	kept         N  until when the payload's item is kept
//	metadata     S, a JSON object; absent when empty
//	progress     M  percentage S, message S, metadata B
//	error        M  code S, message S, details B, retryable BOOL, after S
//	cancel       BOOL
//	steps        M  a member B for each step, so that one is stored without the others
//	await        M  token S, until N; absent when the request waits for no signal
//	history      S  a JSON array; absent when empty
//	output, mark N  Output and OutputMark
//	log          S  which output is the request's: the token of its creation
//	priority     N
//	slots        L  of S
//	blocked      S  the limit that it waits for a permit of: partition key of the index blocked; absent when there is none
//	line         S  1 for the highest rank to 9, #, and order: sort key of blocked
//	subscribers  M  a member for each connection id, so that one can come while another goes
//	writes       L  the last sixteen writes, newest first: see below
//
// Times are milliseconds since 1970. The index by_subject has pk as its
// partition key. The indexes hold keys, by_tenant and by_subject the state and the
// action too, and so cost no more than a small write each; whole rows come from the table.
//
// # Places and output
//
// More kinds of items are in the same table. They have no state, by which a
// filter of the stream and its consumers tell them from requests, and are in no
// index but due:
//
//	a limit's counter     pk  slot: and its name, with # and % written as above; id  taken; taken  N;
//	                      due and shard while requests may wait for it, of the kind 9 in the index due
//	a chunk of output     pk  the request's pk, #, its id, #, its log; id  the offset in 15 digits; data  B; ttl  N
//	a payload, a result   pk  the request's pk, #, its id, #bodies; id  payload# or result#, and the token of the write
//	                      that brought it; data  B; ttl  N
//	a schedule's state    pk  schedule: and its name, with # and % written as above; id  state; rev  N; paused  BOOL;
//	                      since, fired  N; last  S; write  S, the token of the write that made it
//
// A counter moves, and a chunk comes, in one TransactWriteItems with the request
// (Amazon DynamoDB Developer Guide, "Amazon DynamoDB Transactions: How it
// works"). A transaction returns no item, so the row is read before it, and it
// holds for the row with that very last write. A new request of an expired key
// has another log, so that it never sees the old one's chunks.
//
// A payload or a result above 4 KiB is written once, before the row that names it, so
// that what changes a row often (a lease, progress, output) does not write it again. Of
// a write that fails it is left behind, and its ttl removes it. A row of a version that
// had every payload inline gives it an item of its own when it is claimed.
//
// # Connections
//
// One item is one connection: id S (the partition key), tenant S (partition key
// of the index by_tenant), subject S, scopes L of S, expires N, connected N, ip and
// agent S where known, and ttl N, a day after the expiry. place S is the subject
// with # and % written as above, #, connected in 15 digits, #, and the id: sort key
// of by_tenant, which holds all of the item. The index due has shard N, a hash of
// the id, and due N, when the connection ends.
//
// # Writes whose answer was lost
//
// A call that fails for now is made again, and the one before it may have been
// carried out. Each write of a request leaves a random token in the item, in
// place of the oldest of sixteen, on the condition that it is not there yet. So a
// write is carried out once, and a second attempt that fails on this condition is
// known to be the first one's success, as long as fewer than sixteen others wrote
// the same request in between. Writes of connections may be made twice without
// harm.
package dynamo

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/pay-theory/streamer/aws/call"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/request"
)

// A Config says where the tables are. Region, Credentials and at least one table
// are required; a call that needs the other table fails.
type Config struct {
	Region      string
	Credentials sigv4.Provider // asked before each call, so it should cache

	RequestsTable    string
	ConnectionsTable string

	// Endpoint is where DynamoDB answers; "": as [call.Config] has it, such as
	// https://dynamodb.eu-west-1.amazonaws.com.
	Endpoint string

	// Shards spreads the index of what is due over so many partitions, each of
	// which takes 1,000 writes a second (Amazon DynamoDB Developer Guide,
	// "Burst and adaptive capacity"), for each kind of looks; a DueRequests costs a
	// call for each. It may be raised at any time, and lowered only when nothing is
	// due. At most 1,000. 0: 4.
	Shards int

	// OutputKept is how long a chunk of output is kept after it was written, and a
	// payload above 4 KiB, which lives on while its request does: each change of that
	// extends it, at the price of its size, where it would end before what the request
	// waits for. It should be longer than a request takes from its first chunk to its
	// end and then stays readable. 0: 30 days.
	OutputKept time.Duration

	// Attempts bounds how often a call is made that fails for now: throttled, a
	// server's fault, a lost connection. Before each but the first it waits, with
	// full jitter, at most 25 ms, then double, up to 1 s; after a connection that
	// was lost once, not at all. It also bounds how often a transaction begins
	// anew because another writer changed its request meanwhile. A call also ends
	// with its context. 0: 10.
	Attempts int

	// Timeout bounds one attempt; five times as long where an answer may have
	// 16 MB. 0: 2 s.
	Timeout time.Duration

	// Transport makes the calls; nil: one of its own, as lift/transport makes it.
	Transport http.RoundTripper
}

// A Store keeps requests and connections in DynamoDB. It is safe for concurrent
// use and needs no closing. Errors that are neither public nor named by the
// interfaces wrap a [*call.Error].
type Store struct {
	api         *api
	requests    string
	connections string
	shards      int
	outputKept  time.Duration
	counting    counting
}

var (
	_ request.Store           = (*Store)(nil)
	_ request.ConnectionStore = (*Store)(nil)
)

// New checks the config. It makes no call.
func New(config Config) (*Store, error) {
	switch {
	case config.RequestsTable == "" && config.ConnectionsTable == "":
		return nil, errors.New("dynamo: Config names no table: set RequestsTable, ConnectionsTable or both")
	case config.Shards < 0, config.OutputKept < 0:
		return nil, errors.New("dynamo: Config.Shards or OutputKept is negative: use 0 for the default")
	case config.Shards > maxShards:
		return nil, fmt.Errorf("dynamo: Config.Shards is %d: use at most %d", config.Shards, maxShards)
	}
	config.Timeout = cmp.Or(config.Timeout, 2*time.Second)
	client, err := call.New(call.Config{Service: "dynamodb", Region: config.Region, Credentials: config.Credentials, Endpoint: config.Endpoint,
		Attempts: cmp.Or(config.Attempts, 10), Timeout: config.Timeout, Transport: config.Transport, Transient: transient})
	if err != nil {
		return nil, fmt.Errorf("dynamo: %w", err)
	}
	return &Store{
		api:         &api{client: client, long: 5 * config.Timeout},
		requests:    config.RequestsTable,
		connections: config.ConnectionsTable,
		shards:      cmp.Or(config.Shards, 4),
		outputKept:  cmp.Or(config.OutputKept, 30*24*time.Hour),
		counting:    defaultCounting,
	}, nil
}
