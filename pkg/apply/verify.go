package apply

import (
	"context"
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// Verify has the server check, before anything is written, the targets that
// it may refuse although it has them already: those in which somebody else
// owns fields, and those of kinds with fields that cannot be changed. Of CRDs it
// sees that from what was observed. Objects that have to be made anew are marked, if that is allowed. The errors are
// those that Apply would give, one line for each object.
func (e *Engine) Verify(ctx context.Context, targets []Target) error {
	if e.DryRun {
		return nil // all of it is a check
	}
	var doubtful []int
	var redefined []error
	for i := range targets {
		if refused := targets[i].redefined(); refused != nil {
			redefined = append(redefined, refused)
		} else if targets[i].doubtful() {
			doubtful = append(doubtful, i)
		}
	}
	refused := make([]error, len(doubtful))
	members := make([]Target, len(doubtful))
	for n, i := range doubtful {
		members[n] = targets[i]
	}
	// All of the refusals are wanted, so they do not end the others.
	err := each(ctx, e.slots(), nil, len(members), func(ctx context.Context, n int) error {
		stored, err := e.patch(ctx, members[n], true)
		targets[doubtful[n]].Changes = err == nil && stored.GetGeneration() != members[n].Live.GetGeneration()
		if e.recreates(members[n], stored, err) {
			targets[doubtful[n]].Recreate = true
			refused[n] = e.tryCreation(ctx, members[n])
			return nil
		}
		if err != nil && !apierrors.IsNotFound(err) && !e.passes(members[n], err) {
			refused[n] = e.refusal(members[n], err)
		}
		return nil
	})
	return errors.Join(err, errors.Join(redefined...), errors.Join(refused...))
}

// recreates tells, from what the server says to a change, whether an object is
// to be made anew: because the server does not let anybody change it, or
// because it is to run again and has failed.
func (e *Engine) recreates(target Target, stored *unstructured.Unstructured, err error) bool {
	if err == nil {
		return target.RunsAgain && untyped.HasCondition(stored, "Failed") && !target.Claimed
	}
	return (e.Recreate || target.RunsAgain) && target.recreatable() && immutable(err)
}

// doubtful reports whether the server may refuse to change an object.
func (t *Target) doubtful() bool {
	if t.Live == nil || t.IfAbsent || t.Unverifiable {
		return false
	}
	if _, known := immutableFields[t.groupKind()]; known {
		return true
	}
	for _, entry := range t.Live.GetManagedFields() {
		if entry.Manager != managedfields.Manager && !controllers[entry.Manager] && entry.Subresource != "status" {
			return true
		}
	}
	return false
}

func (t *Target) groupKind() schema.GroupKind { return t.Object.GroupVersionKind().GroupKind() }

// loss tells whether something may be lost when an object is deleted and made
// anew.
type loss int

const (
	nothing loss = iota
	data
)

// immutableFields are the kinds of Kubernetes with fields that the server
// does not let anybody change: selectors, templates, roles, addresses, sizes,
// and contents that are said to be immutable. A claim made anew would lose its
// volume, a StatefulSet may.
var immutableFields = map[schema.GroupKind]loss{
	{Group: "apps", Kind: "Deployment"}:                              nothing,
	{Group: "apps", Kind: "DaemonSet"}:                               nothing,
	{Group: "apps", Kind: "ReplicaSet"}:                              nothing,
	{Group: "apps", Kind: "StatefulSet"}:                             data,
	{Group: "batch", Kind: "Job"}:                                    nothing,
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        nothing,
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: nothing,
	{Kind: "Service"}:                                                nothing,
	{Kind: "ConfigMap"}:                                              nothing,
	{Kind: "Secret"}:                                                 nothing,
	{Kind: "PersistentVolumeClaim"}:                                  data,
	{Kind: "Pod"}:                                                    nothing,
	{Kind: "PersistentVolume"}:                                       data,
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:              nothing,
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                  nothing,
	{Group: "storage.k8s.io", Kind: "CSIDriver"}:                     nothing,
	{Group: "networking.k8s.io", Kind: "IngressClass"}:               nothing,
	{Group: "node.k8s.io", Kind: "RuntimeClass"}:                     nothing,
}

// recreatable reports whether nothing is lost when an object is deleted and created
// again, and nobody else counts on it.
func (t *Target) recreatable() bool {
	lost, known := immutableFields[t.groupKind()]
	return known && lost == nothing && !t.Claimed
}

// immutable reports whether the server refuses because a field cannot be
// changed. It has no reason of its own for that, but the words of
// apimachinery's validation and of Kubernetes' strategies.
func immutable(err error) bool {
	var status apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return false
	}
	for _, cause := range status.Status().Details.Causes {
		for _, words := range []string{
			"field is immutable",                    // validation.FieldImmutableErrorMsg
			"cannot change roleRef",                 // bindings, older servers
			"is immutable after creation",           // PersistentVolumeClaim
			"may not change once set",               // a Service's cluster IP
			"field cannot be changed",               // ConfigMap and Secret, older servers
			"pod updates may not change fields",     // Pod
			"updates to statefulset spec for field", // StatefulSet
			"may not be changed in an update",       // PriorityClass
			"updates to parameters are forbidden",   // StorageClass
			"updates to provisioner are forbidden",
		} {
			if strings.Contains(cause.Message, words) && cause.Type != metav1.CauseTypeFieldManagerConflict {
				return true
			}
		}
	}
	return false
}
