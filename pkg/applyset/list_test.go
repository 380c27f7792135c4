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
	"k8s.io/client-go/metadata"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
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
	server := fakeapi.New(t, func(got fakeapi.Request) any {
		switch asked, _ := url.Parse(got.URI()); {
		case asked.Path == "/apis/apps/v1/namespaces/mesh/deployments":
			return pageOf("mesh", "", "web")
		case asked.Path == "/api/v1/namespaces/mesh/configmaps" && asked.Query().Get("continue") == "":
			return pageOf("mesh", "more", "b", "c")
		case asked.Path == "/api/v1/namespaces/mesh/configmaps":
			return pageOf("mesh", "", "a")
		case asked.Path == "/api/v1/namespaces":
			return fakeapi.Failure(http.StatusMethodNotAllowed, metav1.StatusReasonMethodNotAllowed, "no")
		}
		return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "no")
	})
	found, err := List(t.Context(), fakeapi.Client(t, server, metadata.NewForConfig), places, Selector("the-id"))
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
	requests := server.Requests()
	if len(requests) != 5 {
		t.Errorf("it asks %+v", requests)
	}
	for _, request := range requests {
		if !strings.Contains(request.URI(), "labelSelector=applyset.kubernetes.io%2Fpart-of%3Dthe-id") || !strings.Contains(request.URI(), "limit=500") {
			t.Errorf("it asks %s", request.URI())
		}
	}
	if last := found[3]; !reflect.DeepEqual(last.Resource, places[0].Resource) || last.Meta.Name != "web" {
		t.Errorf("the last is %+v", last)
	}
}

// TestLabelledForbidden gives nothing rather than a part.
func TestLabelledForbidden(t *testing.T) {
	server := fakeapi.New(t, func(got fakeapi.Request) any {
		if strings.Contains(got.URI(), "deployments") {
			return fakeapi.Failure(http.StatusForbidden, metav1.StatusReasonForbidden, "no")
		}
		return pageOf("mesh", "", "a")
	})
	found, err := List(t.Context(), fakeapi.Client(t, server, metadata.NewForConfig), places, Selector("the-id"))
	if found != nil || !apierrors.IsForbidden(err) || err.Error() != "cannot list deployments.apps: no" {
		t.Errorf("found %v, %v", found, err)
	}
}
