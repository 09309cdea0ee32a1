package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
)

func TestLogRingKeepsTheNewestOfEachCorrelationID(t *testing.T) {
	t.Parallel()
	var ring logRing
	for i := range ringLines + 10 {
		fmt.Fprintf(&ring, `{"correlation_id":"c-%d","tenant":"acme","msg":"m%d"}`+"\n", i%2, i)
	}
	lines := ring.lines("c-1", "acme")
	if len(lines) != ringLines/2 {
		t.Fatalf("%d lines are kept", len(lines))
	}
	if first, last := string(lines[0]), string(lines[len(lines)-1]); !strings.Contains(first, `"m11"`) || !strings.Contains(last,
		fmt.Sprintf(`"m%d"`, ringLines+9)) {
		t.Errorf("from %s to %s", first, last)
	}
}

func TestLogRingLeavesOut(t *testing.T) {
	t.Parallel()
	var ring logRing
	for _, text := range []string{
		`{"_aws":{"Timestamp":1},"Duration":2,"correlation_id":"c"}` + "\n",
		"no JSON\n", "{\"msg\":\"of no call\"}\n", `{"correlation_id":"c","tenant":"other","msg":"another tenant's"}` + "\n",
		`{"correlation_id":"c","msg":"without a tenant"}` + "\n", `{"correlation_id":"c","tenant":"acme","msg":"cut`,
		`{"correlation_id":"c","tenant":"other","Tenant":"acme","msg":"by another name"}` + "\n",
		`{"correlation_id":"c","tenant":"other","msg":"what a client sent","tenant":"acme"}` + "\n",
		`{"correlation_id":"c","tenant":"acme","msg":"` + strings.Repeat("x", ringMaxLine) + "\"}\n",
		// What a process prints may come with several lines at once.
		`router: {"correlation_id":"c","tenant":"acme","msg":"one"}` + "\n" + `{"correlation_id":"c","tenant":"acme","n":2,"msg":"two"}` + "\n",
	} {
		if n, err := io.WriteString(&ring, text); n != len(text) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	if lines := ring.lines("c", "acme"); len(lines) != 2 || !strings.Contains(string(lines[0]), "one") ||
		!strings.Contains(string(lines[1]), "two") {
		t.Errorf("%s", lines)
	}
	if lines := ring.lines("d", "acme"); lines == nil || len(lines) != 0 {
		t.Errorf("of an unknown id: %s", lines)
	}
}

// A text may be escaped in a line, or not: both are found.
func TestLogRingFindsWhatIsEscaped(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{"plain": "c-1.a_b:c", "escaped": `"<é>\/`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ring logRing
			slog.New(slog.NewJSONHandler(&ring, nil)).Info("found", "correlation_id", id, "tenant", "acme")
			encoded, err := json.Marshal(id)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&ring, `{"correlation_id":%s,"tenant":"acme"}`+"\n", encoded)
			if lines := ring.lines(id, "acme"); len(lines) != 2 {
				t.Errorf("got %s, want both lines", lines)
			}
		})
	}
}

// What goes into the ring is without credentials, whatever the other logger does.
func TestLogRingTee(t *testing.T) {
	t.Parallel()
	var ring logRing
	var out bytes.Buffer
	logger := ring.tee(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelError})))
	logger.With("correlation_id", "c", "tenant", "acme").WithGroup("g").Info("signed in", "password", "hunter2", "header",
		"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.c2VjcmV0")
	logger.Debug("too fine")
	if out.Len() != 0 {
		t.Errorf("below its level: %s", &out)
	}
	lines := ring.lines("c", "acme")
	if len(lines) != 1 || !strings.Contains(string(lines[0]), "signed in") || strings.Contains(string(lines[0]), "hunter2") ||
		strings.Contains(string(lines[0]), "eyJ") {
		t.Errorf("%s", lines)
	}
}
