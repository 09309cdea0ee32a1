#!/usr/bin/env bash
# A t-digest that is stored and read again has other quantiles: the encoding of
# github.com/caio/go-tdigest keeps the distance from one centroid to the next as a
# float32, so each keeps 24 bits of it, and the rounding errors add up along the
# digest. Values near 1e15 (identifiers, nanoseconds, cents of large sums) come back
# off by millions, without an error.
#
# Seen with github.com/caio/go-tdigest/v4@v4.1.0 on Go 1.26.8, linux/amd64: 1,000 values
# from 1e15 in steps of 1e6. Before the encoding the median is 1000000499500000; after
# one encoding and decoding it is 1000000486491104, off by 13,008,896.
#
# What the product does: profile_csv keeps its checkpoint in a digest of its own, whose
# encoding is exact (docs/decisions/0013-sketches-by-hand.md).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"log"

	"github.com/caio/go-tdigest/v4"
)

func main() {
	digest, err := tdigest.New(tdigest.LocalRandomNumberGenerator(1))
	if err != nil {
		log.Fatal(err)
	}
	for i := range 1000 {
		if err := digest.Add(1e15 + float64(i)*1e6); err != nil {
			log.Fatal(err)
		}
	}
	stored, err := digest.AsBytes()
	if err != nil {
		log.Fatal(err)
	}
	again, err := tdigest.FromBytes(bytes.NewReader(stored))
	if err != nil {
		log.Fatal(err)
	}
	before, after := digest.Quantile(0.5), again.Quantile(0.5)
	fmt.Printf("median before %.0f, after %.0f, off by %.0f\n", before, after, after-before)
	if off := after - before; off > -1e6 && off < 1e6 {
		log.Fatal("the encoding is closer than it was: this finding is out of date")
	}
}
GO
export GOFLAGS=-mod=mod
go mod init finding >/dev/null 2>&1
go get github.com/caio/go-tdigest/v4@v4.1.0 >/dev/null 2>&1
go run .
