//go:build !linux

package lambda

import (
	"os"
	"syscall"
)

// Elsewhere than on Linux, where Lambda is, processes are not frozen.
const (
	sigStop = syscall.Signal(0)
	sigCont = syscall.Signal(0)
	sigTerm = syscall.SIGTERM
	sigKill = syscall.SIGKILL
)

func processAttributes() *syscall.SysProcAttr { return nil }

func (e *environment) signal(s syscall.Signal) {
	if s != 0 {
		_ = e.cmd.Process.Signal(os.Signal(s)) // it may have ended already
	}
}
