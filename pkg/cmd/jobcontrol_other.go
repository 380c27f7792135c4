//go:build !unix

package cmd

import "os"

// resumptions tells nothing: there is no way to stop a program.
func resumptions() (resumed <-chan os.Signal, release func()) { return nil, func() {} }

// inForeground is always so: there are no jobs.
func inForeground(int) bool { return true }
