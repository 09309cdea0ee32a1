package services_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer/measure/bench/services"
)

func TestServices(t *testing.T) {
	t.Parallel()
	s, err := services.Start(t.Context(), filepath.Join("..", "..", "..", ".cache", "dynoxide"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, secure := range []bool{false, true} {
		env := map[string]string{}
		for _, pair := range s.Env(secure) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		client := &http.Client{Transport: trusting(t, env["SSL_CERT_FILE"])}
		post := func(url, target, body string) string {
			t.Helper()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if target != "" {
				req.Header.Set("X-Amz-Target", target)
				req.Header.Set("Content-Type", "application/x-amz-json-1.0")
				req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, "+
					"Signature=0")
				req.Header.Set("X-Amz-Date", "20260101T000000Z")
			}
			res, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			text, err := io.ReadAll(res.Body)
			if err != nil || res.ProtoMajor != 1 {
				t.Fatalf("%s: %s %v", url, res.Proto, err)
			}
			return string(text)
		}
		s.Take()
		s.SetDelay(20 * time.Millisecond)
		began := time.Now()
		if tables := post(env["AWS_ENDPOINT_URL_DYNAMODB"], "DynamoDB_20120810.ListTables", "{}"); !strings.Contains(tables, services.Requests) {
			t.Errorf("tables: %s", tables)
		}
		if took := time.Since(began); took < 20*time.Millisecond {
			t.Errorf("a call that takes 20 ms more took %v", took)
		}
		s.SetDelay(0)
		post(env["AWS_ENDPOINT_URL_CLOUDWATCH"], "", "")
		post(env["STREAMER_CALLBACK_URL"]+"/@connections/a", "", `{"type":"response"}`)
		post(env["STREAMER_CALLBACK_URL"]+"/@connections/a", "", `{"type":"error"}`)
		post(env["STREAMER_QUEUE_URL"], "", `{"MessageBody":"{\"run\":{\"id\":\"r1\"}}"}`)
		if got, sent := s.Message("r1"); !sent || got != `{"run":{"id":"r1"}}` {
			t.Errorf("got the message %s, want the body that was sent", got)
		}
		counts := s.Take()
		if counts.Calls != 5 || counts.Faults != 1 || counts.Made["dynamodb ListTables"] != 1 || counts.Made["execute-api POST"] != 2 {
			t.Errorf("%+v", counts)
		}
		if again := s.Take(); again.Calls != 0 || len(again.Made) != 0 {
			t.Errorf("taken twice: %+v", again)
		}
		xray, err := net.Dial("udp", env["AWS_XRAY_DAEMON_ADDRESS"])
		if err != nil {
			t.Fatal(err)
		}
		defer xray.Close()
		if _, err := xray.Write([]byte("segment")); err != nil {
			t.Error(err)
		}
	}
}

func trusting(t *testing.T, file string) *http.Transport {
	t.Helper()
	authorities, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authorities)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}
