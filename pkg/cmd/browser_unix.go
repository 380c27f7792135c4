//go:build !windows

package cmd

import (
	"os/exec"
	"syscall"
)

// detach keeps a program from getting our Ctrl-C.
func detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
