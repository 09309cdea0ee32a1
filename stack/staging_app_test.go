package stack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/stack/testdata/shopapp/shop"
)

// A user's actions find the variable, the secret and the policies that the parameters
// give them, on two stacks at the same time, of which neither calls anything of the other's.
func TestTwoStacksOfOnesOwnActions(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds and runs the functions")
	}
	dynamodbtest.Binary(t) // or skip
	both := t              // at whose end the stacks end
	var calls [2]*named
	for i, of := range []struct{ name, currency, secret, deployment, level string }{
		{"shop-test", "EUR", "sesame", "AllAtOnce", "INFO"}, {"shop-prod", "USD", "mellon", "Canary10Percent5Minutes", "ERROR"},
	} {
		calls[i] = &named{}
		t.Run(of.name, func(t *testing.T) {
			var log, printed lifttest.Log
			policy, path := "arn:aws:iam::123456789012:policy/"+of.name, "/"+of.name+"/"
			running, err := stack.StartStaging(t.Context(), stack.StagingConfig{Source: filepath.Join("testdata", "shopapp"),
				Template: filepath.Join("..", "deploy", "template.yaml"), Cache: filepath.Join("..", ".cache", "dynoxide"), Name: of.name,
				Parameters: map[string]string{"Environment": `{"CURRENCY":"` + of.currency + `"}`, "EnvironmentPath": path, "PolicyArns": policy,
					"SubnetIds": "subnet-1", "SecurityGroupIds": "sg-1",
					"Deployment": of.deployment, "Release": "1", "LogLevel": of.level, "Layers": "arn:aws:lambda:us-east-1:123456789012:layer:tools:1"},
				ParameterStore: map[string]string{path + "API_KEY": of.secret, "/other/API_KEY": "another"},
				Logger:         log.Logger(), Output: &printed, Between: calls[i].note})
			if err != nil {
				t.Fatal(err)
			}
			both.Cleanup(func() {
				ctx, cancel := context.WithTimeout(context.WithoutCancel(both.Context()), 20*time.Second)
				defer cancel()
				if err := running.Close(ctx); err != nil {
					both.Error(err)
				}
				if strings.Contains(printed.String(), of.secret) || strings.Contains(log.String(), of.secret) {
					both.Error("got the secret in the functions' output, want no value there")
				}
				lines, metrics := strings.Contains(printed.String(), `"level":"INFO"`), strings.Contains(printed.String(), `"CloudWatchMetrics"`)
				if lines != (of.level == "INFO") || !metrics {
					both.Errorf("at LogLevel %s: got lines at INFO: %t, and metrics: %t; want metrics at every level", of.level, lines, metrics)
				}
			})
			c := clientOf(t, running, "acme")
			want := shop.Settings{Currency: of.currency, KeyHash: shop.HashOf(of.secret)}
			for _, action := range []string{"price", "ship"} {
				raw, err := c.Do(t.Context(), client.Request{Action: action}, nil)
				if err != nil {
					t.Fatalf("%s: %v", action, err)
				}
				var got shop.Settings
				if err := json.Unmarshal(raw, &got); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s finds (-want +got):\n%s", action, diff)
				}
			}
			for function, want := range map[string][]string{"router": {policy}, "processor": {policy}, "connect": nil, "disconnect": nil} {
				if got := running.Policies(function); !slices.Equal(got, want) {
					t.Errorf("%s: got the policies %q, want %q", function, got, want)
				}
			}
		})
	}
	first, second := calls[0].names(), calls[1].names()
	for one := range first {
		if second[one] {
			t.Errorf("both stacks call %s, want it of one alone", one)
		}
	}
	if len(first) < 4 {
		t.Errorf("got the tables, queues and paths %v in the calls, want the two tables, the queue and the path", first)
	}
}

// named are the tables, queues and paths that a stack's functions call.
type named struct {
	mu  sync.Mutex
	all map[string]bool
}

// names are those until now; the sweep goes on to call.
func (n *named) names() map[string]bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return maps.Clone(n.all)
}

func (n *named) note(service string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var in struct{ TableName, QueueUrl, Path string }
		if json.Unmarshal(body, &in) == nil {
			n.mu.Lock()
			for _, name := range []string{in.TableName, in.QueueUrl, in.Path} {
				if name != "" {
					if n.all == nil {
						n.all = map[string]bool{}
					}
					n.all[service+" "+name] = true
				}
			}
			n.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}
