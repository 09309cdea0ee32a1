// Package awstest starts what the functions call: a DynamoDB-compatible server,
// and stubs of SQS, CloudWatch, X-Ray's daemon and the @connections API.
package awstest

import (
	"context"
	"crypto/ed25519"
	"crypto/md5"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-xray-sdk-go/xray"
	"github.com/golang-jwt/jwt/v5"
)

// The tables that Start makes.
const (
	ConnectionsTable = "connections"
	RequestsTable    = "requests"
)

// Services are what the functions call, for one test.
type Services struct {
	DynamoDB *dynamodb.Client

	key ed25519.PrivateKey

	mu       sync.Mutex
	gone     bool
	failing  bool
	frames   []map[string]any
	metrics  int
	messages []string
	segments net.PacketConn
}

// Start starts the services and puts where they are into the environment, so
// that the test must not be parallel.
func Start(t *testing.T) *Services {
	t.Helper()
	s := &Services{}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	s.key = private
	if s.segments, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.segments.Close() })
	for name, value := range map[string]string{
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
		"AWS_ENDPOINT_URL_DYNAMODB":   startDynamoDB(t),
		"AWS_ENDPOINT_URL_CLOUDWATCH": serve(t, s.cloudWatch),
		"AWS_XRAY_DAEMON_ADDRESS":     s.segments.LocalAddr().String(),
		"AWS_ENDPOINT_URL_SQS":        serve(t, s.queue),
		"STREAMER_QUEUE_URL":          "https://sqs.us-east-1.amazonaws.com/123456789012/dispatch",
		"STREAMER_CALLBACK_URL":       serve(t, s.connections) + "/stage",
		"STREAMER_CONNECTIONS_TABLE":  ConnectionsTable,
		"STREAMER_REQUESTS_TABLE":     RequestsTable,
		"STREAMER_JWT_KEYS":           string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		"STREAMER_JWT_ISSUER":         "issuer",
		"STREAMER_JWT_AUDIENCE":       "audience",
	} {
		t.Setenv(name, value)
	}
	// The SDK has read the address before.
	if err := xray.Configure(xray.Config{DaemonAddr: s.segments.LocalAddr().String()}); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.LoadDefaultConfig(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.DynamoDB = dynamodb.NewFromConfig(cfg)
	s.createTables(t)
	return s
}

func serve(t *testing.T, handle http.HandlerFunc) string {
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server.URL
}

// cloudWatch answers as
// https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html wants.
func (s *Services) queue(w http.ResponseWriter, r *http.Request) {
	var sent struct{ MessageBody string }
	if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.messages = append(s.messages, sent.MessageBody)
	broken := s.failing
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if broken {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	digest := md5.Sum([]byte(sent.MessageBody)) // which the SDK checks
	fmt.Fprintf(w, `{"MessageId":"m","MD5OfMessageBody":"%x"}`, digest)
}

// Messages returns the bodies of the messages that were sent since it was called last.
func (s *Services) Messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.messages
	s.messages = nil
	return sent
}

func (s *Services) cloudWatch(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	if s.failing {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	s.metrics++
}

func (s *Services) connections(w http.ResponseWriter, r *http.Request) {
	data, err := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	var frame map[string]any
	switch {
	case s.gone:
		w.Header().Set("X-Amzn-ErrorType", "GoneException")
		w.WriteHeader(http.StatusGone)
	case s.failing:
		w.WriteHeader(http.StatusForbidden)
	case err != nil || json.Unmarshal(data, &frame) != nil || !strings.HasPrefix(r.URL.Path, "/stage/@connections/"):
		w.WriteHeader(http.StatusBadRequest)
	default:
		s.frames = append(s.frames, frame)
	}
}

// Frames returns the frames that were sent since the last call.
func (s *Services) Frames() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	frames := s.frames
	s.frames = nil
	return frames
}

// Metrics returns how often metrics were put since the last call.
func (s *Services) Metrics() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.metrics
	s.metrics = 0
	return n
}

// HangUp makes every connection one that has closed.
func (s *Services) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = true
}

// Break makes CloudWatch and the @connections API refuse every call.
func (s *Services) Break() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = true
}

// Segment returns the name of the next segment that was traced.
func (s *Services) Segment(t *testing.T) string {
	t.Helper()
	if err := s.segments.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	packet := make([]byte, 64<<10)
	n, _, err := s.segments.ReadFrom(packet)
	if err != nil {
		t.Fatal(err)
	}
	_, document, _ := strings.Cut(string(packet[:n]), "\n")
	var segment struct{ Name string }
	if err := json.Unmarshal([]byte(document), &segment); err != nil {
		t.Fatalf("%s: %v", packet[:n], err)
	}
	return segment.Name
}

// Context is that of an invocation whose trace is sampled.
func Context(t *testing.T) context.Context {
	const trace = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
	//lint:ignore SA1029 aws-lambda-go uses this key
	return context.WithValue(t.Context(), xray.LambdaTraceHeaderKey, trace)
}

// Token signs a token that the functions accept, with claims changed or, for nil,
// left out.
func (s *Services) Token(t *testing.T, changes map[string]any) string {
	t.Helper()
	claims := jwt.MapClaims{"iss": "issuer", "aud": "audience", "sub": "ada", "tenant_id": "acme", "exp": time.Now().Add(time.Hour).Unix()}
	for name, value := range changes {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// startDynamoDB starts the server that the tests of the module around this one
// have fetched.
func startDynamoDB(t *testing.T) string {
	t.Helper()
	program := ""
	folder, err := filepath.Abs(".")
	for err == nil && program == "" && folder != filepath.Dir(folder) {
		found, globErr := filepath.Glob(filepath.Join(folder, ".cache", "dynoxide", "dynoxide-[0-9]*"))
		if err = globErr; len(found) > 0 {
			program = found[len(found)-1]
		}
		folder = filepath.Dir(folder)
	}
	if err == nil && program == "" && os.Getenv("CI") == "" {
		t.Skip("this test needs a DynamoDB-compatible server, which make baseline fetches on linux/amd64")
	}
	if err != nil || program == "" {
		t.Fatalf("no DynamoDB-compatible server (%v); make baseline fetches it", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	server := exec.CommandContext(context.WithoutCancel(t.Context()), program, "--host", "127.0.0.1", "--port", fmt.Sprint(address.Port))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill() // it may have ended
		_ = server.Wait()
	})
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 2000 {
		if conn, err := net.Dial("tcp", address.String()); err == nil {
			conn.Close()
			return "http://" + address.String()
		}
		<-tick.C
	}
	t.Fatal("the DynamoDB-compatible server does not answer")
	return ""
}

// createTables makes the tables as they are deployed, but for the indexes that
// the functions do not read.
func (s *Services) createTables(t *testing.T) {
	t.Helper()
	text := func(name string) types.AttributeDefinition {
		return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}
	}
	part := func(name string, kind types.KeyType) types.KeySchemaElement {
		return types.KeySchemaElement{AttributeName: aws.String(name), KeyType: kind}
	}
	for _, table := range []*dynamodb.CreateTableInput{
		{
			TableName:            aws.String(ConnectionsTable),
			AttributeDefinitions: []types.AttributeDefinition{text("id")},
			KeySchema:            []types.KeySchemaElement{part("id", types.KeyTypeHash)},
		},
		{
			TableName:            aws.String(RequestsTable),
			AttributeDefinitions: []types.AttributeDefinition{text("pk"), text("id"), text("tenant"), text("order")},
			KeySchema:            []types.KeySchemaElement{part("pk", types.KeyTypeHash), part("id", types.KeyTypeRange)},
			GlobalSecondaryIndexes: []types.GlobalSecondaryIndex{{
				IndexName:  aws.String("by_tenant"),
				KeySchema:  []types.KeySchemaElement{part("tenant", types.KeyTypeHash), part("order", types.KeyTypeRange)},
				Projection: &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: []string{"state"}},
			}},
		},
	} {
		table.BillingMode = types.BillingModePayPerRequest
		if _, err := s.DynamoDB.CreateTable(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
}
