#!/usr/bin/env bash
# The newest Temporal server and the newest Go SDK cannot be in one program, though both are
# semantic versions of the same major, and one program is what the server's package
# temporaltest is for: workflows tested against a real server in the test's process. The SDK
# asks for a newer go.temporal.io/api, Go takes the newest that anyone asks for, and there the
# interface of a gRPC client has a method more, which the server's own client lacks: a method
# that is added to an interface breaks whoever implements it.
#
# Seen with go.temporal.io/server@v1.32.0 and go.temporal.io/sdk@v1.51.0 on Go 1.26.8: each
# builds alone; together the server's package client/operator has "missing method".
#
# What the product does: measure/peers has Temporal's server in a module of its own, and
# talks to it over the network.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOFLAGS=-mod=mod GOWORK=off
package=go.temporal.io/server/client/operator
go mod init finding >/dev/null 2>&1
go get go.temporal.io/server@v1.32.0 >/dev/null 2>&1
echo "the server alone: go.temporal.io/api $(go list -m -f '{{.Version}}' go.temporal.io/api)"
go build "$package"
go get go.temporal.io/sdk@v1.51.0 >/dev/null 2>&1
echo "with the SDK: go.temporal.io/api $(go list -m -f '{{.Version}}' go.temporal.io/api)"
go build go.temporal.io/sdk/client
if go build "$package" 2>seen; then
	echo "the server builds with the SDK's version of the API: this finding is out of date" >&2
	exit 1
fi
grep -o 'missing method [A-Za-z]*' seen | sort -u | grep . || { cat seen >&2; exit 1; }
