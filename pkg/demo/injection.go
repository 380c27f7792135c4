package demo

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
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

// injected tells whether the labels of a namespace have sidecars injected.
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
		mine := ownership.Labelled(namespace, labelManager(inventory), InjectionLabel)
		for _, entry := range namespace.GetManagedFields() {
			sample := strings.HasPrefix(entry.Manager, labelManager(samplePrefix))
			if sample && !mine && ownership.Labelled(namespace, entry.Manager, InjectionLabel) {
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
func (s *SampleInstall) prepareLabel(ctx context.Context) (string, error) {
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
		return "", &RefusedError{[]preflight.Result{s.unwanted(found.Labels[InjectionLabel])}}
	}
	isNew := apierrors.IsNotFound(err)
	denied, err := s.labelDenied(ctx)
	if err != nil || denied && does == sharedLabel {
		return "", err // it is there, and stays as long as the other sample
	}
	if denied {
		return "", &RefusedError{[]preflight.Result{s.forbidden()}}
	}
	s.NamespaceLabels = map[string]string{InjectionLabel: enabled}
	if does == sharedLabel {
		return "", nil
	}
	if !isNew && s.ConfirmLabel != nil { // a new one is nobody's yet
		s.Confirm = func(ctx context.Context) error { return s.ConfirmLabel(ctx, injectionEnabled) }
	}
	return injectionEnabled, nil
}

// unwanted says what to do where somebody wants no sidecars.
func (s *SampleInstall) unwanted(value string) preflight.Result {
	return preflight.Result{
		Message: fmt.Sprintf("namespace %s has the label %s=%s, which keeps sidecars out", s.Namespace.Name, InjectionLabel, value),
		Remedy: "change it ('" + shell.Line("kubectl label --overwrite namespace {} "+injectionEnabled, s.Namespace.Name) +
			"'), choose another namespace with -n, or go on without sidecars with --inject=false",
	}
}

// forbidden says what to do where the user may not label the namespace.
func (s *SampleInstall) forbidden() preflight.Result {
	return preflight.Result{
		Message: fmt.Sprintf("you may not label namespace %s, without which it gets no sidecars", s.Namespace.Name),
		Remedy: "have somebody run '" + shell.Line("kubectl label namespace {} "+injectionEnabled, s.Namespace.Name) +
			"' and then add --inject=false, which leaves the label alone",
	}
}

// labelDenied asks whether the user may label the namespace.
func (s *SampleInstall) labelDenied(ctx context.Context) (bool, error) {
	gathered := &uses{}
	gathered.add(namespaces, "", preflight.Object{Name: s.Namespace.Name})
	results, err := preflight.Permissions(ctx, s.Cluster.Authorization, gathered.all(), []string{"patch"})
	return len(Failed(results)) > 0, err
}
