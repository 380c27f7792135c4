package sample

import (
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestRender holds what belongs together in each sample: services, pods,
// versions and the ways in.
func TestRender(t *testing.T) {
	if !slices.IsSorted(Names()) || len(All()) != len(Names()) {
		t.Errorf("the names are %v", Names())
	}
	for _, name := range Names() {
		for _, gatewayAPI := range []bool{false, true} {
			objects, err := Render(Options{Name: name, GatewayAPI: gatewayAPI})
			if err != nil {
				t.Fatal(err)
			}
			services, subsets, versions, gateways := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0
			for _, object := range objects {
				if object.GetNamespace() != "" {
					t.Errorf("%s: %s names a namespace", name, object.GetName())
				}
				switch object.GetKind() {
				case "Service":
					services[object.GetName()] = true
					checkService(t, object.Unstructured)
				case "Deployment":
					app, version := checkDeployment(t, object.Unstructured)
					versions[app+"/"+version] = true
				case "DestinationRule":
					host, _, _ := unstructured.NestedString(object.Object, "spec", "host")
					found, _, _ := unstructured.NestedSlice(object.Object, "spec", "subsets")
					for _, subset := range found {
						subsets[host+"/"+subset.(map[string]any)["name"].(string)] = true
					}
				case "Gateway":
					gateways++
					if sample, _ := Find(name); object.GetName() != sample.Gateway || strings.HasPrefix(object.GetAPIVersion(), "gateway.") != gatewayAPI {
						t.Errorf("%s: the gateway is %s %s", name, object.GetAPIVersion(), object.GetName())
					}
				}
			}
			if gateways != 1 || len(services) == 0 || len(subsets) != len(versions) {
				t.Errorf("%s: %d gateways, %d services, %d subsets of %d versions", name, gateways, len(services), len(subsets), len(versions))
			}
			for version := range versions {
				if app, _, _ := strings.Cut(version, "/"); !subsets[version] || !services[app] {
					t.Errorf("%s: nothing leads to %s", name, version)
				}
			}
		}
	}
	if _, err := Render(Options{Name: "nope"}); err == nil {
		t.Error("a sample was rendered that there is not")
	}
}

// checkService wants the port named, by which Istio knows its protocol.
func checkService(t *testing.T, object *unstructured.Unstructured) {
	t.Helper()
	var service corev1.Service
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &service); err != nil {
		t.Fatal(err)
	}
	if len(service.Spec.Ports) != 1 || service.Spec.Ports[0].Name != "http" || service.Spec.Selector["app"] != service.Name {
		t.Errorf("service %s: %+v", service.Name, service.Spec)
	}
}

// checkDeployment wants labels by which traffic is told apart, probes,
// requests, and no more rights than the program needs.
func checkDeployment(t *testing.T, object *unstructured.Unstructured) (app, version string) {
	t.Helper()
	var deployment appsv1.Deployment
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(object.Object, &deployment, true); err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template
	container := pod.Spec.Containers[0]
	if container.ReadinessProbe == nil || container.LivenessProbe == nil || container.StartupProbe == nil || container.Resources.Requests.Cpu().IsZero() || container.Resources.Requests.Memory().IsZero() {
		t.Errorf("deployment %s has no probes or requests", deployment.Name)
	}
	if !*pod.Spec.SecurityContext.RunAsNonRoot || *container.SecurityContext.AllowPrivilegeEscalation || pod.Spec.ServiceAccountName == "" {
		t.Errorf("deployment %s may do more than it needs", deployment.Name)
	}
	return pod.Labels["app"], pod.Labels["version"]
}

// TestImages names what Istio publishes, and what a mirror has to have.
func TestImages(t *testing.T) {
	const hub = "registry.istio.io/release/examples-"
	for name, want := range map[string][]string{
		"httpbin":    {"docker.io/mccutchen/go-httpbin:v2.15.0"},
		"helloworld": {hub + "helloworld-v1:1.0", hub + "helloworld-v2:1.0"},
		"bookinfo": {
			hub + "bookinfo-details-v1:1.20.3", hub + "bookinfo-productpage-v1:1.20.3", hub + "bookinfo-ratings-v1:1.20.3",
			hub + "bookinfo-reviews-v1:1.20.3", hub + "bookinfo-reviews-v2:1.20.3", hub + "bookinfo-reviews-v3:1.20.3",
		},
	} {
		got, err := Images(Options{Name: name})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		mirrored, err := Images(Options{Name: name, Hub: "registry.example.com:5000/istio"})
		if err != nil || len(mirrored) != len(want) {
			t.Errorf("%s: %v, %v", name, mirrored, err)
		}
		for i, image := range mirrored {
			if last := want[i][strings.LastIndex(want[i], "/"):]; image != "registry.example.com:5000/istio"+last {
				t.Errorf("%s: %s instead of %s", name, image, want[i])
			}
		}
	}
}
