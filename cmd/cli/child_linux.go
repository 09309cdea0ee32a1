package cli

import "syscall"

// childAttributes ask a child to stop when this process has ended, also by SIGKILL: it would
// keep its port and database. The kernel looks at the thread that started the child
// (prctl(2), PR_SET_PDEATHSIG), so the caller keeps to that thread until the child has ended.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
