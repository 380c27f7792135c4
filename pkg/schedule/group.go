package schedule

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// Group is a group of kinds whose objects can be stored in any order, and so
// all at once.
type Group int

// The groups, in the order in which they are applied.
const (
	// CRDs are what other objects live in: CRDs and namespaces.
	CRDs Group = iota
	// ServiceAccounts, with roles, are what other objects refer to and are judged
	// by when they are stored: a token Secret is deleted when its ServiceAccount
	// does not exist, and a binding is refused to users who may not read its role.
	ServiceAccounts
	// Configuration is what workloads use: bindings, ConfigMaps, Secrets, Services.
	Configuration
	// Workloads are what runs, and the custom resources that it reads.
	Workloads
	// Admission is what the API server calls for each request. It comes last,
	// so that it does not stand in the way of the workloads that serve it.
	Admission
)

// Groups lists all of them in order.
var Groups = []Group{CRDs, ServiceAccounts, Configuration, Workloads, Admission}

// Title says for people what the group holds; g is one of Groups.
func (g Group) Title() string {
	return [...]string{
		CRDs:            "namespaces and CRDs",
		ServiceAccounts: "service accounts and roles",
		Configuration:   "bindings, configuration, services",
		Workloads:       "workloads and custom resources",
		Admission:       "admission webhooks and API services",
	}[g]
}

// GroupOf returns the group that objects of a kind belong to. Custom resources are
// Workloads, whatever they are.
func GroupOf(kind schema.GroupKind) Group {
	switch kind.Group {
	case "":
		switch kind.Kind {
		case "Namespace":
			return CRDs
		case "ServiceAccount":
			return ServiceAccounts
		case "Pod", "ReplicationController":
			return Workloads
		}
		return Configuration
	case "rbac.authorization.k8s.io":
		if kind.Kind == "Role" || kind.Kind == "ClusterRole" {
			return ServiceAccounts
		}
		return Configuration
	case "apiextensions.k8s.io":
		return CRDs
	case "admissionregistration.k8s.io", "apiregistration.k8s.io":
		return Admission
	case "apps", "batch", "autoscaling", "extensions":
		return Workloads
	}
	if untyped.IsCustom(kind.Group) {
		return Workloads
	}
	return Configuration
}
