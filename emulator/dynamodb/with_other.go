//go:build !linux

package dynamodb

import "syscall"

// withThisProcess does nothing: a server outlives the process when that is killed.
func withThisProcess() *syscall.SysProcAttr { return nil }
