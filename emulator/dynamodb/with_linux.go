package dynamodb

import "syscall"

// withThisProcess ends the server when this process is killed.
func withThisProcess() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
