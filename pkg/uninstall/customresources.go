package uninstall

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// instances returns the custom resources of a CRD, in all namespaces. The CRD is
// asked for its versions, because what the cluster served a moment ago need not
// have them yet, or any more. The error is an unseen where there may be some that
// nobody can list.
func instances(ctx context.Context, cluster *cluster.Cluster, crd applyset.Object) ([]applyset.Object, error) {
	found, err := cluster.CRDs().Resource(crd.Resource).Get(ctx, crd.Ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", crd.Ref, err)
	}
	place, stored := placeOf(found)
	if !stored {
		return nil, nil // it was never established, so that nothing could be stored
	}
	if place.Resource.Version == "" {
		return nil, &unseen{errors.New("no version is served")}
	}
	objects, served, err := applyset.All(ctx, cluster.Metadata, place)
	if err == nil && !served && isEstablished(found) {
		// This API server may be behind another one, through which something
		// was stored.
		err = &unseen{fmt.Errorf("%s is currently not served", place.Resource.GroupResource())}
	}
	return objects, err
}

// isEstablished reports whether something can have been stored. A definition stays
// established once it was.
func isEstablished(definition *unstructured.Unstructured) bool {
	return untyped.HasCondition(definition, "Established")
}

// placeOf is where the objects of a CRD are; without a version where
// none is served. Stored is false where there never was a place.
func placeOf(definition *unstructured.Unstructured) (place applyset.Place, stored bool) {
	versions, _, _ := unstructured.NestedStringSlice(definition.Object, "status", "storedVersions")
	kind, plural := untyped.DefinedBy(definition)
	place.Kind = kind
	place.Resource = schema.GroupVersionResource{Group: kind.Group, Resource: plural}
	// Not NestedSlice: it would copy the schemas where these were read.
	field, _, _ := unstructured.NestedFieldNoCopy(definition.Object, "spec", "versions")
	all, _ := field.([]any)
	for _, version := range all {
		fields, _ := version.(map[string]any)
		if served, _, _ := unstructured.NestedBool(fields, "served"); served {
			place.Resource.Version, _, _ = unstructured.NestedString(fields, "name")
		}
	}
	return place, len(versions) > 0
}
