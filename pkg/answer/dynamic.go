package answer

import (
	"bytes"
	"context"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// Dynamic returns a client that refuses answers about other objects. Of what is
// written, the kind is the one that is written; of what is read, that of
// kindOf, or any of the group and version.
func Dynamic(client dynamic.Interface, kindOf KindOf) dynamic.Interface {
	return &dynamicClient{client, kindOf}
}

type dynamicClient struct {
	client dynamic.Interface
	kindOf KindOf
}

func (c *dynamicClient) Resource(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	everywhere := c.client.Resource(resource)
	return &dynamicResources{dynamicResource{everywhere, placeOf(resource, c.kindOf)}, everywhere}
}

type dynamicResources struct {
	dynamicResource
	everywhere dynamic.NamespaceableResourceInterface
}

func (r *dynamicResources) Namespace(namespace string) dynamic.ResourceInterface {
	return &dynamicResource{r.everywhere.Namespace(namespace), r.in(namespace)}
}

// dynamicResource checks what can answer with an object.
type dynamicResource struct {
	dynamic.ResourceInterface
	place
}

func (r *dynamicResource) Create(ctx context.Context, object *unstructured.Unstructured, options metav1.CreateOptions, subresources ...string) (*unstructured.Unstructured, error) {
	stored, err := r.ResourceInterface.Create(ctx, object, options, subresources...)
	return about(r.of(object.GetKind()).below(subresources), object.GetName(), stored, err)
}

func (r *dynamicResource) Update(ctx context.Context, object *unstructured.Unstructured, options metav1.UpdateOptions, subresources ...string) (*unstructured.Unstructured, error) {
	stored, err := r.ResourceInterface.Update(ctx, object, options, subresources...)
	return about(r.of(object.GetKind()).below(subresources), object.GetName(), stored, err)
}

func (r *dynamicResource) UpdateStatus(ctx context.Context, object *unstructured.Unstructured, options metav1.UpdateOptions) (*unstructured.Unstructured, error) {
	stored, err := r.ResourceInterface.UpdateStatus(ctx, object, options)
	return about(r.of(object.GetKind()), object.GetName(), stored, err)
}

func (r *dynamicResource) Get(ctx context.Context, name string, options metav1.GetOptions, subresources ...string) (*unstructured.Unstructured, error) {
	found, err := r.ResourceInterface.Get(ctx, name, options, subresources...)
	return about(r.below(subresources), name, found, err)
}

func (r *dynamicResource) List(ctx context.Context, options metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	list, err := r.ResourceInterface.List(ctx, options)
	return within(r.place, list, err)
}

func (r *dynamicResource) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	events, err := r.ResourceInterface.Watch(ctx, options)
	return r.watch(events, err)
}

func (r *dynamicResource) Patch(ctx context.Context, name string, as types.PatchType, data []byte, options metav1.PatchOptions, subresources ...string) (*unstructured.Unstructured, error) {
	stored, err := r.ResourceInterface.Patch(ctx, name, as, data, options, subresources...)
	at := r.below(subresources)
	if as == types.ApplyPatchType {
		at = at.of(kindIn(data))
	}
	return about(at, name, stored, err)
}

func (r *dynamicResource) Apply(ctx context.Context, name string, object *unstructured.Unstructured, options metav1.ApplyOptions, subresources ...string) (*unstructured.Unstructured, error) {
	stored, err := r.ResourceInterface.Apply(ctx, name, object, options, subresources...)
	return about(r.of(object.GetKind()).below(subresources), name, stored, err)
}

func (r *dynamicResource) ApplyStatus(ctx context.Context, name string, object *unstructured.Unstructured, options metav1.ApplyOptions) (*unstructured.Unstructured, error) {
	stored, err := r.ResourceInterface.ApplyStatus(ctx, name, object, options)
	return about(r.of(object.GetKind()), name, stored, err)
}

// kindIn returns the kind of an object in JSON, or nothing where that is not
// said. It reads no further than that, and objects are encoded with their kind
// before the rest.
func kindIn(data []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if begin, err := decoder.Token(); err != nil || begin != json.Delim('{') {
		return ""
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return ""
		}
		if key == "kind" {
			kind, _ := decoder.Token()
			text, _ := kind.(string)
			return text
		}
		var passed json.RawMessage
		if decoder.Decode(&passed) != nil {
			return ""
		}
	}
	return ""
}
