#!/usr/bin/env bash
# The arrival time of a Kinesis record is a millisecond early in a Go function. The event says
# 1545084650.987; github.com/aws/aws-lambda-go takes it through a float64 and cuts the
# nanoseconds, which are 986999988 then. Printed with milliseconds, or compared with the time
# that the producer noted, the record arrived at .986. About half of all milliseconds are so.
#
# Seen with github.com/aws/aws-lambda-go@v1.55.1 on Go 1.26.8: 496 of the 1,000 milliseconds
# of that second come out one too early.
#
# What the product does: Lift rounds such a time to the microsecond (lift/envelope.go).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"log"

	"github.com/aws/aws-lambda-go/events"
)

func main() {
	early := 0
	for ms := range int64(1000) {
		var record events.KinesisRecord
		event := fmt.Appendf(nil, `{"approximateArrivalTimestamp":1545084650.%03d}`, ms)
		if err := json.Unmarshal(event, &record); err != nil {
			log.Fatal(err)
		}
		if got := record.ApproximateArrivalTimestamp.UnixMilli(); got != 1545084650_000+ms {
			early++
			if ms == 987 {
				fmt.Println("1545084650.987 is", record.ApproximateArrivalTimestamp.UTC())
			}
		}
	}
	fmt.Println(early, "of 1,000 milliseconds are one too early")
	if early != 496 {
		log.Fatal("another count than before: this finding is out of date")
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/aws/aws-lambda-go@v1.55.1 >/dev/null 2>&1
go run .
