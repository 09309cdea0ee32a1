#!/usr/bin/env bash
# Times as AWS's Go SDK writes them into DynamoDB do not sort by time. attributevalue.Marshal
# writes a time.Time as a string in the layout RFC3339Nano, which drops zeros at the end: as a
# sort key, a whole second comes after every other moment within it, since Z is behind the
# point, and .1 after .12. A query BETWEEN two times then leaves out rows within its bounds.
#
# Seen with github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue@v1.21.21 on
# Go 1.26.8: 12:00:00Z is behind 12:00:00.5Z, and 12:00:00.1Z behind 12:00:00.12Z.
#
# What the product does: store/dynamo writes moments in one width, to the millisecond.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func text(at time.Time) string {
	value, err := attributevalue.Marshal(at)
	if err != nil {
		log.Fatal(err)
	}
	return value.(*types.AttributeValueMemberS).Value
}

func main() {
	noon := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	for _, pair := range [][2]time.Duration{{0, 500 * time.Millisecond}, {100 * time.Millisecond, 120 * time.Millisecond}} {
		earlier, later := text(noon.Add(pair[0])), text(noon.Add(pair[1]))
		fmt.Printf("%s is before %s, and sorts behind it: %t\n", earlier, later, earlier > later)
		if earlier <= later {
			log.Fatal("the times sort: this finding is out of date")
		}
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue@v1.21.21 >/dev/null 2>&1
go run .
