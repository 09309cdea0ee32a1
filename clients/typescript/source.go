// Package typescript holds the sources of the TypeScript client, for programs
// that bundle a page at their start.
package typescript

import "embed"

// Source has the client's sources below src; src/index.ts is its entry point.
//
//go:embed src/*.ts
var Source embed.FS
