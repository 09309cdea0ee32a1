package prove_test

import (
	"testing"

	"github.com/pay-theory/streamer/prove"
)

// One seed is one order of events: the same kills, sweeps and records. Nothing
// is slow here, so that no two things become ready at one instant, and the store
// lists what is due at one instant in one order.
func TestASeedRepeats(t *testing.T) {
	t.Parallel()
	once := func(seed uint64) uint64 {
		return prove.Run(t, prove.Config{Store: openSQLite(t), Cases: []prove.Case{sums(), charges(), naps()},
			Seed: seed, Requests: 30, Kills: 10, Faults: -1}).Digest
	}
	first := once(*seed)
	if again := once(*seed); again != first {
		t.Errorf("one seed went two ways: %x and %x", first, again)
	}
	if other := once(*seed + 1); other == first {
		t.Errorf("two seeds went one way: %x", first)
	}
}
