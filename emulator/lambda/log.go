package lambda

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// levels are those of Lambda's log, from the one with the most detail on.
var levels = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// Keeps reports whether Lambda sends a line of a function's log on, for a function with
// the log format JSON and the ApplicationLogLevel. The level of a line is the one in its
// JSON; without it, or without a timestamp of RFC 3339, a line is INFO.
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func Keeps(applicationLogLevel string, line []byte) bool {
	level := "INFO"
	var of struct{ Level, Timestamp string }
	if json.Unmarshal(line, &of) == nil && slices.Contains(levels, strings.ToUpper(of.Level)) {
		if _, err := time.Parse(time.RFC3339, of.Timestamp); err == nil {
			level = strings.ToUpper(of.Level)
		}
	}
	return slices.Index(levels, level) >= slices.Index(levels, applicationLogLevel)
}
