// Package services stands in for the AWS services that the functions call:
// DynamoDB, by a real server behind a proxy, CloudWatch, the @connections API,
// SQS and the X-Ray daemon. It counts calls and makes them as slow as
// wanted.
package services

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pay-theory/streamer/emulator/dynamodb"
	"github.com/pay-theory/streamer/lift/sigv4"
	"github.com/pay-theory/streamer/store/dynamo"
)

// The names of the tables, as the functions get them.
const (
	Requests    = "streamer-requests"
	Connections = "streamer-connections"
)

// Services are the services of one function side. Close them when done.
type Services struct {
	delay                   atomic.Int64 // nanoseconds
	calls, segments, faults atomic.Int64

	mu   sync.Mutex
	made map[string]int    // calls by service and operation
	sent map[string]string // bodies of messages that were sent to the queue, by the request that they name

	database *dynamodb.Server
	xray     net.PacketConn
	plain    map[string]*httptest.Server // by service
	secure   map[string]*httptest.Server

	folder string
}

// Start starts the services over a fresh database, whose binary is kept in the
// folder cache.
func Start(ctx context.Context, cache string) (*Services, error) {
	s := &Services{sent: map[string]string{}, made: map[string]int{}, plain: map[string]*httptest.Server{},
		secure: map[string]*httptest.Server{}}
	if err := s.start(ctx, cache); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Services) start(ctx context.Context, cache string) error {
	binary, err := dynamodb.Install(ctx, cache)
	if err != nil {
		return err
	}
	if s.database, err = dynamodb.Start(ctx, dynamodb.Config{Binary: binary}); err != nil {
		return err
	}
	store, err := dynamo.New(dynamo.Config{Region: region, Credentials: credentials, Endpoint: s.database.Endpoint,
		RequestsTable: Requests, ConnectionsTable: Connections})
	if err != nil {
		return err
	}
	if err := store.CreateTables(ctx); err != nil {
		return err
	}
	endpoint, err := url.Parse(s.database.Endpoint)
	if err != nil {
		return err
	}
	quiet := log.New(io.Discard, "", 0)
	for name, handler := range map[string]http.Handler{
		"dynamodb": &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(endpoint) },
			Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
			ErrorLog:  quiet,
		},
		"cloudwatch":  http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Smithy-Protocol", "rpc-v2-cbor") }),
		"execute-api": http.HandlerFunc(s.post),
		"sqs":         http.HandlerFunc(s.send),
	} {
		handler = s.observe(name, handler)
		s.plain[name] = httptest.NewServer(handler)
		secure := httptest.NewUnstartedServer(handler)
		secure.Config.ErrorLog = quiet // of handshakes with processes that are killed
		secure.StartTLS()              // HTTP/1.1, which is what these services speak
		s.secure[name] = secure
	}
	if s.folder, err = os.MkdirTemp("", "streamer-bench-"); err != nil {
		return err
	}
	// One certificate is that of all test servers.
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.secure["sqs"].Certificate().Raw})
	// Among the others: nothing says where Amazon's stand.
	trusted := systemBundle()
	middle := max(0, bytes.LastIndex(trusted[:len(trusted)/2], []byte("-----BEGIN CERTIFICATE-----")))
	if err := os.WriteFile(s.authorities(), slices.Insert(trusted, middle, certificate...), 0o600); err != nil {
		return err
	}
	if s.xray, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		return err
	}
	go s.receive()
	return nil
}

const region = "us-east-1"

var credentials = sigv4.Static(sigv4.Credentials{AccessKeyID: "bench", SecretAccessKey: "bench"})

// Env returns the environment with which a function calls these services, over
// TLS or not.
func (s *Services) Env(secure bool) []string {
	servers := s.plain
	if secure {
		servers = s.secure
	}
	return []string{
		"AWS_REGION=" + region, "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench",
		"AWS_ENDPOINT_URL_DYNAMODB=" + servers["dynamodb"].URL,
		"AWS_ENDPOINT_URL_CLOUDWATCH=" + servers["cloudwatch"].URL,
		"AWS_ENDPOINT_URL_SQS=" + servers["sqs"].URL, "STREAMER_QUEUE_URL=" + servers["sqs"].URL + "/123456789012/streamer-dispatch",
		"AWS_XRAY_DAEMON_ADDRESS=" + s.xray.LocalAddr().String(),
		"STREAMER_CALLBACK_URL=" + servers["execute-api"].URL + "/bench",
		"STREAMER_CONNECTIONS_TABLE=" + Connections, "STREAMER_REQUESTS_TABLE=" + Requests,
		// As on Amazon Linux, where /etc/ssl/certs and /etc/pki/tls/certs are one
		// folder that has the bundle.
		"SSL_CERT_FILE=" + s.authorities(), "SSL_CERT_DIR=" + s.folder + ":" + s.folder,
	}
}

func (s *Services) authorities() string { return filepath.Join(s.folder, "ca-bundle.crt") }

// systemBundle is what the machine trusts, which a function on Lambda trusts
// too; empty where there is no such file.
func systemBundle() []byte {
	for _, name := range []string{"/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem"} {
		if text, err := os.ReadFile(name); err == nil {
			return text
		}
	}
	return nil
}

// Authorities returns how many certificates the functions trust.
func Authorities() int { return 1 + bytes.Count(systemBundle(), []byte("-----BEGIN CERTIFICATE-----")) }

// SetDelay makes each call take longer by that.
func (s *Services) SetDelay(d time.Duration) { s.delay.Store(int64(d)) }

// observe counts and delays.
func (s *Services) observe(service string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		operation := r.Method
		if _, name, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
			operation = name
		}
		s.mu.Lock()
		s.made[service+" "+operation]++
		s.mu.Unlock()
		if delay := time.Duration(s.delay.Load()); delay > 0 {
			time.Sleep(delay)
		}
		next.ServeHTTP(w, r)
	})
}

// post takes a frame for a connection. One that tells of an error is a fault,
// since no event here should cause any.
func (s *Services) post(_ http.ResponseWriter, r *http.Request) {
	frame, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if bytes.Contains(frame, []byte(`"type":"error"`)) {
		s.faults.Add(1)
	}
}

// send takes a message for the queue.
func (s *Services) send(w http.ResponseWriter, r *http.Request) {
	var message struct{ MessageBody string }
	var body struct {
		Run struct {
			ID string `json:"id"`
		} `json:"run"`
	}
	err := json.NewDecoder(r.Body).Decode(&message)
	if err == nil {
		err = json.Unmarshal([]byte(message.MessageBody), &body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.sent[body.Run.ID] = message.MessageBody
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = io.WriteString(w, `{"MessageId":"5fea7756-0ea4-451a-a703-a558b933e274"}`) // a function that is killed reads no answer
}

// Message returns the body of the last message that was sent for a request.
func (s *Services) Message(request string) (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	body, sent := s.sent[request]
	return body, sent
}

// receive counts what would reach the X-Ray daemon.
func (s *Services) receive() {
	datagram := make([]byte, 64<<10)
	for {
		if _, _, err := s.xray.ReadFrom(datagram); err != nil {
			return // closed
		}
		s.segments.Add(1)
	}
}

// Counts are what was called since the last time.
type Counts struct {
	Calls    int
	Segments int            // datagrams to the X-Ray daemon
	Faults   int            // error frames sent to connections
	Made     map[string]int // calls by service and operation
}

// Take returns the counts and starts them anew.
func (s *Services) Take() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	made := s.made
	s.made = map[string]int{}
	return Counts{int(s.calls.Swap(0)), int(s.segments.Swap(0)), int(s.faults.Swap(0)), made}
}

// Close stops the services and discards the database.
func (s *Services) Close() error {
	var faults []error
	for _, servers := range []map[string]*httptest.Server{s.plain, s.secure} {
		for _, server := range servers {
			server.CloseClientConnections()
			server.Close()
		}
	}
	if s.xray != nil {
		faults = append(faults, s.xray.Close())
	}
	if s.database != nil {
		s.database.Stop()
	}
	if s.folder != "" {
		faults = append(faults, os.RemoveAll(s.folder))
	}
	return errors.Join(faults...)
}
