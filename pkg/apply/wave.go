package apply

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Wave is a step of an apply. The objects of a wave depend on none of their
// own and later waves, so all of them can be applied at once.
type Wave int

// The waves, in order.
const (
	// Definitions are what other objects live in: namespaces and CRDs.
	Definitions Wave = iota
	// Configuration is what workloads use: accounts, permissions, config,
	// secrets, services.
	Configuration
	// Workloads are what runs, and the custom resources that it reads.
	Workloads
	// Admission is what the API server calls for each request. It comes last,
	// so that it does not stand in the way of the workloads that serve it.
	Admission
)

// Waves lists all of them in order.
var Waves = []Wave{Definitions, Configuration, Workloads, Admission}

// Title says what the wave holds.
func (w Wave) Title() string {
	return [...]string{
		Definitions:   "namespaces and definitions",
		Configuration: "accounts, permissions, configuration, services",
		Workloads:     "workloads and custom resources",
		Admission:     "admission webhooks",
	}[w]
}

// WaveOf gives the wave that objects of a kind belong to.
func WaveOf(kind schema.GroupKind) Wave {
	switch kind.Group {
	case "":
		switch kind.Kind {
		case "Namespace":
			return Definitions
		case "Pod", "ReplicationController":
			return Workloads
		}
		return Configuration
	case "apiextensions.k8s.io":
		return Definitions
	case "admissionregistration.k8s.io", "apiregistration.k8s.io":
		return Admission
	case "apps", "batch", "autoscaling", "extensions":
		return Workloads
	}
	if isBuiltIn(kind.Group) {
		return Configuration
	}
	return Workloads
}

// isBuiltIn tells groups of Kubernetes itself from those of CRDs: they have
// no dot or end in .k8s.io, which CRDs may use only with approval.
func isBuiltIn(group string) bool {
	return !strings.Contains(group, ".") || strings.HasSuffix(group, ".k8s.io")
}
