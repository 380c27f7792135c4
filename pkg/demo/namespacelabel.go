package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
)

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// labelsOf gives the labels that a namespace of the targets will have.
func (i *Install) labelsOf(target apply.Target) map[string]string {
	labels := maps.Clone(target.Object.GetLabels())
	if target.Ref.Name == i.Namespace.Name && len(i.NamespaceLabels) > 0 {
		if labels == nil {
			labels = map[string]string{}
		}
		maps.Copy(labels, i.NamespaceLabels)
	}
	return labels
}

// labelNamespace gives the namespace its labels, if there are any.
func (i *Install) labelNamespace(ctx context.Context) error {
	if len(i.NamespaceLabels) == 0 {
		return nil
	}
	namespace := &metav1.ObjectMeta{Name: i.Namespace.Name}
	_, err := applyLabels(ctx, i.Cluster.Dynamic, namespace, labelManager(i.Inventory), i.NamespaceLabels)
	return err
}

// labelManager is the field manager that labels a namespace for an inventory.
// Each has its own: a label that several of them want goes with the last, and
// one that somebody has changed since is not theirs any more.
func labelManager(inventory string) string { return apply.FieldManager + "/" + inventory }

// applyLabels has a field manager own just these labels of a namespace; those
// that it owned before, and nobody else, go. It gives those that are there then.
// With its UID, a namespace that has gone meanwhile is not made anew.
func applyLabels(ctx context.Context, client dynamic.Interface, namespace metav1.Object, manager string, labels map[string]string) (map[string]string, error) {
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

// releaseLabels takes back what labelNamespace has done for an inventory; it
// tells whether the label for injection is gone by that. A namespace that is gone, or that the user
// may not see, has nothing to be taken back.
func releaseLabels(ctx context.Context, cluster *Cluster, namespace, inventory string) (bool, error) {
	found, err := cluster.Metadata.Resource(namespaces).Get(ctx, namespace, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot read namespace %s: %w", namespace, err)
	}
	manager := labelManager(inventory)
	if found.DeletionTimestamp != nil || !ownership.Labelled(found, manager, InjectionLabel) {
		return false, nil
	}
	left, err := applyLabels(ctx, cluster.Dynamic, found, manager, nil)
	return err == nil && left[InjectionLabel] == "", err
}
