package cmd

import (
	"encoding/base64"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/kubectl/pkg/cmd/diff"
)

var secretKind = corev1.SchemeGroupVersion.WithKind("Secret")

// mask replaces the values on both sides of a Secret, of which one may be nil,
// so that one sees only which of them differ. kubectl looks at the data alone.
func mask(live, merged *unstructured.Unstructured) error {
	var objects [2]runtime.Object
	for i, side := range []*unstructured.Unstructured{live, merged} {
		if side == nil {
			continue
		}
		objects[i] = side
		if err := gatherData(side); err != nil {
			return err
		}
	}
	masker, err := diff.NewMasker(objects[0], objects[1])
	if err != nil {
		return err
	}
	for side, masked := range map[*unstructured.Unstructured]runtime.Object{live: masker.From(), merged: masker.To()} {
		if side != nil {
			side.Object = masked.(*unstructured.Unstructured).Object
		}
	}
	return nil
}

// gatherData puts all that is secret into data, as the server does with
// stringData, and takes out what 'kubectl apply' has noted of it.
func gatherData(secret *unstructured.Unstructured) error {
	unstructured.RemoveNestedField(secret.Object, "metadata", "annotations", corev1.LastAppliedConfigAnnotation)
	written, found, err := unstructured.NestedStringMap(secret.Object, "stringData")
	if err != nil || !found {
		return err
	}
	unstructured.RemoveNestedField(secret.Object, "stringData")
	for key, value := range written {
		if err := unstructured.SetNestedField(secret.Object, base64.StdEncoding.EncodeToString([]byte(value)), "data", key); err != nil {
			return err
		}
	}
	return nil
}
