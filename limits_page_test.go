package streamer_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pay-theory/streamer"
	"github.com/pay-theory/streamer/request"
	"github.com/pay-theory/streamer/wire"
)

// pageConstants are those that docs/limits.md may name, as the page writes them.
var pageConstants = map[string]string{
	"wire.MaxMessage":           kib(wire.MaxMessage),
	"wire.MaxID":                fmt.Sprintf("%d characters", wire.MaxID),
	"wire.MaxNesting":           thousands(wire.MaxNesting),
	"request.MaxPayload":        kib(request.MaxPayload),
	"request.MaxMetadata":       kib(request.MaxMetadata),
	"request.MaxInFrame":        kib(request.MaxInFrame),
	"streamer.MaxWait":          streamer.MaxWait.String(),
	"request.MaxResult":         kib(request.MaxResult),
	"request.MaxCheckpoint":     kib(request.MaxCheckpoint),
	"request.MaxStepResult":     kib(request.MaxStepResult),
	"request.MaxSteps":          kib(request.MaxSteps),
	"request.MaxStepName":       fmt.Sprintf("%d bytes", request.MaxStepName),
	"request.MaxChunk":          kib(request.MaxChunk),
	"request.MaxOutput":         thousands(request.MaxOutput),
	"request.MaxMessageText":    kib(request.MaxMessageText),
	"request.MaxErrorDetails":   kib(request.MaxErrorDetails),
	"request.MaxHistory":        fmt.Sprint(request.MaxHistory),
	"wire.MaxCause":             kib(wire.MaxCause),
	"request.MaxCauses":         kib(request.MaxCauses),
	"wire.MaxAudit":             fmt.Sprint(wire.MaxAudit),
	"request.MaxChildren":       thousands(request.MaxChildren),
	"request.MaxDepth":          fmt.Sprint(request.MaxDepth),
	"request.MaxSubscribers":    fmt.Sprint(request.MaxSubscribers),
	"streamer.MaxShortLimit":    streamer.MaxShortLimit.String(),
	"request.MaxDelay":          fmt.Sprintf("%d min", request.MaxDelay/time.Minute),
	"request.MaxAhead":          fmt.Sprintf("%d days", request.MaxAhead/(24*time.Hour)),
	"streamer.DefaultRetention": fmt.Sprintf("%d h", streamer.DefaultRetention/time.Hour),
}

func kib(n int) string { return fmt.Sprintf("%d KiB", n>>10) }

func thousands(n int) string { return fmt.Sprintf("%d,%03d", n/1000, n%1000) }

// The limits of docs/limits.md are those of the code.
func TestLimitsPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| (.+?) \\| (.+?) \\| `([a-z]+\\.[A-Za-z]+)` \\|")
	named := map[string]bool{}
	for _, cells := range row.FindAllStringSubmatch(string(page), -1) {
		what, written, constant := cells[1], cells[2], cells[3]
		named[constant] = true
		t.Run(constant, func(t *testing.T) {
			want, known := pageConstants[constant]
			written = strings.TrimSuffix(strings.Replace(written, " s", "s", 1), " ")
			if !known || written != want {
				t.Errorf("%s: got %q on the page, want %q", what, written, want)
			}
		})
	}
	for constant := range pageConstants {
		if !named[constant] {
			t.Errorf("got no row for %s, want one", constant)
		}
	}
}
