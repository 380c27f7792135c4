package oracle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	crdv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// each is how many objects of a kind are made up.
const each = 400

// TestGenerated makes up objects of every kind that is upgraded, with fields
// there or not, and compares as the fixtures are compared.
func TestGenerated(t *testing.T) {
	kinds := upgradable(t)
	if len(kinds) < 45 {
		t.Errorf("only %d kinds are upgraded: %v", len(kinds), kinds)
	}
	for _, kind := range kinds {
		t.Run(fmt.Sprintf("%s %s", kind.GroupVersion(), kind.Kind), func(t *testing.T) {
			var pairs []pair
			for seed := range int64(each) {
				object := made(t, kind, seed)
				if pair, ok := upgrade(t, object); ok {
					pairs = append(pairs, pair)
				}
			}
			compare(t, pairs)
		})
	}
}

// upgradable are the kinds whose old types the library still has.
func upgradable(t *testing.T) []schema.GroupVersionKind {
	t.Helper()
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, crdv1beta1.AddToScheme} {
		if err := add(known); err != nil {
			t.Fatal(err)
		}
	}
	var kinds []schema.GroupVersionKind
	for kind := range maps.Keys(known.AllKnownTypes()) {
		object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"signerName": "a"}}}
		object.SetGroupVersionKind(kind)
		if _, ok := upgrade(t, object); ok {
			kinds = append(kinds, kind)
		}
	}
	slices.SortFunc(kinds, func(a, b schema.GroupVersionKind) int { return cmp.Compare(a.String(), b.String()) })
	return kinds
}

// made gives an object of a kind, the same for the same seed.
func made(t *testing.T, kind schema.GroupVersionKind, seed int64) *unstructured.Unstructured {
	t.Helper()
	known := scheme.Scheme
	if kind.GroupVersion() == crdv1beta1.SchemeGroupVersion {
		known = runtime.NewScheme()
		if err := crdv1beta1.AddToScheme(known); err != nil {
			t.Fatal(err)
		}
	}
	typed, err := known.New(kind)
	if err != nil {
		t.Fatal(err)
	}
	filler(seed).Fill(typed)
	typed.GetObjectKind().SetGroupVersionKind(kind)
	typed.(metav1.Object).SetName(fmt.Sprintf("made-%d", seed))
	data, err := json.Marshal(typed)
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return object
}
