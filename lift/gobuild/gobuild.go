// Package gobuild has the flags of go build with which a function becomes small. streamer
// dist builds with them, and lifttest.Build.
package gobuild

import "slices"

const (
	// Tags leave HTTP/2 out of net/http, which Lambda's own interfaces and AWS's services
	// do without, and net/rpc out of aws-lambda-go's loop.
	Tags = "lambda.norpc,nethttpomithttp2"

	// LinkerFlags leave symbols, debugging data and the build's id out. Traces of stacks
	// stay as they are.
	LinkerFlags = "-s -w -buildid="
)

// notInlined are the packages whose functions the compiler does not copy into their
// callers. A function runs them to open a connection, so that the calls that this adds, of
// nanoseconds, are lost beside that; the copies and their tables are 2 % of a zip.
var notInlined = []string{"crypto/tls", "encoding/asn1", "math/big"}

// Flags are those of go build, a new slice each time: no paths and no marks of version
// control either, so that one source gives the same bytes wherever it is built. A flag of
// the same name behind them, such as -ldflags or -tags, counts in their place.
func Flags() []string {
	flags := []string{"-trimpath", "-buildvcs=false", "-ldflags=" + LinkerFlags, "-tags=" + Tags}
	for _, pkg := range notInlined {
		flags = append(flags, "-gcflags="+pkg+"=-l")
	}
	return slices.Clip(flags)
}
