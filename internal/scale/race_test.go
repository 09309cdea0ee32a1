//go:build race

package main

// racing is true under the race detector, which makes a simulation of one
// goroutine 15 times slower and finds nothing in it.
const racing = true
