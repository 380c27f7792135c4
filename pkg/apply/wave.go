package apply

import (
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Wave is a step of an apply. The objects of a wave can be stored in any
// order, so all of them are applied at once.
type Wave int

// The waves, in order.
const (
	// Definitions are what other objects live in: namespaces and CRDs.
	Definitions Wave = iota
	// Accounts are what other objects refer to and are judged by when they are
	// stored: a token Secret is deleted when its account is not there, and a
	// binding is refused to users who may not read its role.
	Accounts
	// Configuration is what workloads use: bindings, config, secrets, services.
	Configuration
	// Workloads are what runs, and the custom resources that it reads.
	Workloads
	// Admission is what the API server calls for each request. It comes last,
	// so that it does not stand in the way of the workloads that serve it.
	Admission
)

// Waves lists all of them in order.
var Waves = []Wave{Definitions, Accounts, Configuration, Workloads, Admission}

// Title says what the wave holds, for people; w is one of Waves.
func (w Wave) Title() string {
	return [...]string{
		Definitions:   "namespaces and definitions",
		Accounts:      "accounts and roles",
		Configuration: "bindings, configuration, services",
		Workloads:     "workloads and custom resources",
		Admission:     "admission webhooks and API services",
	}[w]
}

// WaveOf gives the wave that objects of a kind belong to. Custom resources are
// Workloads, whatever they are.
func WaveOf(kind schema.GroupKind) Wave {
	switch kind.Group {
	case "":
		switch kind.Kind {
		case "Namespace":
			return Definitions
		case "ServiceAccount":
			return Accounts
		case "Pod", "ReplicationController":
			return Workloads
		}
		return Configuration
	case "rbac.authorization.k8s.io":
		if kind.Kind == "Role" || kind.Kind == "ClusterRole" {
			return Accounts
		}
		return Configuration
	case "apiextensions.k8s.io":
		return Definitions
	case "admissionregistration.k8s.io", "apiregistration.k8s.io":
		return Admission
	case "apps", "batch", "autoscaling", "extensions":
		return Workloads
	}
	if IsCustom(kind.Group) {
		return Workloads
	}
	return Configuration
}

// IsCustom tells groups of CRDs from those of Kubernetes itself, which have no
// dot or end in .k8s.io, which CRDs may use only with approval.
func IsCustom(group string) bool {
	return strings.Contains(group, ".") && !strings.HasSuffix(group, ".k8s.io")
}
