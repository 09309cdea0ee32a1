package prove_test

import (
	"testing"

	"github.com/pay-theory/streamer/prove"
)

// One seed is one order of events, with every kind of request and everything that is
// injected: the same kills, sweeps, dispatches and frames.
func TestASeedRepeats(t *testing.T) {
	t.Parallel()
	if slower > 1 {
		t.Skip("it says nothing about races, and make test runs it without their detector")
	}
	once := func(seed uint64) prove.Report {
		c := proof(openSQLite(t), 30)
		c.Seed = seed
		return prove.Run(t, c)
	}
	first := once(*seed)
	for range 2 {
		if again := once(*seed); again.Digest != first.Digest || again.Writes != first.Writes || again.Warped != first.Warped {
			t.Errorf("one seed ran as\n%s\nand as\n%s", first, again)
		}
	}
	if other := once(*seed + 1); other.Digest == first.Digest {
		t.Errorf("two seeds went one way: %x", first.Digest)
	}
}
