// Package ready knows when an object runs, by the rules of kstatus, and waits
// for it with watches.
package ready

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// State is how far an object has come.
type State int

// The states.
const (
	InProgress State = iota
	Ready
	// Failed is a state that an object does not leave by itself.
	Failed
)

// Compute tells the state of an object, and in a few words what it lacks.
//
// The rules are those of kstatus (sigs.k8s.io/cli-utils), with three
// differences: a Job is ready when it has completed or is suspended, and not
// when it runs; a custom resource whose status kstatus cannot read is ready,
// because that status has a form of its own; and failed for good are a Job, a
// CRD and a pod that has ended in failure, but nothing else, because it can
// still heal.
func Compute(object *unstructured.Unstructured) (State, string) {
	state, lacks, refused := compute(object)
	return state, together(lacks, refused)
}

// together says what an object lacks, and why no pods are made.
func together(lacks, refused string) string {
	if refused == "" {
		return lacks
	}
	return lacks + "; " + refused
}

// compute returns both apart.
func compute(object *unstructured.Unstructured) (state State, lacks, refused string) {
	result, err := status.Compute(object)
	if err != nil && untyped.IsCustom(object.GroupVersionKind().Group) {
		return Ready, "", ""
	}
	if err != nil {
		return InProgress, oneLine(fmt.Sprintf("cannot read its status: %v", err)), ""
	}
	result.Message = oneLine(result.Message)
	kind := object.GroupVersionKind().GroupKind().String()
	if phase, _, _ := unstructured.NestedString(object.Object, "status", "phase"); kind == "Pod" && phase == "Failed" {
		return Failed, result.Message, ""
	}
	if suspended, _, _ := unstructured.NestedBool(object.Object, "spec", "suspend"); kind == "Job.batch" && suspended {
		return Ready, "suspended", ""
	}
	switch result.Status {
	case status.CurrentStatus:
		if kind == "Job.batch" && !untyped.HasCondition(object, "Complete") {
			return InProgress, result.Message, ""
		}
		return Ready, result.Message, ""
	case status.FailedStatus:
		if kind == "Job.batch" || kind == "CustomResourceDefinition.apiextensions.k8s.io" {
			return Failed, result.Message, ""
		}
	case status.TerminatingStatus:
		return InProgress, "being deleted", ""
	}
	return InProgress, result.Message, refusal(object)
}

// longestRefusal is how much is told of why pods are refused.
const longestRefusal = 160

// refusal returns why no pods are made, where a Deployment or a ReplicaSet says
// so: "FailedCreate: exceeded quota".
func refusal(object *unstructured.Unstructured) string {
	condition, refused := untyped.TrueCondition(object, "ReplicaFailure")
	if !refused {
		return ""
	}
	message := []rune(oneLine(fmt.Sprintf("%v: %v", condition["reason"], condition["message"])))
	if len(message) > longestRefusal {
		message = append(message[:longestRefusal], '…')
	}
	return string(message)
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
