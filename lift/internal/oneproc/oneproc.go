// Package oneproc makes a function of less than a CPU run its goroutines on one
// thread at a time. Such a function sees two CPUs and has the time of less than
// one, which threads that wake each other at each network call would spend on
// that. In every function it also gives the goroutine of main, which runs the packages'
// initialization and then the events, a large stack at once.
//
// It does so when it is imported, and imports next to nothing itself, so that Go
// initializes it among the first. Once the other packages have allocated, with two
// caches, the same step gives up the pages of one of them, and touches others.
// Outside Lambda it does nothing. It leaves the threads alone where GOMAXPROCS is set,
// and in a process that Lambda gives several invocations at once
// (AWS_LAMBDA_MAX_CONCURRENCY, of Managed Instances).
package oneproc

import (
	"runtime"
	"strconv"
	"syscall"

	"github.com/pay-theory/streamer/lift/internal/deepstack"
)

// wholeCPU is the memory, in MB, at which Lambda gives a function one CPU:
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const wholeCPU = 1769

func init() {
	size, _ := syscall.Getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
	memory, err := strconv.Atoi(size)
	if err != nil {
		return // not on Lambda
	}
	deepstack.Grow()
	_, decided := syscall.Getenv("GOMAXPROCS")
	_, concurrent := syscall.Getenv("AWS_LAMBDA_MAX_CONCURRENCY")
	if memory < wholeCPU && !decided && !concurrent {
		runtime.GOMAXPROCS(1)
	}
}
