package discover

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	apidiscovery "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// resource is what a group version serves.
func resource(plural, kind string, scope apidiscovery.ResourceScope) apidiscovery.APIResourceDiscovery {
	return apidiscovery.APIResourceDiscovery{
		Resource:     plural,
		ResponseKind: &metav1.GroupVersionKind{Kind: kind},
		Scope:        scope,
		Verbs:        []string{"get", "patch"},
		Subresources: []apidiscovery.APISubresourceDiscovery{{
			Subresource:  "status",
			ResponseKind: &metav1.GroupVersionKind{Kind: kind + "Status"},
		}},
	}
}

func group(name string, versions ...apidiscovery.APIVersionDiscovery) apidiscovery.APIGroupDiscovery {
	return apidiscovery.APIGroupDiscovery{ObjectMeta: metav1.ObjectMeta{Name: name}, Versions: versions}
}

func version(name string, freshness apidiscovery.DiscoveryFreshness, resources ...apidiscovery.APIResourceDiscovery) apidiscovery.APIVersionDiscovery {
	return apidiscovery.APIVersionDiscovery{Version: name, Freshness: freshness, Resources: resources}
}

// served is what a small cluster says of itself at each of its two roots.
var served = map[string][]apidiscovery.APIGroupDiscovery{
	"/api": {group("", version("v1", apidiscovery.DiscoveryFreshnessCurrent,
		resource("configmaps", "ConfigMap", apidiscovery.ScopeNamespace),
		resource("namespaces", "Namespace", apidiscovery.ScopeCluster)))},
	"/apis": {
		group("apps", version("v1", apidiscovery.DiscoveryFreshnessCurrent, resource("deployments", "Deployment", apidiscovery.ScopeNamespace))),
		group("autoscaling",
			version("v2", apidiscovery.DiscoveryFreshnessCurrent, resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", apidiscovery.ScopeNamespace)),
			version("v1", apidiscovery.DiscoveryFreshnessCurrent, resource("horizontalpodautoscalers", "HorizontalPodAutoscaler", apidiscovery.ScopeNamespace))),
	},
}

// broken is a group whose server does not answer.
var broken = group("metrics.k8s.io", version("v1beta1", apidiscovery.DiscoveryFreshnessStale))

// cluster serves aggregated discovery and notes the requests.
type cluster struct {
	mutex    sync.Mutex
	requests []string
	// more are groups besides those that every cluster has.
	more []apidiscovery.APIGroupDiscovery
	// refuses answers every request with an error.
	refuses bool
}

func (c *cluster) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	c.mutex.Lock()
	c.requests = append(c.requests, in.URL.Path)
	c.mutex.Unlock()
	groups, found := served[in.URL.Path]
	if c.refuses || !found {
		http.Error(out, "not here", http.StatusInternalServerError)
		return
	}
	if in.URL.Path == "/apis" {
		groups = slices.Concat(groups, c.more)
	}
	out.Header().Set("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
	json.NewEncoder(out).Encode(apidiscovery.APIGroupDiscoveryList{
		TypeMeta: metav1.TypeMeta{APIVersion: "apidiscovery.k8s.io/v2", Kind: "APIGroupDiscoveryList"},
		Items:    groups,
	})
}

func (c *cluster) client(t *testing.T) discovery.DiscoveryInterface {
	t.Helper()
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	client, err := discovery.NewDiscoveryClientForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// discovered gives the kinds of a cluster with a broken group, which must not
// keep the others from being known.
func discovered(t *testing.T) *Kinds {
	t.Helper()
	kinds, err := Discover(t.Context(), (&cluster{more: []apidiscovery.APIGroupDiscovery{broken}}).client(t))
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

func TestDiscover(t *testing.T) {
	fake := &cluster{}
	kinds, err := Discover(t.Context(), fake.client(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(slices.Values(fake.requests)); !slices.Equal(got, []string{"/api", "/apis"}) {
		t.Errorf("the requests are %v", got)
	}
	for _, test := range []struct {
		apiVersion, kind string
		plural           string
		namespaced       bool
	}{
		{"v1", "ConfigMap", "configmaps", true},
		{"v1", "Namespace", "namespaces", false},
		{"apps/v1", "Deployment", "deployments", true},
		{"autoscaling/v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true},
		{"autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", true},
	} {
		gvk := schema.FromAPIVersionAndKind(test.apiVersion, test.kind)
		want := Kind{Resource: gvk.GroupVersion().WithResource(test.plural), Namespaced: test.namespaced}
		if got, err := kinds.Lookup(gvk); err != nil || got != want {
			t.Errorf("%s lives at %+v, %v", gvk, got, err)
		}
		if namespaced, known := kinds.Scope(gvk); !known || namespaced != test.namespaced {
			t.Errorf("%s: namespaced %t, known %t", gvk, namespaced, known)
		}
		if kinds.Defined(gvk) {
			t.Errorf("%s counts as the manifest's", gvk)
		}
	}
	// A subresource is nothing that can be applied.
	if kind, err := kinds.Lookup(schema.FromAPIVersionAndKind("apps/v1", "DeploymentStatus")); err == nil {
		t.Errorf("a subresource was taken for a kind at %+v", kind)
	}
}

func TestDiscoverFails(t *testing.T) {
	kinds, err := Discover(t.Context(), (&cluster{refuses: true}).client(t))
	if err == nil || kinds != nil {
		t.Errorf("discovered %v, %v", kinds, err)
	}
}

func TestLookupErrors(t *testing.T) {
	kinds := discovered(t)
	for _, test := range []struct{ name, apiVersion, kind, want string }{
		{"removed version", "autoscaling/v2beta1", "HorizontalPodAutoscaler",
			"the cluster does not serve kind HorizontalPodAutoscaler in version autoscaling/v2beta1, only in autoscaling/v1, autoscaling/v2; change the apiVersion and adapt the object to it"},
		{"removed group", "extensions/v1beta1", "Deployment",
			"the cluster does not serve kind Deployment in version extensions/v1beta1, only in apps/v1; change the apiVersion and adapt the object to it"},
		{"broken group", "metrics.k8s.io/v1beta1", "PodMetrics",
			"the server behind metrics.k8s.io/v1beta1 does not answer (stale GroupVersion discovery: metrics.k8s.io/v1beta1); see 'kubectl get apiservices'"},
		{"unknown kind", "networking.istio.io/v1", "Gateway",
			"neither the cluster nor the manifest defines kind Gateway in version networking.istio.io/v1; add its CRD, or check the spelling"},
	} {
		t.Run(test.name, func(t *testing.T) {
			gvk := schema.FromAPIVersionAndKind(test.apiVersion, test.kind)
			// Often, because the order of a map is another one each time.
			for range 20 {
				kind, err := kinds.Lookup(gvk)
				if err == nil || err.Error() != test.want {
					t.Fatalf("got %+v and the error\n%v, want\n%s", kind, err, test.want)
				}
			}
			if namespaced, known := kinds.Scope(gvk); namespaced || known {
				t.Errorf("namespaced %t, known %t", namespaced, known)
			}
		})
	}
}

// crd defines a kind; versions that end in "-off" are not served.
func crd(group, kind, plural, scope string, versions ...string) *unstructured.Unstructured {
	var all []any
	for _, name := range versions {
		name, off := strings.CutSuffix(name, "-off")
		all = append(all, map[string]any{"name": name, "served": !off})
	}
	return &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"group":    group,
		"names":    map[string]any{"kind": kind, "plural": plural},
		"scope":    scope,
		"versions": all,
	}}}
}

func TestDefine(t *testing.T) {
	kinds := discovered(t)
	kinds.Define(crd("networking.istio.io", "Gateway", "gateways", "Namespaced", "v1", "v1alpha3-off"))
	kinds.Define(crd("demo.example.com", "Planet", "planets", "Cluster", "v1"))
	// The cluster has apps/v1 already, and serves it elsewhere.
	kinds.Define(crd("apps", "Deployment", "others", "Cluster", "v1", "v2"))
	for _, test := range []struct {
		name, apiVersion, kind string
		plural                 string
		namespaced, defined    bool
	}{
		{"namespaced", "networking.istio.io/v1", "Gateway", "gateways", true, true},
		{"cluster-scoped", "demo.example.com/v1", "Planet", "planets", false, true},
		{"served already", "apps/v1", "Deployment", "deployments", true, false},
		{"new version", "apps/v2", "Deployment", "others", false, true},
		{"not served", "networking.istio.io/v1alpha3", "Gateway", "", false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			gvk := schema.FromAPIVersionAndKind(test.apiVersion, test.kind)
			kind, err := kinds.Lookup(gvk)
			if known := err == nil; known != (test.plural != "") {
				t.Errorf("the error is %v", err)
			}
			if kind.Resource.Resource != test.plural || kind.Namespaced != test.namespaced {
				t.Errorf("it lives at %+v", kind)
			}
			if kinds.Defined(gvk) != test.defined {
				t.Errorf("defined by the manifest: %t", kinds.Defined(gvk))
			}
		})
	}
}

// TestDiscoverEnds has the context end while a group of a server without
// aggregated discovery is asked for: that does not say that it is broken.
func TestDiscoverEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	version := metav1.GroupVersionForDiscovery{GroupVersion: "example.com/v1", Version: "v1"}
	answers := map[string]any{
		"/api":    metav1.APIVersions{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIVersions"}, Versions: []string{"v1"}},
		"/api/v1": metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: "v1"},
		"/apis": metav1.APIGroupList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIGroupList"}, Groups: []metav1.APIGroup{
			{Name: "example.com", Versions: []metav1.GroupVersionForDiscovery{version}, PreferredVersion: version},
		}},
	}
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		answer, known := answers[in.URL.Path]
		if !known {
			cancel(interrupted)
			<-in.Context().Done()
			return
		}
		out.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(out).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	client, err := discovery.NewDiscoveryClientForConfig(&rest.Config{Host: server.URL, QPS: -1})
	if err != nil {
		t.Fatal(err)
	}
	if kinds, err := Discover(ctx, client); !errors.Is(err, interrupted) || kinds != nil {
		t.Errorf("discovered %v, %v", kinds, err)
	}
}
