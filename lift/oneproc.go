//go:build !lift.nogomaxprocs

package lift

import _ "github.com/pay-theory/streamer/lift/internal/oneproc" // sets GOMAXPROCS in small functions
