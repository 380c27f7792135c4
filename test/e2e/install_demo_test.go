package e2e

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstall is the main job: one command, and the demo runs.
func TestInstall(t *testing.T) {
	t.Parallel()
	control := controlplane.Start(t, "install")
	u := user.New(t, control.Kubeconfig)

	first := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none")
	if first.Code != 0 {
		t.Fatalf("exit code %d\n%s", first.Code, first.Stderr)
	}
	if got := first.Summary(); !regexp.MustCompile(`^46 created, 0 configured, 0 unchanged in `).MatchString(got) {
		t.Errorf("the summary is %q", got)
	}
	for _, workload := range []string{"istiod", "istio-ingressgateway", "istio-egressgateway"} {
		if !regexp.MustCompile(`(?m)^` + workload + `-\S+ +1/1 +Running +0 +\S+$`).MatchString(first.Stdout) {
			t.Errorf("%s is not among the running pods:\n%s", workload, first.Stdout)
		}
	}
	if want := u.Must(t, "kubectl", "get", "pods", "-n", "istio-system"); !sameTable(first.Stdout, want) {
		t.Errorf("install prints\n%sand kubectl\n%s", first.Stdout, want)
	}

	t.Run("again", func(t *testing.T) {
		before := snapshot.Versions(t, u)
		second := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none")
		if second.Code != 0 {
			t.Fatalf("exit code %d\n%s", second.Code, second.Stderr)
		}
		if got := second.Summary(); !strings.HasPrefix(got, "0 created, 0 configured, 46 unchanged") {
			t.Errorf("the summary is %q", got)
		}
		if after := snapshot.Versions(t, u); len(before) != 46 || !maps.Equal(before, after) {
			t.Errorf("a second install changed objects:\n%v\nthen\n%v", before, after)
		}
	})

	t.Run("manifest through kubectl", func(t *testing.T) {
		// As the manager that owns the fields: to any other one the defaults
		// that the server filled in would be conflicts.
		manifest := u.Must(t, "kubectl", "istio-demo", "manifest", "--addons=none")
		got := u.Pipe(t, manifest, "kubectl", "apply", "--server-side", "--field-manager=kubectl-istio-demo", "--dry-run=server", "-f", "-")
		if got.Code != 0 || strings.Count(got.Stdout, "\n") != 46 {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
	})

	t.Run("changed value", func(t *testing.T) {
		got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none", "--set", "pilot.traceSampling=7", "-o", "name")
		if got.Code != 0 || !regexp.MustCompile(`^0 created, [1-9]\d* configured, \d+ unchanged`).MatchString(got.Summary()) {
			t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
		}
		if !strings.Contains(got.Stdout, "deployment.apps/istiod\n") || strings.Count(got.Stdout, "\n") != 46 {
			t.Errorf("-o name printed\n%s", got.Stdout)
		}
		value := u.Must(t, "kubectl", "get", "deployment", "istiod", "-n", "istio-system", "-o",
			`jsonpath={.spec.template.spec.containers[0].env[?(@.name=="PILOT_TRACE_SAMPLING")].value}`)
		if value != "7" {
			t.Errorf("PILOT_TRACE_SAMPLING is %q", value)
		}
	})
}

// TestInstallWithoutRaces runs the whole install under the race detector,
// which ends the program with exit code 66 when it finds one.
func TestInstallWithoutRaces(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "races").Kubeconfig)
	for range 2 {
		u.Must(t, user.RacePlugin, "install")
	}
}

// TestInstallOtherNamespace installs into a namespace that does not exist yet.
func TestInstallOtherNamespace(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "elsewhere").Kubeconfig)

	t.Run("manifest through kubectl", func(t *testing.T) {
		// A dry run creates no namespace for the objects after it.
		u.Must(t, "kubectl", "create", "namespace", "istio-system")
		manifest := u.Must(t, "kubectl", "istio-demo", "manifest", "--addons=none")
		got := u.Pipe(t, manifest, "kubectl", "apply", "--server-side", "--dry-run=server", "-f", "-")
		if got.Code != 0 || strings.Count(got.Stdout, "serverside-applied (server dry run)\n") != 46 {
			t.Errorf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
		}
		u.Must(t, "kubectl", "delete", "namespace", "istio-system")
	})

	got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none", "-n", "mesh", "--hub", "registry.example.com/mirror", "--tag", "1.31.0-distroless")
	if got.Code != 0 {
		t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
	}
	if want := u.Must(t, "kubectl", "get", "pods", "-n", "mesh"); !sameTable(got.Stdout, want) || !strings.Contains(want, "istiod-") {
		t.Errorf("install prints\n%sand kubectl\n%s", got.Stdout, want)
	}
	if !sameTable(u.Must(t, "kubectl", "istio-demo", "pods", "-n", "mesh"), got.Stdout) {
		t.Error("pods -n mesh shows something else")
	}
	images := strings.Fields(u.Must(t, "kubectl", "get", "pods", "-n", "mesh", "-o", "jsonpath={.items[*].spec.containers[*].image}"))
	slices.Sort(images)
	want := "registry.example.com/mirror/pilot:1.31.0-distroless registry.example.com/mirror/proxyv2:1.31.0-distroless"
	if joined := strings.Join(slices.Compact(images), " "); joined != want {
		t.Errorf("the images are %s", joined)
	}
	if system := u.Run(t, "kubectl", "get", "namespace", "istio-system"); system.Code == 0 {
		t.Error("install -n mesh created istio-system, too")
	}
}

// sameTable compares tables but for the ages, which pass.
func sameTable(a, b string) bool { return withoutAges(a) == withoutAges(b) }

func withoutAges(table string) string {
	return regexp.MustCompile(`(?m) +\S+$`).ReplaceAllString(table, "")
}

// TestReadsOnce asks for nothing twice that two steps of an install need to
// know before the first write, but for the namespace: the checks and the apply
// read it at the same time, each for itself.
func TestReadsOnce(t *testing.T) {
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	manifest := user.File(t, "mesh.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: once}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: here, namespace: once}\n")
	for _, state := range []string{"new", "there"} {
		recorder.Drain()
		u.Must(t, "kubectl", "istio-demo", "install", "-n", "once", "-f", manifest)
		requests, writes := recorder.Drain()
		if len(writes) == 0 {
			t.Fatalf("%s: nothing was written, of\n%s", state, strings.Join(requests, "\n"))
		}
		asked := map[string]int{}
		for _, request := range requests[:slices.Index(requests, writes[0])] {
			if asked[request]++; asked[request] == 2 && strings.HasPrefix(request, "GET ") && request != "GET /api/v1/namespaces/once" {
				t.Errorf("%s: asked for twice: %s", state, request)
			}
		}
	}
	u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "once", "--yes")
}
