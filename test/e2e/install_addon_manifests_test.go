package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallAddonManifests has a real API server judge the addons: their fields, strictly;
// their pods, where restricted ones are enforced; what their Services lead to,
// and what their accounts may do.
func TestInstallAddonManifests(t *testing.T) {
	const namespace = "addons"
	u := controlplane.SharedDemo(t)
	u.Must(t, "kubectl", "create", "namespace", namespace)
	u.Must(t, "kubectl", "label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
	path := user.File(t, "addons.yaml", renderedAddons(t, namespace))

	checked := u.Must(t, "kubectl", "apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", path)
	if strings.Count(checked, " serverside-applied (server dry run)\n") != 23 {
		t.Errorf("checked were\n%s", checked)
	}
	t.Cleanup(func() { u.Uninstall(t, namespace) })
	// The namespace is the one that is there already.
	got := u.Run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", path)
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "23 created, 0 configured, 1 unchanged in ") {
		t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if strings.Count(got.Stdout, "Running") != 4 {
		t.Errorf("the pods are\n%s", got.Stdout)
	}
	again := u.Run(t, "kubectl", "istio-demo", "install", "-n", namespace, "-f", path)
	if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 24 unchanged in ") {
		t.Errorf("a second run: exit code %d\n%s", again.Code, again.Stderr)
	}
	checkEndpoints(t, u, namespace, 6)
	checkAccounts(t, u, namespace)
}

func renderedAddons(t *testing.T, namespace string) string {
	t.Helper()
	objects, err := addon.Render(addon.Options{Namespace: namespace, Names: addon.Names()})
	if err != nil {
		t.Fatal(err)
	}
	var documents []string
	for _, object := range objects {
		document, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(document))
	}
	return strings.Join(documents, "---\n")
}

// checkEndpoints finds a ready pod behind each port of each Service.
func checkEndpoints(t *testing.T, u *user.User, namespace string, want int) {
	t.Helper()
	var slices struct {
		Items []struct {
			Metadata  struct{ Labels map[string]string }
			Ports     []struct{ Name string }
			Endpoints []struct{ Conditions struct{ Ready bool } }
		}
	}
	read(t, u, &slices, "endpointslices", namespace)
	ready := map[string]bool{}
	for _, slice := range slices.Items {
		for _, port := range slice.Ports {
			if len(slice.Endpoints) == 1 && slice.Endpoints[0].Conditions.Ready {
				ready[slice.Metadata.Labels["kubernetes.io/service-name"]+":"+port.Name] = true
			}
		}
	}
	var services struct {
		Items []struct {
			Metadata struct{ Name string }
			Spec     struct{ Ports []struct{ Name string } }
		}
	}
	read(t, u, &services, "services", namespace)
	if len(services.Items) != want {
		t.Errorf("there are %d services", len(services.Items))
	}
	for _, service := range services.Items {
		for _, port := range service.Spec.Ports {
			if !ready[service.Metadata.Name+":"+port.Name] {
				t.Errorf("nobody answers at %s of %s", port.Name, service.Metadata.Name)
			}
		}
	}
}

func read(t *testing.T, u *user.User, into any, resource, namespace string) {
	t.Helper()
	if err := json.Unmarshal([]byte(u.Must(t, "kubectl", "get", resource, "-n", namespace, "-o", "json")), into); err != nil {
		t.Fatal(err)
	}
}

// checkAccounts asks the API server what the accounts may do.
func checkAccounts(t *testing.T, u *user.User, namespace string) {
	t.Helper()
	for _, test := range []struct {
		account, verb, resource string
		allowed                 bool
	}{
		{"prometheus", "watch", "pods", true},
		{"prometheus", "list", "configmaps", false},
		{"prometheus", "delete", "pods", false},
		{"kiali", "list", "deployments.apps", true},
		{"kiali", "watch", "virtualservices.networking.istio.io", true},
		{"kiali", "patch", "virtualservices.networking.istio.io", false},
		{"kiali", "get", "secrets", false},
		{"kiali", "get", "pods --subresource=log", false},
		{"kiali", "create", "pods --subresource=portforward", false},
		{"grafana", "list", "pods", false},
		{"jaeger", "list", "pods", false},
	} {
		question := append([]string{"kubectl", "auth", "can-i", "--all-namespaces",
			"--as", "system:serviceaccount:" + namespace + ":" + test.account, test.verb}, strings.Fields(test.resource)...)
		got := u.Run(t, question...)
		answer := strings.Fields(got.Stdout)
		if allowed := slices.Contains(answer, "yes"); allowed != test.allowed || len(answer) == 0 {
			t.Errorf("%s may %s %s: %q\n%s", test.account, test.verb, test.resource, got.Stdout, got.Stderr)
		}
	}
}
