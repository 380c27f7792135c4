package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/builtin"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/addon"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// workloadBatches returns "a b" for each batch of workloads, and behind it what it
// waits for.
func workloadBatches(objects []*unstructured.Unstructured, options Options) []string {
	name := func(n int) string { return objects[n].GetName() }
	var all []string
	for _, phase := range New(objects, options).Phases {
		for _, batch := range phase.Batches {
			if !batch.Runs() {
				continue
			}
			var names []string
			for _, n := range batch.Objects {
				names = append(names, name(n))
			}
			text := strings.Join(names, " ")
			if batch.Waits() {
				text += ": " + batch.Why(name)
			}
			all = append(all, text)
		}
	}
	return all
}

// TestOrderOfDemo has the real charts: that istiod writes what the gateways mount
// follows from its roles, and nothing has to wait that exists.
func TestOrderOfDemo(t *testing.T) {
	demo, err := builtin.Demo(builtin.Options{Namespace: "istio-system", Addons: addon.Names()})
	if err != nil {
		t.Fatal(err)
	}
	objects := sorted(demo.Objects)
	needs := "waiting for ConfigMap istio-ca-root-cert, which istiod writes"
	behind := "waiting until the pods of istiod, istio-ingressgateway and istio-egressgateway begin to start"
	all := func(int) bool { return true }
	for _, test := range []struct {
		name    string
		isNew   func(int) bool
		present string // a part of the names of images
		want    []string
	}{
		{"all new", all, "none", []string{
			"istiod", "istio-ingressgateway istio-egressgateway: " + needs, "grafana jaeger kiali prometheus: " + behind,
		}},
		{"all images there", all, "", []string{
			"istiod", "istio-ingressgateway istio-egressgateway: waiting until istiod is ready",
			"grafana jaeger kiali prometheus: waiting until the pods of istiod begin to start",
		}},
		{"the proxy's image there", all, "proxyv2", []string{
			"istiod", "istio-ingressgateway istio-egressgateway: waiting until istiod is ready",
			"grafana jaeger kiali prometheus: waiting until the pods of istiod begin to start",
		}},
		{"another image there", all, "pilot", []string{
			"istiod", "istio-ingressgateway istio-egressgateway: " + needs, "grafana jaeger kiali prometheus: " + behind,
		}},
		{"addons new", func(n int) bool { return !strings.HasPrefix(objects[n].GetName(), "istio") }, "", []string{
			"istiod istio-ingressgateway istio-egressgateway grafana jaeger kiali prometheus",
		}},
		{"a gateway new", func(n int) bool { return objects[n].GetName() == "istio-egressgateway" }, "none", []string{
			"istiod istio-ingressgateway grafana jaeger kiali prometheus", "istio-egressgateway: " + needs,
		}},
		{"nothing held", nil, "", []string{"istiod istio-ingressgateway istio-egressgateway grafana jaeger kiali prometheus"}},
	} {
		present := func(image string) bool { return strings.Contains(image, test.present) }
		if got := workloadBatches(objects, Options{New: test.isNew, Present: present}); !slices.Equal(got, test.want) {
			t.Errorf("%s: the batches are\n%s\nwant\n%s", test.name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
		}
	}
}

// TestMeshOfDemo says what has to run before what uses the mesh.
func TestMeshOfDemo(t *testing.T) {
	demo, err := builtin.Demo(builtin.Options{Namespace: "istio-system", Addons: addon.Names()})
	if err != nil {
		t.Fatal(err)
	}
	objects := sorted(demo.Objects)
	var got []string
	for _, phase := range New(objects, Options{}).Phases {
		for _, n := range slices.Concat(phase.Writers, phase.Mesh) {
			got = append(got, objects[n].GetName())
		}
	}
	if want := []string{"istiod", "istio-ingressgateway", "istio-egressgateway"}; !slices.Equal(got, want) {
		t.Errorf("the mesh is %q, want %q", got, want)
	}
}

// account binds a ServiceAccount of namespace mesh to a role in a namespace, or
// everywhere, that may create something.
func account(name, namespace, resource, verb, names string) string {
	prefix, metadata := "", fmt.Sprintf("name: %s, namespace: %q", name, namespace)
	if namespace == "" {
		prefix = "Cluster"
	}
	return fmt.Sprintf(`apiVersion: rbac.authorization.k8s.io/v1
kind: %[1]sRole
metadata: {%[2]s}
rules: [{apiGroups: [""], resources: [%[3]s], verbs: [get, %[4]s], resourceNames: [%[5]s]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: %[1]sRoleBinding
metadata: {%[2]s}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: %[1]sRole, name: %[6]s}
subjects: [{kind: ServiceAccount, name: %[6]s, namespace: mesh}]
`, prefix, metadata, resource, verb, names, name)
}

// TestOrder puts what writes before what runs on each node or has a proxy, and both
// before the rest.
func TestOrder(t *testing.T) {
	deployment := func(name string, fields ...string) string {
		return fixture.Workload("Deployment", "mesh", name, append(fields, "serviceAccountName: "+name)...)
	}
	mounts := func(name string) string { return "volumes: [{name: a, secret: {secretName: " + name + "}}]" }
	proxy := "initContainers: [{name: istio-proxy, image: proxy}]"
	const secrets, all = "secrets", "'*'"
	for _, test := range []struct {
		name    string
		objects []string
		want    []string
	}{
		{"as in 2018", []string{
			deployment("app"), deployment("citadel"), deployment("galley", mounts("galley")), deployment("gateway", proxy),
			fixture.Workload("DaemonSet", "mesh", "node"), account("citadel", "", secrets, "create", ""),
		}, []string{
			"citadel", "gateway node: waiting until the pods of citadel begin to start",
			"app: waiting until the pods of citadel, gateway and node begin to start",
			"galley: waiting for Secret galley, which citadel writes",
		}},
		{"several may write", []string{
			deployment("a"), deployment("b"), deployment("c", mounts("s")), account("a", "mesh", all, "create", ""), account("b", "", all, all, ""),
		}, []string{"a b", "c: waiting for Secret s"}},
		{"nobody may write", []string{
			deployment("a"), deployment("b"), deployment("c", mounts("s")), deployment("d", mounts("s")),
			account("a", "", secrets, "create", "s"), account("b", "elsewhere", secrets, "create", ""), account("d", "", secrets, "create", ""),
		}, []string{"a b", "c d: waiting for Secret s"}},
		{"an administrator", []string{
			deployment("a"), deployment("c", mounts("s")),
			strings.Replace(strings.SplitN(account("a", "", secrets, "get", ""), "---\n", 2)[1], "ClusterRole, name: a", "ClusterRole, name: cluster-admin", 1),
		}, []string{"a", "c: waiting for Secret s, which a writes"}},
		{"it is in the manifest", []string{
			deployment("a"), deployment("c", mounts("s")), "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: mesh}\n",
		}, []string{"a c"}},
		{"different needs", []string{deployment("c", mounts("s")), deployment("d", mounts("t"))},
			[]string{"c: waiting for Secret s", "d: waiting for Secret t"}},
		{"not started yet", []string{
			deployment("c", mounts("s")), "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: c, namespace: mesh}\n",
		}, []string{"c", "c: waiting for Secret s"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := decode.Decode("a.yaml", []byte(fixture.Join(test.objects...)), true)
			if err != nil {
				t.Fatal(err)
			}
			if got := workloadBatches(sorted(content.Objects), Options{New: func(int) bool { return true }}); !slices.Equal(got, test.want) {
				t.Errorf("the batches are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
