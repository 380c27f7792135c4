package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// set gives the values that --set flags make.
func set(t *testing.T, assignments ...string) map[string]any {
	t.Helper()
	values, err := MergeValues(nil, assignments)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// renderings keeps what was rendered: no test changes it, and the race
// detector makes it slow.
var renderings sync.Map

// demo renders into istio-system with --set flags.
func demo(t *testing.T, assignments ...string) Rendered {
	t.Helper()
	return demoIn(t, "istio-system", assignments...)
}

func demoIn(t *testing.T, namespace string, assignments ...string) Rendered {
	t.Helper()
	options := Options{Namespace: namespace, Values: set(t, assignments...)}
	once, _ := renderings.LoadOrStore(fmt.Sprint(namespace, assignments),
		sync.OnceValues(func() (Rendered, error) { return Render(options) }))
	rendered, err := once.(func() (Rendered, error))()
	if err != nil {
		t.Fatal(err)
	}
	return rendered
}

// find gives the only object of a kind and name.
func find(t *testing.T, rendered Rendered, kind, name string) *unstructured.Unstructured {
	t.Helper()
	var found []*unstructured.Unstructured
	for _, object := range rendered.Objects {
		if object.GetKind() == kind && object.GetName() == name {
			found = append(found, object.Unstructured)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d objects %s %s", len(found), kind, name)
	}
	return found[0]
}

// kinds counts the objects of each kind.
func kinds(rendered Rendered) map[string]int {
	counts := map[string]int{}
	for _, object := range rendered.Objects {
		counts[object.GetKind()]++
	}
	return counts
}

// demoKinds are what istioctl installs, the namespace aside.
var demoKinds = map[string]int{
	"ClusterRole":                    3,
	"ClusterRoleBinding":             3,
	"ConfigMap":                      3,
	"CustomResourceDefinition":       15,
	"Deployment":                     3,
	"MutatingWebhookConfiguration":   2,
	"Role":                           3,
	"RoleBinding":                    3,
	"Service":                        4,
	"ServiceAccount":                 4,
	"ValidatingWebhookConfiguration": 2,
}

// TestRenderKinds compares what a value adds or takes away.
func TestRenderKinds(t *testing.T) {
	for _, test := range []struct {
		name        string
		assignments []string
		difference  map[string]int
	}{
		{"default", nil, nil},
		{"no egress gateway", []string{"gateways.istio-egressgateway.enabled=false"}, map[string]int{
			"Deployment": -1, "Role": -1, "RoleBinding": -1, "Service": -1, "ServiceAccount": -1,
		}},
		{"excluded definitions", []string{"base.excludedCRDs={envoyfilters.networking.istio.io,gateways.networking.istio.io}"}, map[string]int{"CustomResourceDefinition": -2}},
		{"autoscaler", []string{"pilot.autoscaleEnabled=true"}, map[string]int{"HorizontalPodAutoscaler": 1}},
		{"webhooks by an operator", []string{"global.operatorManageWebhooks=true"}, map[string]int{
			"MutatingWebhookConfiguration": -2, "ValidatingWebhookConfiguration": -1, "Service": -1,
		}},
		// Istio's own documentation sets it for the base chart.
		{"default revision", []string{"defaultRevision=default"}, nil},
		{"tag of one's own", []string{"revisionTags={prod}"}, map[string]int{"MutatingWebhookConfiguration": 1, "Service": 1}},
		{"the default tag", []string{"revisionTags={default}"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			want := maps.Clone(demoKinds)
			for kind, more := range test.difference {
				want[kind] += more
			}
			maps.DeleteFunc(want, func(_ string, n int) bool { return n == 0 })
			if got := kinds(demo(t, test.assignments...)); !maps.Equal(got, want) {
				t.Errorf("rendered\n%v, want\n%v", got, want)
			}
		})
	}
}

// TestRenderOneScope leaves out what an administrator of the cluster is to
// install.
func TestRenderOneScope(t *testing.T) {
	t.Parallel()
	rendered := demo(t, "global.resourceScope=namespace")
	scope := manifest.OfflineScope(nil)
	for _, object := range rendered.Objects {
		if namespaced, known := scope(object.GroupVersionKind()); !known || !namespaced {
			t.Errorf("%s is not namespaced", manifest.Ref(object.Unstructured))
		}
	}
	find(t, rendered, "Deployment", "istiod")
}

// TestRenderImages looks at the containers, and at what the injector adds to
// pods.
func TestRenderImages(t *testing.T) {
	for _, test := range []struct{ name, hub, tag, wantHub, wantTag string }{
		{"release", "", "", "registry.istio.io/release", "1.31.0"},
		{"mirror", "registry.example.com/mirror", "9.9.9-distroless", "registry.example.com/mirror", "9.9.9-distroless"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			rendered, err := Render(Options{Namespace: "istio-system", Hub: test.hub, Tag: test.tag})
			if err != nil {
				t.Fatal(err)
			}
			for name, image := range map[string]string{"istiod": "pilot", "istio-ingressgateway": "proxyv2", "istio-egressgateway": "proxyv2"} {
				containers, _, _ := unstructured.NestedSlice(find(t, rendered, "Deployment", name).Object, "spec", "template", "spec", "containers")
				want := test.wantHub + "/" + image + ":" + test.wantTag
				if len(containers) != 1 || containers[0].(map[string]any)["image"] != want {
					t.Errorf("%s does not run %s but %v", name, want, containers)
				}
			}
			injection, _, _ := unstructured.NestedString(find(t, rendered, "ConfigMap", "istio-sidecar-injector").Object, "data", "values")
			var values struct{ Global struct{ Hub, Tag string } }
			if err := json.Unmarshal([]byte(injection), &values); err != nil {
				t.Fatal(err)
			}
			if values.Global.Hub != test.wantHub || values.Global.Tag != test.wantTag {
				t.Errorf("sidecars come from %+v", values.Global)
			}
			for _, object := range rendered.Objects {
				text, err := object.MarshalJSON()
				if err != nil {
					t.Fatal(err)
				}
				if test.hub != "" && strings.Contains(string(text), Hub) {
					t.Errorf("%s still names %s", manifest.Ref(object.Unstructured), Hub)
				}
			}
		})
	}
}

// TestRenderNamespace puts everything that lives in a namespace into the
// given one, and names no other.
func TestRenderNamespace(t *testing.T) {
	t.Parallel()
	rendered := demoIn(t, "mesh")
	scope := manifest.OfflineScope(rendered.Objects)
	inside := 0
	for _, object := range rendered.Objects {
		ref := manifest.Ref(object.Unstructured)
		namespaced, known := scope(object.GroupVersionKind())
		switch {
		case !known:
			t.Errorf("nobody knows where %s lives", ref)
		case namespaced && ref.Namespace != "mesh":
			t.Errorf("%s is not in namespace mesh", ref)
		case namespaced:
			inside++
		}
		if manifest.IsCRD(object.Unstructured) {
			continue // descriptions give examples
		}
		text, err := object.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "istio-system") {
			t.Errorf("%s names istio-system", ref)
		}
	}
	if inside != 20 {
		t.Errorf("%d objects are in the namespace", inside)
	}
}

// TestRenderTwice gives the same values to two renderings: the templates
// change the values that they are given.
func TestRenderTwice(t *testing.T) {
	t.Parallel()
	values := set(t, "pilot.traceSampling=7")
	before := clone(values)
	rendered, err := Render(Options{Namespace: "istio-system", Values: values})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(values, before) {
		t.Errorf("the caller's values became %v", values)
	}
	if !reflect.DeepEqual(rendered, demo(t, "pilot.traceSampling=7")) {
		t.Error("the same options gave another manifest")
	}
}

func TestRenderWarnings(t *testing.T) {
	t.Parallel()
	if warnings := demo(t).Warnings; warnings != nil {
		t.Errorf("the default warns: %q", warnings)
	}
	want := []string{`"global.mtls.auto" is deprecated; use "meshConfig.enableAutoMtls" instead.`}
	if got := demo(t, "global.mtls.auto=true").Warnings; !slices.Equal(got, want) {
		t.Errorf("the warnings are %q, want %q", got, want)
	}
}

func TestRenderErrors(t *testing.T) {
	for _, test := range []struct{ name, assignment, want string }{
		{"profile", "profile=nope", "unknown profile nope"},
		{"platform", "global.platform=nope", "unknown platform nope"},
		{"compatibility version", "compatibilityVersion=0.1", "unknown compatibility version 0.1"},
		{"removed value", "telemetry.v2.stackdriver.disableOutbound=true", "is removed"},
		{"another namespace", "global.istioNamespace=other", `global.istioNamespace is "other" but the namespace is "istio-system"; set the namespace with --namespace only`},
		{"number for a mapping", "pilot=5", "wrong type for value"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// Without the definitions, which take most of the time.
			rendered, err := Render(Options{Namespace: "istio-system", Values: set(t, "global.resourceScope=namespace", test.assignment)})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
			if rendered.Objects != nil {
				t.Error("besides the error there are objects")
			}
		})
	}
}

// TestVersion ties the name of the release to the commit that go.mod
// requires: whoever changes one of them has to change the other, and this.
func TestVersion(t *testing.T) {
	const release, commit = "1.31.0", "v0.0.0-20260827124520-eed52ebb66ad"
	if Version != release {
		t.Errorf("Version is %s, want %s", Version, release)
	}
	data, err := os.ReadFile("../../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var required []string
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && fields[0] == "istio.io/istio" {
			required = append(required, fields[1])
		}
	}
	if !slices.Equal(required, []string{commit}) {
		t.Errorf("go.mod requires istio.io/istio at %v, want %s", required, commit)
	}
}
