// Package deepstack makes the stack of a goroutine large in one step.
//
// A goroutine begins with 2 KB, and Go doubles that whenever it is too small: it walks the
// frames by tables of the binary, copies them, and corrects what points to them. Until its
// first answer a function does that four times on the goroutine of main, and again in each
// TLS handshake.
package deepstack

// size is the room that there is afterwards; Go rounds up to 32 KB.
const size = 24 << 10

// Grow makes the stack of the calling goroutine at least 24 KB large. Call it where the
// stack is shallow.
func Grow() { frame(false) }

// frame needs a large stack when it is called, and writes to it only when asked to: pages
// of memory that are not touched cost nothing.
//
//go:noinline
func frame(touch bool) (sum byte) {
	if touch {
		var room [size]byte
		for i := range room {
			room[i] = byte(i)
		}
		for _, b := range room {
			sum += b
		}
	}
	return sum
}
