package apply

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

func (e *Engine) resource(target Target) dynamic.ResourceInterface {
	return e.Dynamic.Resource(target.Resource).Namespace(target.Ref.Namespace)
}

// tryCreation asks whether the server would take a target that is to be
// recreated as a new object, before the old one is deleted. The name is still
// taken, and so are a Service's addresses: it is asked for another name, without
// these. It gives no error where the user may only create an object of this name.
func (e *Engine) tryCreation(ctx context.Context, target Target) error {
	try := target.Object.DeepCopy()
	try.SetName("")
	try.SetGenerateName(target.Ref.Name + "-")
	for _, address := range []string{"clusterIP", "clusterIPs", "healthCheckNodePort"} {
		unstructured.RemoveNestedField(try.Object, "spec", address)
	}
	ports, _, _ := unstructured.NestedFieldNoCopy(try.Object, "spec", "ports")
	items, _ := ports.([]any)
	for _, item := range items {
		if port, ok := item.(map[string]any); ok {
			delete(port, "nodePort")
		}
	}
	_, err := e.resource(target).Create(ctx, try, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldManager: managedfields.Manager})
	if err == nil || unauthorized(err) {
		return nil
	}
	return fmt.Errorf("%s: %s: cannot recreate: the server would reject the new object: %w", target.Source, target.Ref, &oneLine{withoutValues(target, err)})
}

// unauthorized reports whether it is a missing permission, and nothing about the
// object, for which the server refuses to create it (k8s.io/apiserver,
// pkg/endpoints/handlers/responsewriters/errors.go).
func unauthorized(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot create resource")
}

// replace deletes the live object of a target and creates the new one. Where
// that is refused after all, the old object is put back.
func (e *Engine) replace(ctx context.Context, target Target) (*unstructured.Unstructured, error) {
	old, err := e.resource(target).Get(ctx, target.Ref.Name, metav1.GetOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("cannot read %s: %w", target.Ref, err)
	}
	if err := e.Delete(ctx, target); err != nil {
		return nil, err
	}
	stored, err := e.patch(ctx, target, false)
	if err == nil || old == nil {
		return stored, err
	}
	if failed := e.putBack(ctx, target, old); failed != nil {
		return nil, fmt.Errorf("%w; the object is deleted, and restoring it failed: %v", err, withoutValues(target, failed))
	}
	return nil, fmt.Errorf("%w; the old object was restored", err)
}

// putBack creates an object as it was, its managers included, also after the end
// of the context.
func (e *Engine) putBack(ctx context.Context, target Target, old *unstructured.Unstructured) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	back := old.DeepCopy()
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation"} {
		unstructured.RemoveNestedField(back.Object, "metadata", field)
	}
	unstructured.RemoveNestedField(back.Object, "status")
	if target.groupKind() == (schema.GroupKind{Group: "batch", Kind: "Job"}) {
		// The server makes these of the UID.
		unstructured.RemoveNestedField(back.Object, "spec", "selector")
		for _, label := range []string{"controller-uid", "job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"} {
			unstructured.RemoveNestedField(back.Object, "spec", "template", "metadata", "labels", label)
		}
	}
	_, err := e.resource(target).Create(ctx, back, metav1.CreateOptions{FieldManager: managedfields.Manager})
	return err
}
