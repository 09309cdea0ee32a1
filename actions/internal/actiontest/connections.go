package actiontest

import (
	"context"
	"sync"
	"time"

	"github.com/pay-theory/streamer/wire"
)

// Connections keep the frames that were pushed.
type Connections struct {
	mu     sync.Mutex
	frames []wire.Frame
	OnPush func(wire.Frame) // set before the first push
}

// Push implements [streamer.Pusher].
func (c *Connections) Push(_ context.Context, _ string, data []byte) error {
	frame, err := wire.DecodeFrame(data)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frames = append(c.frames, frame)
	if c.OnPush != nil {
		c.OnPush(frame)
	}
	return nil
}

// Progress returns the progress frames that were pushed.
func (c *Connections) Progress() []wire.Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	var frames []wire.Frame
	for _, f := range c.frames {
		if f.Type == wire.TypeProgress {
			frames = append(frames, f)
		}
	}
	return frames
}

// A Clock is the real one, set forward.
type Clock struct {
	mu    sync.Mutex
	ahead time.Duration
}

// Now returns the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.ahead)
}

// Advance sets it forward by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
}
