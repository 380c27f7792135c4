package status

import (
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// Workload is an object that is not ready as soon as it is stored.
type Workload struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Ready     bool   `json:"ready"`
	// Replicas are those that are ready and those that are wanted: "1/2";
	// empty for kinds that have none.
	Replicas string `json:"replicas,omitempty"`
	// Message says what is lacking; empty where nothing is.
	Message string   `json:"message,omitempty"`
	Images  []string `json:"images,omitempty"`
	// Created is zero where it is missing.
	Created time.Time `json:"created,omitzero"`
	// Findings are what holds it back, the most telling first.
	Findings []diagnose.Finding `json:"findings,omitempty"`
}

func (w Workload) ref() event.Object {
	return event.Object{Group: w.Group, Kind: w.Kind, Namespace: w.Namespace, Name: w.Name}
}

// workload reads an object.
func workload(object *unstructured.Unstructured) Workload {
	ref := manifest.Ref(object)
	state, message := ready.Compute(object)
	read := Workload{
		Group:     ref.Group,
		Kind:      ref.Kind,
		Namespace: ref.Namespace,
		Name:      ref.Name,
		Ready:     state == ready.Ready,
		Replicas:  replicas(object),
		Images:    images(object),
		Created:   object.GetCreationTimestamp().Time,
	}
	if !read.Ready {
		read.Message = message
	}
	if scaledToZero(object) {
		read.Ready, read.Message = false, "scaled to 0"
		read.Findings = []diagnose.Finding{{
			Reason: "ScaledToZero", Message: "somebody has scaled it to 0 since the install",
			Next: shell.Line("kubectl scale {} {} --replicas=1", strings.ToLower(ref.Kind), ref.Name) + shell.In(ref.Namespace),
		}}
	}
	return read
}

// scaledToZero reports whether a workload is to have no pods, and the manifest did
// not say so: then this program would own the field.
func scaledToZero(object *unstructured.Unstructured) bool {
	if wanted, found, err := unstructured.NestedInt64(object.Object, "spec", "replicas"); !found || err != nil || wanted > 0 {
		return false
	}
	replicas := fieldpath.MakePathOrDie("spec", "replicas")
	return !slices.ContainsFunc(object.GetManagedFields(), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == managedfields.Manager && managedfields.Of(entry).Has(replicas)
	})
}

// replicas returns the pods that are ready and those that are wanted.
func replicas(object *unstructured.Unstructured) string {
	number := func(otherwise int64, path ...string) int64 {
		if n, found, err := unstructured.NestedInt64(object.Object, path...); found && err == nil {
			return n
		}
		return otherwise
	}
	switch object.GetKind() {
	case "Deployment", "ReplicaSet", "StatefulSet", "ReplicationController":
		return fmt.Sprintf("%d/%d", number(0, "status", "readyReplicas"), number(1, "spec", "replicas"))
	case "DaemonSet":
		return fmt.Sprintf("%d/%d", number(0, "status", "numberReady"), number(0, "status", "desiredNumberScheduled"))
	case "Job":
		return fmt.Sprintf("%d/%d", number(0, "status", "succeeded"), number(1, "spec", "completions"))
	}
	return ""
}

// images returns the images of the pods' containers, sorted.
func images(object *unstructured.Unstructured) []string {
	path := []string{"spec", "template", "spec", "containers"}
	if object.GetKind() == "Pod" {
		path = []string{"spec", "containers"}
	}
	containers, _, _ := unstructured.NestedSlice(object.Object, path...)
	var found []string
	for _, container := range containers {
		fields, _ := container.(map[string]any)
		if image, ok := fields["image"].(string); ok {
			found = append(found, image)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
