package status

import (
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
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
	Message string    `json:"message,omitempty"`
	Images  []string  `json:"images,omitempty"`
	Created time.Time `json:"created"`
	// Findings are what holds it back, the most telling first.
	Findings []diagnose.Finding `json:"findings,omitempty"`
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
	return read
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
