package lambda_test

import (
	"testing"

	"github.com/pay-theory/streamer/emulator/lambda"
)

func TestKeeps(t *testing.T) {
	t.Parallel()
	const at = `"timestamp":"2026-11-28T01:30:00.5Z"`
	for name, tt := range map[string]struct {
		level, line string
		want        bool
	}{
		"an error":                     {"WARN", `{"level":"ERROR",` + at + `}`, true},
		"the level itself":             {"WARN", `{"level":"warn",` + at + `}`, true},
		"below it":                     {"WARN", `{"level":"INFO",` + at + `}`, false},
		"no level":                     {"WARN", `{"_aws":{},"Errors":1}`, false},
		"no level, at INFO":            {"INFO", `{"_aws":{},"Errors":1}`, true},
		"no timestamp":                 {"WARN", `{"level":"ERROR"}`, false},
		"a timestamp of another form":  {"WARN", `{"level":"ERROR","timestamp":"28 November"}`, false},
		"no JSON":                      {"ERROR", "fatal error: out of memory", false},
		"debug with everything passed": {"DEBUG", `{"level":"DEBUG",` + at + `}`, true},
		"no filter":                    {"", `{"level":"TRACE",` + at + `}`, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := lambda.Keeps(tt.level, []byte(tt.line)); got != tt.want {
				t.Errorf("%s at %q: got %t, want %t", tt.line, tt.level, got, tt.want)
			}
		})
	}
}
