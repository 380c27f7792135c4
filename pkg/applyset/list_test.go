package applyset

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// pageOf answers with the named objects of a namespace, and where to go on.
func pageOf(namespace, more string, names ...string) metav1.PartialObjectMetadataList {
	list := metav1.PartialObjectMetadataList{
		TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadataList"},
		ListMeta: metav1.ListMeta{Continue: more},
	}
	for _, name := range names {
		list.Items = append(list.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}})
	}
	return list
}

var places = []Place{
	{Kind: deployments, Resource: schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}, Namespace: "mesh"},
	{Kind: configMaps, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Namespace: "mesh"},
	{Kind: configMaps, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Namespace: "extra"},
	{Kind: schema.GroupKind{Kind: "Namespace"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}},
}

// TestLabelled gathers all pages of all places, sorted.
func TestListMembers(t *testing.T) {
	server := newServer(t, func(got request) any {
		switch asked, _ := url.Parse(got.uri); {
		case asked.Path == "/apis/apps/v1/namespaces/mesh/deployments":
			return pageOf("mesh", "", "web")
		case asked.Path == "/api/v1/namespaces/mesh/configmaps" && asked.Query().Get("continue") == "":
			return pageOf("mesh", "more", "b", "c")
		case asked.Path == "/api/v1/namespaces/mesh/configmaps":
			return pageOf("mesh", "", "a")
		case asked.Path == "/api/v1/namespaces":
			return failure(http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed)
		}
		return failure(http.StatusNotFound, metav1.StatusReasonNotFound)
	})
	found, err := List(t.Context(), server.metadata(t), places, Selector("the-id"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, object := range found {
		names = append(names, object.Ref.String())
	}
	want := []string{"configmap mesh/a", "configmap mesh/b", "configmap mesh/c", "deployment mesh/web"}
	if !slices.Equal(names, want) {
		t.Errorf("found %v, want %v", names, want)
	}
	requests := server.took()
	if len(requests) != 5 {
		t.Errorf("it asks %+v", requests)
	}
	for _, request := range requests {
		if !strings.Contains(request.uri, "labelSelector=applyset.kubernetes.io%2Fpart-of%3Dthe-id") || !strings.Contains(request.uri, "limit=500") {
			t.Errorf("it asks %s", request.uri)
		}
	}
	if last := found[3]; !reflect.DeepEqual(last.Resource, places[0].Resource) || last.Meta.Name != "web" {
		t.Errorf("the last is %+v", last)
	}
}

// TestLabelledForbidden gives nothing rather than a part.
func TestLabelledForbidden(t *testing.T) {
	server := newServer(t, func(got request) any {
		if strings.Contains(got.uri, "deployments") {
			return failure(http.StatusForbidden, metav1.StatusReasonForbidden)
		}
		return pageOf("mesh", "", "a")
	})
	found, err := List(t.Context(), server.metadata(t), places, Selector("the-id"))
	if found != nil || !apierrors.IsForbidden(err) || err.Error() != "cannot list deployments.apps: no" {
		t.Errorf("found %v, %v", found, err)
	}
}
