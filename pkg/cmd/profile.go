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

	"github.com/spf13/pflag"
)

// profiles are those of kubectl's --profile.
var profiles = []string{"none", "cpu", "heap", "goroutine", "threadcreate", "block", "mutex", "trace"}

// profile is what the program is to write down about itself.
type profile struct {
	name, file string
	// output is nil until it is begun.
	output *os.File
}

func (p *profile) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&p.name, "profile", "none", "What to record of the program itself. One of: ("+strings.Join(profiles, ", ")+")")
	flags.StringVar(&p.file, "profile-output", "profile.pprof", "The file that the profile is written to")
}

// begin starts to record. Its errors are those of the flags, and of the file.
func (p *profile) begin() error {
	if !slices.Contains(profiles, p.name) {
		return &usageError{fmt.Errorf("--profile is one of %s, and not %q", strings.Join(profiles, ", "), p.name)}
	}
	if p.name == "none" {
		return nil
	}
	var err error
	if p.output, err = os.Create(p.file); err != nil {
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
