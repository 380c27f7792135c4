// clock runs a command and writes down, as JSON into a file, how long it took,
// when the first row of a table came, and how much memory it had. It is a
// program of its own because it has to be small: a process counts as its own
// peak what the one that has started it had.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// reading is what the benchmark reads.
type reading struct {
	Seconds   float64 `json:"seconds"`
	FirstRow  float64 `json:"firstRow"`
	PeakBytes int64   `json:"peakBytes"`
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: clock FILE COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	code, err := measure(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "clock:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// measure runs a command, writes the reading, and gives the exit code.
func measure(file string, arguments []string) (int, error) {
	command := exec.Command(arguments[0], arguments[1:]...)
	output := &rows{began: time.Now()}
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, output, os.Stderr
	err := command.Run()
	took := time.Since(output.began)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	found := reading{Seconds: took.Seconds(), FirstRow: output.first.Seconds()}
	if usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage); ok {
		found.PeakBytes = usage.Maxrss << 10 // Linux counts in KB
	}
	data, err := json.Marshal(found)
	if err != nil {
		return 0, err
	}
	return command.ProcessState.ExitCode(), os.WriteFile(file, data, 0o644)
}

// rows passes lines on and notes when the second was there: the first is the
// header.
type rows struct {
	began time.Time
	lines int
	first time.Duration
}

// Write passes on a part of the output.
func (r *rows) Write(part []byte) (int, error) {
	if r.lines < 2 {
		if r.lines += bytes.Count(part, []byte("\n")); r.lines >= 2 {
			r.first = time.Since(r.began)
		}
	}
	return os.Stdout.Write(part)
}
