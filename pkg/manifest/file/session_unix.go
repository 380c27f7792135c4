//go:build unix

package file

import (
	"os/exec"
	"syscall"
)

// apart has a command, and what it starts, run in a session of its own, which
// ends as one when the command's context ends: git leaves its helpers behind. It
// has no terminal, so that nobody is asked for a password there.
func apart(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
}
