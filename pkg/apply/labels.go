package apply

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

// LabelManager is the field manager that labels a namespace for an inventory.
// Each has its own: a label that several of them want goes with the last, and
// one that somebody has changed since is not theirs any more.
func LabelManager(inventory string) string { return managedfields.Manager + "/" + inventory }

// Labels has a field manager own just these labels of a namespace; those
// that it owned before, and nobody else, go. It gives those that are there then.
// With its UID, a namespace that has gone meanwhile is not made anew.
func Labels(ctx context.Context, client dynamic.Interface, namespace metav1.Object, manager string, labels map[string]string) (map[string]string, error) {
	fields := map[string]any{"name": namespace.GetName()}
	if len(labels) > 0 {
		fields["labels"] = labels
	}
	if uid := namespace.GetUID(); uid != "" {
		fields["uid"] = uid
	}
	body, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": fields})
	if err != nil {
		return nil, err
	}
	stored, err := client.Resource(corev1.SchemeGroupVersion.WithResource("namespaces")).Patch(ctx, namespace.GetName(), types.ApplyPatchType, body, metav1.PatchOptions{FieldManager: manager})
	if err != nil {
		return nil, fmt.Errorf("cannot label namespace %s: %w", namespace.GetName(), err)
	}
	return stored.GetLabels(), nil
}
