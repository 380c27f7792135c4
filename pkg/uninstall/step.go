package uninstall

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// step is a step of a removal. Nothing of a step needs what an earlier one has
// deleted.
type step int

const (
	// removeAdmission: what the API server calls for each request goes before
	// what serves it, or nothing more could be changed.
	removeAdmission step = iota
	// removeCustom: custom resources go while their controllers can still
	// clean up after them.
	removeCustom
	removeWorkloads
	// removeConfiguration deletes what only the workloads needed, with their
	// ServiceAccounts.
	removeConfiguration
	removeCRDs
	removeNamespaces
)

var steps = []step{removeAdmission, removeCustom, removeWorkloads, removeConfiguration, removeCRDs, removeNamespaces}

func (s step) title() string {
	return [...]string{
		removeAdmission:     "admission webhooks and API services",
		removeCustom:        "custom resources",
		removeWorkloads:     "workloads",
		removeConfiguration: "service accounts, roles, configuration, services",
		removeCRDs:          "CRDs",
		removeNamespaces:    "namespaces",
	}[s]
}

func stepOf(kind schema.GroupKind) step {
	switch group := schedule.GroupOf(kind); {
	case group == schedule.Admission:
		return removeAdmission
	case group == schedule.Workloads && untyped.IsCustom(kind.Group):
		return removeCustom
	case group == schedule.Workloads:
		return removeWorkloads
	case group == schedule.Configuration, group == schedule.ServiceAccounts:
		return removeConfiguration
	case kind.Kind == "Namespace":
		return removeNamespaces
	}
	return removeCRDs
}
