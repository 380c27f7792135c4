package demo

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// batch is a part of a stage that can be applied at once, and as soon as the
// batches that it refers to are over.
type batch struct {
	// stage is the number of the stage, from 0 on.
	stage   int
	part    part
	targets []apply.Target
	// after are the batches that must be over before, as indices.
	after []int
}

// part says what the objects of a batch have in common for the order.
type part int

// The parts. Their order is one in which they could follow one another.
const (
	partNamespaces part = iota
	partDefinitions
	// partServed has no objects of its own: it is over when the definitions
	// before it are served.
	partServed
	partAccounts
	// partIndependent are configuration and Services, which refer to nothing.
	partIndependent
	// partDependent are judged by what they refer to when they are stored: a token
	// Secret is deleted when its account is not there, and a binding is refused
	// to users who may not read its role.
	partDependent
	partWorkloads
	// partCustoms are of kinds that are defined beside them, or may be by
	// somebody else.
	partCustoms
	// partAdmission comes last, so that it does not stand in the way of the
	// workloads that serve it.
	partAdmission
)

// String says what is in a part.
func (p part) String() string {
	return [...]string{
		partNamespaces:  "namespaces",
		partDefinitions: "definitions",
		partServed:      "nothing",
		partAccounts:    "accounts and roles",
		partIndependent: "configuration and services",
		partDependent:   "bindings and token secrets",
		partWorkloads:   "workloads",
		partCustoms:     "custom resources",
		partAdmission:   "admission webhooks and API services",
	}[p]
}

// requirements are the parts that must be over before another.
var requirements = map[part][]part{
	partDefinitions: {partNamespaces},
	partServed:      {partDefinitions},
	partAccounts:    {partNamespaces},
	partIndependent: {partNamespaces},
	partDependent:   {partNamespaces, partAccounts},
	partWorkloads:   {partNamespaces, partAccounts, partIndependent, partDependent},
	partCustoms:     {partNamespaces, partServed, partAccounts, partIndependent, partDependent},
	partAdmission:   {partNamespaces, partDefinitions, partAccounts, partIndependent, partDependent, partWorkloads, partCustoms},
}

// definedBy gives the kinds that definitions among the targets define.
func definedBy(targets []apply.Target) map[schema.GroupKind]bool {
	defined := map[schema.GroupKind]bool{}
	for _, target := range targets {
		if manifest.IsCRD(target.Object) {
			group, _, _ := unstructured.NestedString(target.Object.Object, "spec", "group")
			kind, _, _ := unstructured.NestedString(target.Object.Object, "spec", "names", "kind")
			defined[schema.GroupKind{Group: group, Kind: kind}] = true
		}
	}
	return defined
}

// partOf gives the part of an object, where some kinds are defined beside it.
// For users who may do everything,
// bindings do not depend on their roles: the server does not look at these
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac, "Privilege
// escalation prevention and bootstrapping").
func partOf(target apply.Target, defined map[schema.GroupKind]bool, mayAll bool) part {
	kind := kindOf(target)
	if defined[kind] {
		return partCustoms
	}
	switch apply.WaveOf(kind) {
	case apply.Definitions:
		if manifest.IsNamespace(target.Object) {
			return partNamespaces
		}
		return partDefinitions
	case apply.Accounts:
		return partAccounts
	case apply.Configuration:
		isBinding := kind.Group == "rbac.authorization.k8s.io"
		if isBinding && !mayAll || isTokenSecret(target.Object) {
			return partDependent
		}
		return partIndependent
	case apply.Workloads:
		if apply.IsCustom(kind.Group) {
			return partCustoms
		}
		return partWorkloads
	}
	return partAdmission
}

func isTokenSecret(object *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(object.Object, "type")
	return object.GetKind() == "Secret" && kind == "kubernetes.io/service-account-token"
}

// batchesOf parts the stages of a round, of which the first has the given
// number, into batches.
func batchesOf(round []stage, first int, defined map[schema.GroupKind]bool, mayAll bool) []batch {
	var batches []batch
	for n, stage := range round {
		parts := map[part][]apply.Target{}
		for _, target := range stage.targets {
			part := partOf(target, defined, mayAll)
			parts[part] = append(parts[part], target)
		}
		for part := partNamespaces; part <= partAdmission; part++ {
			if len(parts[part]) > 0 {
				batches = append(batches, batch{stage: first + n, part: part, targets: parts[part]})
			}
			if part == partDefinitions && len(parts[part]) > 0 {
				batches = append(batches, batch{stage: first + n, part: partServed, targets: parts[part]})
			}
		}
	}
	for n := range batches {
		before := requirements[batches[n].part]
		if round[batches[n].stage-first].turn.before {
			before = slices.Concat(before, []part{partServed}) // a hook may use what is defined
		}
		for m := range batches {
			if slices.Contains(before, batches[m].part) {
				batches[n].after = append(batches[n].after, m)
			}
		}
	}
	return batches
}

// rounds cuts stages after each that has something to wait for.
func rounds(stages []stage) [][]stage {
	var all [][]stage
	from := 0
	for n := range stages {
		if len(stages[n].awaited) > 0 || n == len(stages)-1 {
			all = append(all, stages[from:n+1])
			from = n + 1
		}
	}
	return all
}
