//go:build race

package prove_test

// slower is how many times fewer requests a proof has under the race detector, which
// make test also runs without it.
const slower = 8
