#!/usr/bin/env bash
# A number of a DynamoDB stream that is one too large for an int64 is the smallest int64 in a
# Lambda function, without an error. DynamoDB keeps 38 digits; the Integer method of
# github.com/aws/aws-lambda-go's attribute values parses as an int64, and where that fails as
# a float64, which it converts. A counter of 9223372036854775808 so is below every other,
# where Int64 returns an error.
#
# Seen with github.com/aws/aws-lambda-go@v1.55.1 on Go 1.26.8, linux/amd64 (the conversion of
# a float64 that is out of range differs between platforms): 9223372036854775808 and 1e38
# give -9223372036854775808 and no error, 12.9 gives 12.
#
# What the product does: Lift hands on a record's numbers as the text that DynamoDB sent.
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
	for number, want := range map[string]int64{"9223372036854775808": -1 << 63, "1E38": -1 << 63, "12.9": 12} {
		var value events.DynamoDBAttributeValue
		if err := json.Unmarshal(fmt.Appendf(nil, `{"N":%q}`, number), &value); err != nil {
			log.Fatal(err)
		}
		got, err := value.Integer()
		_, exact := value.Int64()
		fmt.Printf("%s: Integer %d, error %v; Int64: %v\n", number, got, err, exact)
		if got != want || err != nil || exact == nil {
			log.Fatal("another answer than before: this finding is out of date")
		}
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/aws/aws-lambda-go@v1.55.1 >/dev/null 2>&1
go run .
