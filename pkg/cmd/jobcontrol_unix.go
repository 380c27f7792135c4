//go:build unix

package cmd

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// resumptions sends each time that the program continues after it was stopped,
// by Ctrl-Z for one, until it is released.
func resumptions() (resumed <-chan os.Signal, release func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCONT)
	return signals, func() { signal.Stop(signals) }
}

// inForeground reports whether the shell has given the terminal to the program.
// What is not the program's own terminal is nobody else's either.
func inForeground(fd int) bool {
	group, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
