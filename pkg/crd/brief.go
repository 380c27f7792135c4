// Package crd reads CustomResourceDefinitions without their schemas, which make
// them large.
package crd

import (
	"fmt"
	"net/http"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// Resource is where CRDs are.
var Resource = apiextensions.SchemeGroupVersion.WithResource("customresourcedefinitions")

// Brief returns a client that is the given one but for CRDs: these it reads
// without schemas and columns. It has the server send them in protobuf, which
// takes both sides a fraction of the time that JSON does; a schema has tens of
// kilobytes, and a CRD changes twice before it is served. What is written
// through it is sent as it is, so that what was read must not be written back.
// The error says that no client can be made from the config.
func Brief(client dynamic.Interface, config *rest.Config, through *http.Client) (dynamic.Interface, error) {
	scheme := runtime.NewScheme()
	if err := apiextensions.AddToScheme(scheme); err != nil {
		return nil, err
	}
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"}) // has Status
	config = rest.CopyConfig(config)
	config.GroupVersion = &schema.GroupVersion{}
	config.ContentType = runtime.ContentTypeJSON // of what is sent, which is untyped
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.NegotiatedSerializer = briefly{serializer.NewCodecFactory(scheme).WithoutConversion()}
	definitions, err := rest.UnversionedRESTClientForConfigAndClient(config, through)
	if err != nil {
		return nil, err
	}
	return &brief{client, dynamic.New(definitions)}, nil
}

// brief sends requests for CRDs another way.
type brief struct {
	dynamic.Interface
	definitions dynamic.Interface
}

func (b *brief) Resource(resource schema.GroupVersionResource) dynamic.NamespaceableResourceInterface {
	if resource == Resource {
		return b.definitions.Resource(resource)
	}
	return b.Interface.Resource(resource)
}

// briefly decodes typed CRDs, and gives untyped ones that are brief.
type briefly struct{ runtime.NegotiatedSerializer }

func (b briefly) DecoderToVersion(decoder runtime.Decoder, version runtime.GroupVersioner) runtime.Decoder {
	return briefDecoder{b.NegotiatedSerializer.DecoderToVersion(decoder, version)}
}

type briefDecoder struct{ runtime.Decoder }

// Decode decodes into an untyped object or list, or gives a new one.
func (b briefDecoder) Decode(data []byte, defaults *schema.GroupVersionKind, into runtime.Object) (runtime.Object, *schema.GroupVersionKind, error) {
	found, kind, err := b.Decoder.Decode(data, defaults, nil)
	if err != nil {
		return nil, kind, err
	}
	object, err := shorten(found)
	if err != nil || into == nil {
		return object, kind, err
	}
	switch object := object.(type) {
	case *unstructured.Unstructured:
		if into, expected := into.(*unstructured.Unstructured); expected {
			*into = *object
			return into, kind, nil
		}
	case *unstructured.UnstructuredList:
		if into, expected := into.(*unstructured.UnstructuredList); expected {
			*into = *object
			return into, kind, nil
		}
	}
	return nil, kind, fmt.Errorf("cannot decode %s into %T", kind, into)
}

// shorten returns a CRD, or a list of them, without schemas; other objects,
// such as a Status, it gives as they are.
func shorten(object runtime.Object) (runtime.Object, error) {
	switch object := object.(type) {
	case *apiextensions.CustomResourceDefinition:
		return short(object)
	case *apiextensions.CustomResourceDefinitionList:
		list := &unstructured.UnstructuredList{Object: map[string]any{}}
		list.SetGroupVersionKind(apiextensions.SchemeGroupVersion.WithKind("CustomResourceDefinitionList"))
		list.SetResourceVersion(object.ResourceVersion)
		list.SetContinue(object.Continue)
		list.SetRemainingItemCount(object.RemainingItemCount)
		for n := range object.Items {
			item, err := short(&object.Items[n])
			if err != nil {
				return nil, err
			}
			list.Items = append(list.Items, *item)
		}
		return list, nil
	}
	return object, nil
}

func short(definition *apiextensions.CustomResourceDefinition) (*unstructured.Unstructured, error) {
	for n := range definition.Spec.Versions {
		version := &definition.Spec.Versions[n]
		version.Schema, version.AdditionalPrinterColumns, version.SelectableFields = nil, nil, nil
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(definition)
	if err != nil {
		return nil, fmt.Errorf("cannot read CRD %s: %w", definition.Name, err)
	}
	object := &unstructured.Unstructured{Object: fields}
	object.SetGroupVersionKind(apiextensions.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
	return object, nil
}
