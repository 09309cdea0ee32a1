package lambda

import "syscall"

const (
	sigStop = syscall.SIGSTOP
	sigCont = syscall.SIGCONT
	sigTerm = syscall.SIGTERM
	sigKill = syscall.SIGKILL
)

// processAttributes put a process into a group of its own, so that its children
// are frozen with it and a Ctrl-C of the terminal is not theirs, and end it with
// this process, since a frozen one would stay for ever.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// signal reaches the process and its children, unless it has ended: its number
// may be another's soon.
func (e *environment) signal(s syscall.Signal) {
	if !e.ended() {
		_ = syscall.Kill(-e.pid, s)
	}
}
