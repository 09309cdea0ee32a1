//go:build !race

package prove_test

const slower = 1
