package answer

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
)

// Metadata returns a client that refuses answers about other objects, and to ask
// for what is no name: client-go's makes a path of whatever it is given.
func Metadata(client metadata.Interface) metadata.Interface { return &metadataClient{client} }

type metadataClient struct{ client metadata.Interface }

func (c *metadataClient) Resource(resource schema.GroupVersionResource) metadata.Getter {
	everywhere := c.client.Resource(resource)
	return &metadataResources{metadataResource{everywhere, placeOf(resource, nil)}, everywhere}
}

type metadataResources struct {
	metadataResource
	everywhere metadata.Getter
}

func (r *metadataResources) Namespace(namespace string) metadata.ResourceInterface {
	return &metadataResource{r.everywhere.Namespace(namespace), r.in(namespace)}
}

type metadataResource struct {
	metadata.ResourceInterface
	place
}

func (r *metadataResource) Delete(ctx context.Context, name string, options metav1.DeleteOptions, subresources ...string) error {
	if err := r.askable(name); err != nil {
		return err
	}
	return r.ResourceInterface.Delete(ctx, name, options, subresources...)
}

func (r *metadataResource) DeleteCollection(ctx context.Context, options metav1.DeleteOptions, which metav1.ListOptions) error {
	if err := r.askable(); err != nil {
		return err
	}
	return r.ResourceInterface.DeleteCollection(ctx, options, which)
}

func (r *metadataResource) Get(ctx context.Context, name string, options metav1.GetOptions, subresources ...string) (*metav1.PartialObjectMetadata, error) {
	if err := r.askable(name); err != nil {
		return nil, err
	}
	found, err := r.ResourceInterface.Get(ctx, name, options, subresources...)
	return about(r.place, name, found, err)
}

func (r *metadataResource) List(ctx context.Context, options metav1.ListOptions) (*metav1.PartialObjectMetadataList, error) {
	if err := r.askable(); err != nil {
		return nil, err
	}
	list, err := r.ResourceInterface.List(ctx, options)
	return within(r.place, list, err)
}

func (r *metadataResource) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	if err := r.askable(); err != nil {
		return nil, err
	}
	events, err := r.ResourceInterface.Watch(ctx, options)
	return r.watch(events, err)
}

func (r *metadataResource) Patch(ctx context.Context, name string, as types.PatchType, data []byte, options metav1.PatchOptions, subresources ...string) (*metav1.PartialObjectMetadata, error) {
	if err := r.askable(name); err != nil {
		return nil, err
	}
	stored, err := r.ResourceInterface.Patch(ctx, name, as, data, options, subresources...)
	return about(r.place, name, stored, err)
}
