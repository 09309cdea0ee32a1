package deepstack

import (
	"runtime/debug"
	"testing"
	"unsafe"
)

// deep needs some 10 KB of stack.
//
//go:noinline
func deep(n int) byte {
	var room [1 << 10]byte
	if n > 0 {
		room[n] = deep(n - 1)
	}
	return room[n] + 1
}

// Not parallel: a garbage collection, which may make a stack smaller, is switched off.
func TestGrow(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for name, tt := range map[string]struct {
		grow  bool
		moves bool
	}{
		"as Go begins":  {false, true},
		"grown at once": {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			moved := make(chan bool)
			go func() {
				var here byte // on the stack, which moves when it grows
				if tt.grow {
					Grow()
				}
				before := uintptr(unsafe.Pointer(&here))
				deep(10)
				moved <- uintptr(unsafe.Pointer(&here)) != before
			}()
			if got := <-moved; got != tt.moves {
				t.Errorf("got %v for whether the stack moves, want %v", got, tt.moves)
			}
		})
	}
}
