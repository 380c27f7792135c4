package cmd

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"
)

// profileVariable has the program record what it does itself, for those who work
// on it: NAME=FILE, such as cpu=/tmp/cpu.pprof.
const profileVariable = "KUBECTL_ISTIO_DEMO_PROFILE"

// profiles are those of kubectl's --profile.
var profiles = []string{"cpu", "heap", "goroutine", "threadcreate", "block", "mutex", "trace"}

// profile is what the program is to write down about itself.
type profile struct {
	name string
	// output is nil until it is begun.
	output *os.File
}

// begin starts to record. Its errors are those of the variable, and of the file.
func (p *profile) begin() error {
	value := os.Getenv(profileVariable)
	if value == "" {
		return nil
	}
	name, file, _ := strings.Cut(value, "=")
	if !slices.Contains(profiles, name) || file == "" {
		return &usageError{fmt.Errorf("invalid %s %q: use NAME=FILE, where NAME is one of %s", profileVariable, value, strings.Join(profiles, ", "))}
	}
	p.name = name
	var err error
	if p.output, err = os.Create(file); err != nil {
		return fmt.Errorf("cannot write the profile: %w", err)
	}
	switch p.name {
	case "cpu":
		return pprof.StartCPUProfile(p.output)
	case "trace":
		return trace.Start(p.output)
	case "block":
		runtime.SetBlockProfileRate(1) // every event
	case "mutex":
		runtime.SetMutexProfileFraction(1)
	}
	return nil
}

// end writes what was recorded, whether the command has failed or not.
func (p *profile) end() error {
	if p.output == nil {
		return nil
	}
	var err error
	switch p.name {
	case "cpu":
		pprof.StopCPUProfile()
	case "trace":
		trace.Stop()
	case "heap":
		runtime.GC() // so that only what is still used is in it
		fallthrough
	default:
		err = pprof.Lookup(p.name).WriteTo(p.output, 0)
	}
	if err = errors.Join(err, p.output.Close()); err != nil {
		return fmt.Errorf("cannot write the profile: %w", err)
	}
	return nil
}
