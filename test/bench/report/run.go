// Package report turns what the benchmark has measured into medians, verdicts
// and tables. It measures nothing itself.
package report

import (
	"slices"
	"strings"
	"time"
)

// The tools that are compared, named by what is typed.
const (
	Ours     = "kubectl istio-demo"
	Istioctl = "istioctl"
	Apply    = "kubectl apply"
	SSA      = "kubectl apply --server-side"
	Helm     = "helm"
	// Get is kubectl showing the same pods.
	Get = "kubectl get"
	// Program is ours without kubectl before it.
	Program = "kubectl-istio_demo"
	// Bare is the same objects sent all at once, with nothing else done, and
	// BareRunning that without waiting for definitions.
	Bare        = "bare requests"
	BareRunning = "bare requests until it runs"
)

// Installers are those that install, ours first.
var Installers = []string{Ours, Istioctl, Apply, SSA, Helm}

// Operation is what the tools are to do.
type Operation string

// The operations, in the order of a round.
const (
	Install   Operation = "install"
	Again     Operation = "again"
	Uninstall Operation = "uninstall"
	PodsWarm  Operation = "pods-warm"
	PodsCold  Operation = "pods-cold"
)

// Operations are all of them.
var Operations = []Operation{Install, Again, Uninstall, PodsWarm, PodsCold}

// Sample is one operation of one tool, once.
type Sample struct {
	Tool      string    `json:"tool"`
	Operation Operation `json:"operation"`
	// RTT is the round-trip time to the API server, in milliseconds.
	RTT   int `json:"rtt"`
	Round int `json:"round"`
	// Seconds is the wall time of all the commands of the operation.
	Seconds float64 `json:"seconds"`
	// PeakBytes is the most memory that one of these commands had.
	PeakBytes int64 `json:"peakBytes"`
	// Connections, Sent and Received are what went over the network, with TLS.
	Connections int64 `json:"connections"`
	Sent        int64 `json:"sent"`
	Received    int64 `json:"received"`
	// Error is why there is no measurement.
	Error string `json:"error,omitempty"`
}

// Count is what one operation of a tool asks of the API server, counted in a
// run that is not timed.
type Count struct {
	Tool      string    `json:"tool"`
	Operation Operation `json:"operation"`
	Requests  int       `json:"requests"`
	// Missing are the objects of the manifest that are not there after an
	// install.
	Missing []string `json:"missing,omitempty"`
}

// Machine is where it was measured.
type Machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	MemoryGB  int    `json:"memoryGB"`
	System    string `json:"system"`
	// Load is the load average before the first measurement: what else the
	// machine had to do.
	Load float64 `json:"load"`
}

// Circumstances are when, where and of what something was measured.
type Circumstances struct {
	Date    time.Time `json:"date"`
	Machine Machine   `json:"machine"`
	// Program, Istio and Kubernetes are versions.
	Program    string `json:"program"`
	Istio      string `json:"istio"`
	Kubernetes string `json:"kubernetes"`
}

// Run is a benchmark with all that it has measured.
type Run struct {
	Circumstances
	// Objects is how many the manifest has.
	Objects int      `json:"objects"`
	Rounds  int      `json:"rounds"`
	RTTs    []int    `json:"rtts"`
	Medians []Sample `json:"medians"`
	Samples []Sample `json:"samples"`
	Counts  []Count  `json:"counts"`
}

// Summarise fills in the medians.
func (r *Run) Summarise() {
	r.Medians = nil
	for _, operation := range Operations {
		for _, rtt := range r.RTTs {
			for _, tool := range append(slices.Clone(Installers), Get, Program, Bare, BareRunning) {
				if median, found := r.median(tool, operation, rtt); found {
					r.Medians = append(r.Medians, median)
				}
			}
		}
	}
}

// median gives the median of each number of the samples of one kind.
func (r *Run) median(tool string, operation Operation, rtt int) (Sample, bool) {
	var seconds []float64
	var peaks, connections, sent, received []int64
	for _, sample := range r.Samples {
		if sample.Tool != tool || sample.Operation != operation || sample.RTT != rtt || sample.Error != "" {
			continue
		}
		seconds = append(seconds, sample.Seconds)
		peaks = append(peaks, sample.PeakBytes)
		connections = append(connections, sample.Connections)
		sent = append(sent, sample.Sent)
		received = append(received, sample.Received)
	}
	if len(seconds) == 0 {
		return Sample{}, false
	}
	return Sample{
		Tool: tool, Operation: operation, RTT: rtt,
		Seconds: Median(seconds), PeakBytes: Median(peaks),
		Connections: Median(connections), Sent: Median(sent), Received: Median(received),
	}, true
}

// Find gives a median that was summarised.
func (r *Run) Find(tool string, operation Operation, rtt int) (Sample, bool) {
	for _, median := range r.Medians {
		if median.Tool == tool && median.Operation == operation && median.RTT == rtt {
			return median, true
		}
	}
	return Sample{}, false
}

// Requests tells how many requests an operation takes.
func (r *Run) Requests(tool string, operation Operation) (int, bool) {
	for _, count := range r.Counts {
		if count.Tool == tool && count.Operation == operation {
			return count.Requests, true
		}
	}
	return 0, false
}

// Failures tells what did not work, for all tools or for one.
func (r *Run) Failures(tools ...string) []string {
	var found []string
	for _, sample := range r.Samples {
		if sample.Error != "" && (len(tools) == 0 || slices.Contains(tools, sample.Tool)) {
			found = append(found, sample.Tool+", "+string(sample.Operation)+": "+sample.Error)
		}
	}
	for _, count := range r.Counts {
		if len(count.Missing) > 0 && (len(tools) == 0 || slices.Contains(tools, count.Tool)) {
			found = append(found, count.Tool+" leaves out "+strings.Join(count.Missing, ", "))
		}
	}
	return found
}
