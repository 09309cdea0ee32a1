package cli

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// watch calls show at once and then again and again, until the context ends or it fails for
// good. What helps to wait for is said on stderr.
func (env *environment) watch(ctx context.Context, every time.Duration, show func() error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for shown := false; ; {
		err := show()
		switch {
		case err != nil && !(shown && transient(err)):
			return err
		case err != nil:
			env.sayf("%v; trying again\n", err)
		default:
			shown = true
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// redraw replaces what the terminal shows by a text, as much of it as there is room for,
// under a line that says when that was.
func (env *environment) redraw(text string, now time.Time, every time.Duration) error {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	if most := env.height() - 2; len(lines) > most && most > 0 {
		lines = append(lines[:most-1], fmt.Sprintf("… and %d lines more", len(lines)-most+1))
	}
	head := fmt.Sprintf("%s, every %v; Ctrl-C leaves", stamp(now), every)
	// The cursor goes home, each line is cleared behind its text, and then all below.
	return env.print("\x1b[H%s\x1b[K\n%s\x1b[K\n\x1b[J", head, strings.Join(lines, "\x1b[K\n"))
}

// height is how many lines the terminal has.
func (env *environment) height() int {
	if f, ok := env.stdout.(*os.File); ok {
		if _, height, err := term.GetSize(int(f.Fd())); err == nil && height > 0 {
			return height
		}
	}
	return 24
}
