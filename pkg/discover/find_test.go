package discover

import (
	"errors"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// several serves a kind in several versions, has one that the manifest
// defines, and one of which nothing is stored.
func several() *Kinds {
	kind := func(apiVersion, plural string, namespaced, kept bool) Kind {
		return Kind{Resource: schema.FromAPIVersionAndKind(apiVersion, "").GroupVersion().WithResource(plural), Namespaced: namespaced, Kept: kept}
	}
	return &Kinds{
		kinds: map[schema.GroupVersionKind]Kind{
			schema.FromAPIVersionAndKind("v1", "ConfigMap"):                                kind("v1", "configmaps", true, true),
			schema.FromAPIVersionAndKind("v1", "Namespace"):                                kind("v1", "namespaces", false, true),
			schema.FromAPIVersionAndKind("authorization.k8s.io/v1", "SubjectAccessReview"): kind("authorization.k8s.io/v1", "subjectaccessreviews", true, false),
			schema.FromAPIVersionAndKind("networking.istio.io/v1alpha3", "Gateway"):        kind("networking.istio.io/v1alpha3", "gateways", true, true),
			schema.FromAPIVersionAndKind("networking.istio.io/v1", "Gateway"):              kind("networking.istio.io/v1", "gateways", true, true),
			schema.FromAPIVersionAndKind("networking.istio.io/v1beta1", "Gateway"):         kind("networking.istio.io/v1beta1", "gateways", true, true),
			schema.FromAPIVersionAndKind("networking.istio.io/v2", "Gateway"):              kind("networking.istio.io/v2", "gateways", true, false),
			schema.FromAPIVersionAndKind("demo.example.com/v1", "Widget"):                  kind("demo.example.com/v1", "widgets", true, false),
		},
		defined: map[schema.GroupVersionKind]bool{
			schema.FromAPIVersionAndKind("networking.istio.io/v2", "Gateway"): true,
			schema.FromAPIVersionAndKind("demo.example.com/v1", "Widget"):     true,
		},
	}
}

// TestFind gives the newest version that the cluster serves, and nothing that
// only the manifest defines.
func TestFind(t *testing.T) {
	for _, test := range []struct{ kind, want string }{
		{"ConfigMap", "/v1, Resource=configmaps"},
		{"Namespace", "/v1, Resource=namespaces"},
		{"Gateway.networking.istio.io", "networking.istio.io/v1, Resource=gateways"},
		{"Gateway.gateway.networking.k8s.io", ""},
		{"Widget.demo.example.com", ""},
	} {
		// Often, because the order of a map is another one each time.
		for range 20 {
			found, ok := several().Find(schema.ParseGroupKind(test.kind))
			if ok != (test.want != "") || ok && found.Resource.String() != test.want {
				t.Fatalf("%s: found %+v, %t", test.kind, found, ok)
			}
		}
	}
}

// TestAll leaves out what is not stored.
func TestAll(t *testing.T) {
	want := map[string]string{"ConfigMap": "v1", "Namespace": "v1", "Gateway.networking.istio.io": "v1"}
	found := several().All()
	if len(found) != len(want) {
		t.Errorf("found %v", found)
	}
	for kind, version := range want {
		if got := found[schema.ParseGroupKind(kind)]; got.Resource.Version != version {
			t.Errorf("%s lives at %+v", kind, got)
		}
	}
}

// TestBroken names the groups of which nobody knows the kinds, but not those
// of metrics, which are not stored.
func TestBroken(t *testing.T) {
	down := errors.New("down")
	kinds := &Kinds{broken: map[schema.GroupVersion]error{
		{Group: "metrics.k8s.io", Version: "v1beta1"}:          down,
		{Group: "external.metrics.k8s.io", Version: "v1beta1"}: down,
	}}
	if err := kinds.Broken(); err != nil {
		t.Errorf("the error is %v", err)
	}
	kinds.broken[schema.GroupVersion{Group: "shop.example.com", Version: "v1"}] = down
	kinds.broken[schema.GroupVersion{Group: "mall.example.com", Version: "v1"}] = down
	want := "the server behind mall.example.com/v1, shop.example.com/v1 does not answer; see 'kubectl get apiservices'"
	if err := kinds.Broken(); err == nil || err.Error() != want {
		t.Errorf("the error is %v", err)
	}
	if err := kinds.BrokenGroup("shop.example.com"); !errors.Is(err, down) {
		t.Errorf("the error is %v", err)
	}
	if err := kinds.BrokenGroup("apps"); err != nil {
		t.Errorf("the error is %v", err)
	}
}
