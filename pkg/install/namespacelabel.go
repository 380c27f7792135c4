package install

import (
	"context"
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
)

// labelsOf returns the labels that a namespace of the targets will have.
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

// labelNamespace applies the labels of the namespace, if there are any.
func (i *Install) labelNamespace(ctx context.Context) error {
	if len(i.NamespaceLabels) == 0 {
		return nil
	}
	namespace := &metav1.ObjectMeta{Name: i.Namespace.Name}
	_, err := apply.Labels(ctx, i.Cluster.Dynamic, namespace, apply.LabelManager(i.Inventory), i.NamespaceLabels)
	return err
}
