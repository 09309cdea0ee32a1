package verify_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/pay-theory/streamer/client"
	"github.com/pay-theory/streamer/lift/lifttest"
	"github.com/pay-theory/streamer/stack"
	"github.com/pay-theory/streamer/wire"
)

var (
	proveRequests = flag.Int("prove.requests", 40, "how many requests TestProveStaging has")
	proveKills    = flag.Int("prove.kills", 4, "how many processes it kills")
	proveSeed     = flag.Uint64("prove.seed", 1, "the seed that says when")
)

// Real processes die by SIGKILL at random while requests go over real sockets:
// each that was acknowledged ends once, with the right result.
func TestProveStaging(t *testing.T) {
	if testing.Short() {
		t.Skip("builds, runs and kills the functions")
	}
	var log lifttest.Log
	running := startStaging(t, &log, stack.StagingConfig{SweepEvery: time.Second, RetryWait: time.Second, Concurrency: 8})
	target := targetOf(t, running)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // a dead worker's lease is a minute
	defer cancel()

	k := &killer{running: running, rng: rand.New(rand.NewPCG(*proveSeed, 1)), left: *proveKills,
		every: *proveRequests / (*proveKills + 1), killed: map[string]int{}}
	work := make(chan int)
	var clients sync.WaitGroup
	for range 4 {
		c := dial(t, ctx, target, target.Token)
		clients.Go(func() {
			for n := range work {
				id, payload := fmt.Sprintf("prove-%d", n), fmt.Sprintf(`{"n":%d,"step_ms":30}`, n)
				result, err := c.Do(ctx, client.Request{ID: id, Action: "echo_async", Payload: json.RawMessage(payload)},
					func(client.Progress) { k.tick(t) })
				if err == nil {
					err = wrongEcho(result, payload)
				}
				if err != nil {
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
	for n := range *proveRequests {
		work <- n
	}
	close(work)
	clients.Wait()

	c := dial(t, ctx, target, target.Token)
	for n := range *proveRequests {
		s, err := c.Get(ctx, fmt.Sprintf("prove-%d", n))
		if err != nil || s.State != wire.StateSucceeded || s.Attempts != 1 {
			t.Errorf("prove-%d is %s after %d attempts, %v", n, s.State, s.Attempts, err)
		}
	}
	t.Logf("seed %d: %d requests, killed %v", *proveSeed, *proveRequests, k.killed)
	if k.left > 0 || k.killed["processor, busy"] == 0 {
		t.Errorf("%d kills are left, killed %v", k.left, k.killed)
	}
}

// A killer kills a process now and then.
type killer struct {
	running *stack.Staging
	every   int // ticks at most; each request gives one at least

	mu     sync.Mutex
	rng    *rand.Rand
	left   int
	wait   int
	killed map[string]int
}

// tick is called when there is progress. Three in four kills are of a processor,
// a busy one if there is one, the others of a router.
func (k *killer) tick(t *testing.T) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.wait--; k.wait > 0 || k.left == 0 {
		return
	}
	name := "processor"
	if k.rng.IntN(4) == 0 {
		name = "router"
	}
	processes := k.running.Processes(name)
	if len(processes) == 0 {
		return
	}
	victim := processes[k.rng.IntN(len(processes))]
	for _, p := range processes {
		if p.Busy && !victim.Busy {
			victim = p
		}
	}
	process, err := os.FindProcess(victim.PID)
	if err == nil {
		err = process.Kill() // SIGKILL
	}
	if err != nil {
		t.Logf("kill %s: %v", name, err) // it has just ended by itself
		return
	}
	if victim.Busy {
		name += ", busy"
	}
	k.killed[name]++
	k.left--
	k.wait = 1 + k.rng.IntN(k.every)
}

// wrongEcho says what is wrong with a result of echo_async: its digest is that of
// as many rounds as it says.
func wrongEcho(result json.RawMessage, payload string) error {
	var got struct {
		Echo   json.RawMessage `json:"echo"`
		Rounds uint64          `json:"rounds"`
		Digest string          `json:"digest"`
	}
	if err := json.Unmarshal(result, &got); err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(payload))
	input := append(bytes.Clone(digest[:]), payload...)
	for range got.Rounds {
		digest = sha256.Sum256(input)
		copy(input, digest[:])
	}
	if string(got.Echo) != payload || got.Digest != hex.EncodeToString(digest[:]) {
		return fmt.Errorf("the result is %s, want the digest %x after %d rounds of %s", result, digest, got.Rounds, payload)
	}
	return nil
}
