//go:build !linux

package cli

import "syscall"

// childAttributes are none: only Linux tells a child that its parent has ended.
func childAttributes() *syscall.SysProcAttr { return nil }
