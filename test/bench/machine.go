package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
)

// thisMachine describes what is measured on, as far as Linux tells it.
func thisMachine() report.Machine {
	machine := report.Machine{
		Processor: value("/proc/cpuinfo", "model name"),
		Cores:     runtime.NumCPU(),
		System:    strings.Trim(value("/etc/os-release", "PRETTY_NAME"), `"`),
	}
	var kilobytes int
	if _, err := fmt.Sscan(value("/proc/meminfo", "MemTotal"), &kilobytes); err == nil {
		machine.MemoryGB = (kilobytes + 1<<19) >> 20
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(load), &machine.Load)
	}
	return machine
}

// value gives what a file has after a key, or nothing.
func value(file, key string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if name, value, found := cut(line); found && name == key {
			return value
		}
	}
	return ""
}

// cut parts a line at its first colon or equals sign.
func cut(line string) (name, value string, found bool) {
	at := strings.IndexAny(line, ":=")
	if at < 0 {
		return "", "", false
	}
	return strings.TrimSpace(line[:at]), strings.TrimSpace(line[at+1:]), true
}
