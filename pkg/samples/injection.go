package samples

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// Istio injects sidecars into the pods of namespaces with one of these labels.
const (
	InjectionLabel = "istio-injection"
	enabled        = "enabled"
	revisionLabel  = "istio.io/rev"

	injectionEnabled = InjectionLabel + "=" + enabled
)

// injected reports whether the labels of a namespace have sidecars injected.
func injected(labels map[string]string) bool {
	_, revision := labels[revisionLabel]
	return labels[InjectionLabel] == enabled || revision && labels[InjectionLabel] == ""
}

// labelling is what has to be done about a namespace's label.
type labelling int

const (
	// noLabel: somebody has labelled it, or it is not to be.
	noLabel labelling = iota
	// newLabel: it has none.
	newLabel
	// sharedLabel: another sample has labelled it, and may go before this one.
	sharedLabel
	// refusedLabel: somebody wants no sidecars there.
	refusedLabel
)

// labellingOf judges a namespace, which is nil where it is going to be created
// or cannot be seen.
func labellingOf(namespace metav1.Object, inventory string) labelling {
	switch {
	case namespace == nil:
		return newLabel
	case injected(namespace.GetLabels()):
		mine := applyset.Labelled(namespace, apply.LabelManager(inventory), InjectionLabel)
		for _, entry := range namespace.GetManagedFields() {
			sample := strings.HasPrefix(entry.Manager, apply.LabelManager(applyset.SamplePrefix))
			if sample && !mine && applyset.Labelled(namespace, entry.Manager, InjectionLabel) {
				return sharedLabel
			}
		}
		return noLabel
	case namespace.GetLabels()[InjectionLabel] != "":
		return refusedLabel
	}
	return newLabel
}

// prepareLabel finds out what has to be done about the namespace's label, and
// has the install do it; it gives the label where that is new.
func (s *Install) prepareLabel(ctx context.Context) (string, error) {
	if !s.Inject {
		return "", nil
	}
	var namespace metav1.Object
	found, err := s.Cluster.Metadata.Resource(namespaces).Get(ctx, s.Namespace.Name, metav1.GetOptions{})
	switch {
	case err == nil:
		namespace = found
	case !apierrors.IsNotFound(err) && !apierrors.IsForbidden(err):
		return "", fmt.Errorf("cannot read namespace %s: %w", s.Namespace.Name, err)
	}
	does := labellingOf(namespace, s.Inventory)
	switch does {
	case noLabel:
		return "", nil
	case refusedLabel:
		return "", &preflight.RefusedError{Failed: []preflight.Result{s.unwanted(found.Labels[InjectionLabel])}}
	}
	isNew := apierrors.IsNotFound(err)
	denied, err := s.labelDenied(ctx)
	if err != nil || denied && does == sharedLabel {
		return "", err // it is there, and stays as long as the other sample
	}
	if denied {
		return "", &preflight.RefusedError{Failed: []preflight.Result{s.forbidden()}}
	}
	s.NamespaceLabels = map[string]string{InjectionLabel: enabled}
	if does == sharedLabel {
		return "", nil
	}
	if ask := s.ConfirmLabel; !isNew && ask != nil { // a new one is nobody's yet
		s.Confirm = func(ctx context.Context) error { return ask(ctx, injectionEnabled) }
	}
	return injectionEnabled, nil
}

// unwanted says what to do where somebody wants no sidecars.
func (s *Install) unwanted(value string) preflight.Result {
	return preflight.Result{
		Message: fmt.Sprintf("namespace %s disables sidecar injection with the label %s=%s", s.Namespace.Name, InjectionLabel, value),
		Remedy: "change the label ('" + shell.Line("kubectl label --overwrite namespace {} "+injectionEnabled, s.Namespace.Name) +
			"'), choose another namespace with -n, or install without sidecars with --inject=false",
	}
}

// forbidden says what to do where the user may not label the namespace.
func (s *Install) forbidden() preflight.Result {
	return preflight.Result{
		Message: fmt.Sprintf("no permission to label namespace %s for sidecar injection", s.Namespace.Name),
		Remedy: "ask an administrator to run '" + shell.Line("kubectl label namespace {} "+injectionEnabled, s.Namespace.Name) +
			"', then rerun with --inject=false to leave the label alone",
	}
}

// labelDenied asks whether the user may label the namespace.
func (s *Install) labelDenied(ctx context.Context) (bool, error) {
	gathered := &preflight.Uses{}
	gathered.Add(namespaces, "", preflight.Object{Name: s.Namespace.Name})
	results, err := preflight.Permissions(ctx, s.Cluster.Authorization, gathered.All(), []string{"patch"})
	return len(preflight.Failed(results)) > 0, err
}

var namespaces = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// releaseLabels takes back what labelNamespace has done for an inventory; it
// tells whether the label for injection is gone by that. A namespace that is gone, or that the user
// may not see, has nothing to be taken back.
func releaseLabels(ctx context.Context, cluster *cluster.Cluster, namespace, inventory string) (bool, error) {
	found, err := cluster.Metadata.Resource(namespaces).Get(ctx, namespace, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || apierrors.IsForbidden(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("cannot read namespace %s: %w", namespace, err)
	}
	manager := apply.LabelManager(inventory)
	if found.DeletionTimestamp != nil || !applyset.Labelled(found, manager, InjectionLabel) {
		return false, nil
	}
	left, err := apply.Labels(ctx, cluster.Dynamic, found, manager, nil)
	return err == nil && left[InjectionLabel] == "", err
}
