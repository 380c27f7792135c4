//go:build !unix

package cmd

import "os"

// resumptions never sends: a program cannot be stopped here.
func resumptions() (resumed <-chan os.Signal, release func()) { return nil, func() {} }

// inForeground is always so: there are no jobs.
func inForeground(int) bool { return true }
