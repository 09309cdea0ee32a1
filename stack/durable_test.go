package stack

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/pay-theory/streamer/emulator/lambda"
)

type handlerFunc func(ctx context.Context, payload []byte) ([]byte, error)

func (f handlerFunc) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	return f(ctx, payload)
}

// No answer leaves a function before what it tells is on the disk, and none where that
// fails.
func TestAnswersWaitForTheDisk(t *testing.T) {
	t.Parallel()
	fault := errors.New("input/output error")
	for name, disk := range map[string]error{"a disk that works": nil, "a disk that fails": fault} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var steps []string
			var streamed bytes.Buffer
			f := durable{handlerFunc(func(ctx context.Context, _ []byte) ([]byte, error) {
				_, err := lambda.StreamFrom(ctx).Write([]byte("part"))
				steps = append(steps, "answer")
				if !errors.Is(err, disk) {
					t.Errorf("got %v of a part of the answer, want %v", err, disk)
				}
				return []byte("whole"), nil
			}), func() error { steps = append(steps, "disk"); return disk }}
			_, err := f.Invoke(lambda.WithStream(t.Context(), &streamed), nil)
			if !errors.Is(err, disk) {
				t.Errorf("got %v, want %v", err, disk)
			}
			if len(steps) != 3 || steps[0] != "disk" || steps[2] != "disk" {
				t.Errorf("got the order %v, want the disk before the part and behind the handler", steps)
			}
			if (disk == nil) != (streamed.String() == "part") {
				t.Errorf("got %q streamed", streamed.String())
			}
		})
	}
}

// No frame is pushed before what it tells is on the disk: a disk that fails is seen
// before the gateway, which is none here.
func TestFramesWaitForTheDisk(t *testing.T) {
	t.Parallel()
	fault := errors.New("input/output error")
	p := &pusher{sync: func() error { return fault }}
	if err := p.Push(t.Context(), "c-1", []byte("{}")); !errors.Is(err, fault) {
		t.Errorf("got %v, want the disk's error", err)
	}
}
