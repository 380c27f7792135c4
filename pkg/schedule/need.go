package schedule

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// Need is a ConfigMap or Secret that pods cannot start without and that the
// manifest does not have.
type Need struct {
	Object event.Object
	// Writer names the workload that writes it, as far as the roles of the manifest
	// tell; it is empty where none may, or several.
	Writer string
}

// workload is what has pods that start once it is created.
type workload struct {
	kind     schema.GroupKind
	ref      event.Object
	metadata map[string]string // labels and annotations of the pods
	pod      corev1.PodSpec
	needs    []event.Object
}

// workloadOf reads an object. A CronJob has no pods when it is created, and what
// cannot be read is for the server to refuse.
func workloadOf(object *unstructured.Unstructured) (*workload, bool) {
	w := &workload{kind: object.GroupVersionKind().GroupKind(), ref: manifest.Ref(object), metadata: map[string]string{}}
	template := []string{"spec", "template"}
	if w.kind == (schema.GroupKind{Kind: "Pod"}) {
		template = nil
	}
	spec, found, err := unstructured.NestedMap(object.Object, append(template, "spec")...)
	if GroupOf(w.kind) != Workloads || err != nil || !found {
		return nil, false
	}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(spec, &w.pod); err != nil || len(w.pod.Containers) == 0 {
		return nil, false
	}
	for _, field := range []string{"labels", "annotations"} {
		values, _, _ := unstructured.NestedStringMap(object.Object, append(template, "metadata", field)...)
		for key, value := range values {
			w.metadata[key] = value
		}
	}
	return w, true
}

// mounts returns the ConfigMaps and Secrets that the kubelet waits for before it
// starts the pod's containers.
func (w *workload) mounts() []event.Object {
	var all []event.Object
	add := func(kind, name string, optional *bool) {
		ref := event.Object{Kind: kind, Namespace: w.ref.Namespace, Name: name}
		if name != "" && (optional == nil || !*optional) && !slices.Contains(all, ref) {
			all = append(all, ref)
		}
	}
	for _, volume := range w.pod.Volumes {
		if source := volume.ConfigMap; source != nil {
			add("ConfigMap", source.Name, source.Optional)
		}
		if source := volume.Secret; source != nil {
			add("Secret", source.SecretName, source.Optional)
		}
		if volume.Projected == nil {
			continue
		}
		for _, source := range volume.Projected.Sources {
			if source := source.ConfigMap; source != nil {
				add("ConfigMap", source.Name, source.Optional)
			}
			if source := source.Secret; source != nil {
				add("Secret", source.Name, source.Optional)
			}
		}
	}
	for _, container := range slices.Concat(w.pod.InitContainers, w.pod.Containers) {
		environment(container, add)
	}
	return all
}

// environment adds what the variables of a container are read from.
func environment(container corev1.Container, add func(kind, name string, optional *bool)) {
	for _, source := range container.EnvFrom {
		if from := source.ConfigMapRef; from != nil {
			add("ConfigMap", from.Name, from.Optional)
		}
		if from := source.SecretRef; from != nil {
			add("Secret", from.Name, from.Optional)
		}
	}
	for _, variable := range container.Env {
		if variable.ValueFrom == nil {
			continue
		}
		if from := variable.ValueFrom.ConfigMapKeyRef; from != nil {
			add("ConfigMap", from.Name, from.Optional)
		}
		if from := variable.ValueFrom.SecretKeyRef; from != nil {
			add("Secret", from.Name, from.Optional)
		}
	}
}

// HasPods reports whether an object has pods that start once it is created.
func HasPods(object *unstructured.Unstructured) bool {
	_, has := workloadOf(object)
	return has
}
