package lambda

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
)

// maxTail is how much of the log Invoke answers with.
const maxTail = 4 << 10

// A logTail is the end of an invocation's log, with the lines of Lambda itself around the
// function's own:
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
// How much memory was used is not among them. It is safe for concurrent use; a nil one
// takes nothing.
type logTail struct {
	version string
	json    bool // the log format, text else

	mu   sync.Mutex
	text []byte
}

func (t *logTail) add(line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(append(t.text, line...), '\n')
	t.text = t.text[max(0, len(t.text)-maxTail):]
}

// result is X-Amz-Log-Result.
func (t *logTail) result() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return base64.StdEncoding.EncodeToString(t.text)
}

func (t *logTail) start(inv *invocation) {
	if t.json {
		t.event("platform.start", map[string]any{"requestId": inv.id, "version": t.version})
		return
	}
	t.add([]byte("START RequestId: " + inv.id + " Version: " + t.version))
}

func (t *logTail) report(r Report, c ProcessConfig) {
	if t == nil {
		return
	}
	milliseconds := func(d time.Duration) float64 { return math.Round(float64(d)/1e4) / 100 }
	billed := math.Ceil(milliseconds(r.Init + r.Duration)) // with the init, as since August 2025
	if t.json {
		metrics := map[string]any{"durationMs": milliseconds(r.Duration), "billedDurationMs": billed, "memorySizeMB": c.Memory}
		if r.Init > 0 {
			metrics["initDurationMs"] = milliseconds(r.Init)
		}
		status := "success"
		if r.Err != nil {
			status = "error"
		}
		t.event("platform.report", map[string]any{"requestId": r.RequestID, "metrics": metrics, "status": status})
		return
	}
	var line strings.Builder
	fmt.Fprintf(&line, "END RequestId: %s\nREPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB",
		r.RequestID, r.RequestID, milliseconds(r.Duration), billed, c.Memory)
	if r.Init > 0 {
		fmt.Fprintf(&line, "\tInit Duration: %.2f ms", milliseconds(r.Init))
	}
	t.add([]byte(line.String()))
}

func (t *logTail) event(kind string, record map[string]any) {
	line, _ := json.Marshal(map[string]any{"time": time.Now().UTC().Format("2006-01-02T15:04:05.000Z"), "type": kind, "record": record})
	t.add(line) // strings and numbers encode
}
