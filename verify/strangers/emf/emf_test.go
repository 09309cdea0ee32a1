// Package emf holds every metric line against AWS's own library for the embedded metric format,
// aws-embedded-metrics: its checks, and how it writes the same metrics.
package emf

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/actions"
	"github.com/pay-theory/streamer/emulator/dynamodb/dynamodbtest"
	"github.com/pay-theory/streamer/functions"
	"github.com/pay-theory/streamer/internal/nodetest"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/lift/metric"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/verify"
)

// judged fails for each line that AWS's library does not take, or writes otherwise.
func judged(t *testing.T, lines []string) {
	t.Helper()
	in, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []string
	if err := json.Unmarshal(nodetest.Output(t, "..", in, "emf/judge.mjs"), &verdicts); err != nil || len(verdicts) != len(lines) {
		t.Fatalf("got %d verdicts and %v, want %d", len(verdicts), err, len(lines))
	}
	for i, verdict := range verdicts {
		if verdict != "" {
			t.Errorf("%s\n%s", verdict, lines[i])
		}
		if len(lines[i]) > 1<<20 {
			t.Errorf("the line has %d bytes, want 1 MiB at most", len(lines[i]))
		}
	}
}

// What the recorder writes of sets of every shape, up to the limits.
func TestRecorder(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	rec, err := metric.New(metric.Config{Namespace: "Shop/Orders #1", Writer: &out, Dimensions: []metric.Dimension{{Name: "Stage", Value: "prod"}}})
	if err != nil {
		t.Fatal(err)
	}
	one := rec.Start()
	one.Add("Orders", 1, metric.Count)
	one.AddHighResolution("Latency", 12.25, metric.Milliseconds)
	one.Property(slog.String("order", "größe ✓"), slog.Int("n", 7), slog.Bool("cold", true), slog.Group("cart", slog.Int("items", 2)))
	many := rec.Start()
	for i := range 250 { // metrics: three lines
		many.Add(fmt.Sprint("Metric", i), float64(i), metric.None)
	}
	values := rec.Start()
	for i := range 201 { // values: three lines, of which the last has one
		values.Add("Size", float64(i)/8, metric.Bytes)
	}
	values.Add("Sum", 5, metric.Count)
	full := rec.Start()
	var dimensions []metric.Dimension
	for i := range 29 {
		dimensions = append(dimensions, metric.Dimension{Name: fmt.Sprint("D", i), Value: strings.Repeat("v", 1024)})
	}
	full.With(dimensions...).Add("Full", -1.5e-7, metric.Seconds)
	for _, s := range []*metric.Set{one, many, values, full} {
		if err := s.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 1+3+3+1 {
		t.Errorf("got %d lines, want %d", len(lines), 1+3+3+1)
	}
	judged(t, lines)
}

// What AWS's library refuses is refused here, too.
func TestRefusals(t *testing.T) {
	t.Parallel()
	line := func(namespace, dimension, value, name string) string {
		b, err := json.Marshal(map[string]any{"_aws": map[string]any{"Timestamp": time.Now().UnixMilli(), "CloudWatchMetrics": []any{map[string]any{
			"Namespace": namespace, "Dimensions": [][]string{{dimension}}, "Metrics": []any{map[string]any{"Name": name, "Unit": "Count"}}}}},
			dimension: value, name: 1})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	cases := []struct{ name, namespace, dimension, value, metric string }{
		{"a namespace in another script", "größe", "D", "v", "M"},
		{"a namespace with a sign that CloudWatch has not", "a,b", "D", "v", "M"},
		{"a namespace of spaces", "  ", "D", "v", "M"},
		{"a dimension in another script", "N", "größe", "v", "M"},
		{"a dimension that begins with a colon", "N", ":D", "v", "M"},
		{"a dimension of spaces", "N", "  ", "v", "M"},
		{"a value in another script", "N", "D", "größe", "M"},
		{"a value of spaces", "N", "D", "  ", "M"},
		{"a long value", "N", "D", strings.Repeat("v", 1025), "M"},
		{"a metric of spaces", "N", "D", "v", "  "},
	}
	var lines []string
	for _, c := range cases {
		lines = append(lines, line(c.namespace, c.dimension, c.value, c.metric))
	}
	in, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	var verdicts []string
	if err := json.Unmarshal(nodetest.Output(t, "..", in, "emf/judge.mjs"), &verdicts); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if verdicts[i] == "" {
				t.Fatalf("AWS's library takes it, so this case says nothing: %s", lines[i])
			}
			var out bytes.Buffer
			rec, err := metric.New(metric.Config{Namespace: c.namespace, Writer: &out, Dimensions: []metric.Dimension{{Name: c.dimension, Value: c.value}}})
			if err == nil {
				s := rec.Start()
				s.Add(c.metric, 1, metric.Count)
				err = s.Flush()
			}
			if err == nil || out.Len() > 0 {
				t.Errorf("got %v and the line %s, want none, since AWS's library says: %s", err, &out, verdicts[i])
			}
		})
	}
}

// What the functions write while they are checked, in this process.
func TestFunctions(t *testing.T) {
	t.Parallel()
	var out lifttest.Log
	dev, err := stack.StartDev(t.Context(), stack.DevConfig{Data: t.TempDir(), Listen: "127.0.0.1:0", SweepEvery: time.Second, Metrics: &out,
		Parts: functions.Parts{Logger: slog.New(slog.DiscardHandler), Lease: 4 * time.Second,
			Actions: func(requests request.Lister) ([]streamer.Action, error) { return actions.All(requests) }}})
	if err != nil {
		t.Fatal(err)
	}
	checked(t, dev, "handshake", "http")
	judged(t, metricLines(t, out.String()))
}

// What the real binaries print on staging.
func TestBinaries(t *testing.T) {
	t.Parallel()
	if os.Getenv("STREAMER_STRANGERS") == "" {
		t.Skip("builds and runs the functions: make strangers")
	}
	dynamodbtest.Binary(t) // or skip
	var out lifttest.Log
	source := filepath.Join("..", "..", "..")
	staging, err := stack.StartStaging(t.Context(), stack.StagingConfig{Source: source, Cache: filepath.Join(source, ".cache", "dynoxide"),
		Logger: slog.New(slog.DiscardHandler), Output: &out, SweepEvery: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	checked(t, staging)
	lines := metricLines(t, out.String())
	for _, function := range []string{"connect", "disconnect", "router", "processor"} {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.Contains(line, `"streamer-`+function+`"`) }) {
			t.Errorf("no metrics of %s are among %d lines", function, len(lines))
		}
	}
	judged(t, lines)
}

// checked runs the checks of some groups, or all, against a stack, so that its functions write
// metrics, and closes it. What a check finds is for its own tests.
func checked(t *testing.T, running stack.Stack, groups ...string) {
	t.Helper()
	sign := func(tenant string, claims map[string]any) string {
		token, err := running.Sign(stack.Grant{Tenant: tenant, Subject: "ada", TTL: time.Hour}, claims, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	target := &verify.Target{WebSocketURL: running.WebSocketURL(), HTTPURL: running.HTTPURL(), Token: sign("acme", nil), OtherToken: sign("globex", nil),
		Sign: func(claims map[string]any) (string, error) { return sign("acme", claims), nil }}
	checks := slices.DeleteFunc(verify.Checks(), func(c verify.Check) bool { return len(groups) > 0 && !slices.Contains(groups, c.Group) })
	verify.Run(t.Context(), target, checks, func(r verify.Result) {
		if r.Err != nil && !r.Skipped() {
			t.Logf("%s/%s: %v", r.Group, r.Name, r.Err)
		}
	})
	if err := running.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Error(err)
	}
}

// metricLines are the lines of the embedded metric format in a log.
func metricLines(t *testing.T, log string) (lines []string) {
	t.Helper()
	for line := range strings.Lines(log) {
		if at := strings.Index(line, `{"_aws"`); at >= 0 {
			lines = append(lines, strings.TrimSpace(line[at:]))
		}
	}
	if len(lines) == 0 {
		t.Fatal("no metric was written")
	}
	t.Logf("%d lines", len(lines))
	return lines
}
