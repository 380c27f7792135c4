package install

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// targets makes targets of YAML, those of the names in live being there.
func targets(t *testing.T, text string, live ...string) []apply.Target {
	t.Helper()
	content, err := decode.Decode("test", []byte(text), true)
	if err != nil {
		t.Fatal(err)
	}
	var targets []apply.Target
	for _, object := range content.Objects {
		gvk := object.GroupVersionKind()
		target := apply.Target{
			Ref:      manifest.Ref(object.Unstructured),
			Object:   object.Unstructured,
			Resource: gvk.GroupVersion().WithResource(gvk.Kind),
		}
		for _, name := range live {
			if name == object.GetName() {
				target.Live = &metav1.ObjectMeta{}
			}
		}
		targets = append(targets, target)
	}
	return targets
}

func TestWorkloadOf(t *testing.T) {
	const template = "template: {metadata: {labels: {app: a}}, spec: {nodeSelector: {disk: ssd}, containers: []}}"
	for _, test := range []struct {
		name, text string
		// replicas below 0 are for what has no pods.
		replicas int
		eachNode bool
	}{
		{"a Deployment", "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 3, " + template + "}", 3, false},
		{"one by default", "apiVersion: apps/v1\nkind: Deployment\nspec: {" + template + "}", 1, false},
		{"none", "apiVersion: apps/v1\nkind: StatefulSet\nspec: {replicas: 0, " + template + "}", 0, false},
		{"a ReplicationController", "apiVersion: v1\nkind: ReplicationController\nspec: {replicas: 2, " + template + "}", 2, false},
		{"a Job", "apiVersion: batch/v1\nkind: Job\nspec: {parallelism: 4, " + template + "}", 4, false},
		{"a DaemonSet", "apiVersion: apps/v1\nkind: DaemonSet\nspec: {" + template + "}", 1, true},
		{"a CronJob runs later", "apiVersion: batch/v1\nkind: CronJob\nspec: {jobTemplate: {spec: {" + template + "}}}", -1, false},
		{"another group", "apiVersion: example.com/v1\nkind: Deployment\nspec: {" + template + "}", -1, false},
		{"no template", "apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: 3}", -1, false},
		{"a template that is none", "apiVersion: apps/v1\nkind: Deployment\nspec: {template: 5}", -1, false},
		{"quantities that are none", "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{resources: {requests: {cpu: lots}}}]}}}", -1, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			workload, ok := workloadOf(targets(t, test.text+"\nmetadata: {name: a, namespace: mesh}\n")[0])
			if ok != (test.replicas >= 0) {
				t.Fatalf("it has pods: %t", ok)
			}
			if ok && (workload.Replicas != test.replicas || workload.EachNode != test.eachNode || workload.Pod.Labels["app"] != "a" || workload.Pod.Spec.NodeSelector["disk"] != "ssd") {
				t.Errorf("got %+v", workload)
			}
		})
	}
	pod, ok := workloadOf(targets(t, "apiVersion: v1\nkind: Pod\nmetadata: {name: a, labels: {app: a}}\nspec: {nodeName: x}\n", "a")[0])
	if !ok || pod.Replicas != 1 || pod.Pod.Labels["app"] != "a" || pod.Pod.Spec.NodeName != "x" {
		t.Errorf("got %+v", pod)
	}
}

// TestSubject gathers what the checks look at.
func TestSubject(t *testing.T) {
	install := &Install{Cluster: &cluster.Cluster{}, Namespace: manifest.Namespace{Name: "mesh"}}
	on := &resolved{inventory: &applyset.Inventory{Parent: &applyset.Parent{Name: applyset.ParentName, Namespace: "mesh"}}, manifest: manifest.Manifest{MinimumVersion: "1.32"}, targets: targets(t, `
apiVersion: v1
kind: Namespace
metadata: {name: mesh, labels: {team: a}}
---
apiVersion: v1
kind: Service
metadata: {name: edge, namespace: mesh}
spec: {type: LoadBalancer, ports: [{port: 443}, {port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: tcp, namespace: mesh}
spec: {type: LoadBalancer, ports: [{port: 5432}]}
---
apiVersion: v1
kind: Service
metadata: {name: there, namespace: mesh}
spec: {type: LoadBalancer, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: inner, namespace: other, labels: {app: a}}
`, "there")}
	subject := install.subject(on)
	service := schema.GroupVersionResource{Version: "v1", Resource: "Service"}
	want := preflight.Subject{
		MinimumVersion: "1.32",
		Uses: []preflight.Use{
			{Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, Namespace: "mesh", Objects: []preflight.Object{{Name: "istio-demo"}}},
			{Resource: schema.GroupVersionResource{Version: "v1", Resource: "Namespace"}, Objects: []preflight.Object{{Name: "mesh", Labels: map[string]string{"team": "a"}}}},
			{Resource: service, Namespace: "mesh", Objects: []preflight.Object{{Name: "edge"}, {Name: "tcp"}, {Name: "there"}}},
			{Resource: service, Namespace: "other", Objects: []preflight.Object{{Name: "inner", Labels: map[string]string{"app": "a"}}}},
		},
		Namespaces:    []string{"mesh", "other"},
		Creates:       map[string]map[string]string{"mesh": {"team": "a"}},
		LoadBalancers: []preflight.LoadBalancer{{Namespace: "mesh", Name: "edge"}, {Namespace: "mesh", Name: "tcp"}, {Namespace: "mesh", Name: "there"}},
		Fresh:         true,
		Home:          "mesh",
		Roles:         "kubectl istio-demo rbac -n mesh",
		Services:      map[string]bool{"mesh/edge": true, "mesh/tcp": true, "mesh/there": true, "other/inner": true},
		Sizes:         map[string]int{},
	}
	subject.Version = nil // made of no client
	if !reflect.DeepEqual(subject, want) {
		t.Errorf("got\n%+v, want\n%+v", subject, want)
	}
	if got := added(on.targets); !reflect.DeepEqual(got.LoadBalancers, want.LoadBalancers[:2]) {
		t.Errorf("added are %+v", got)
	}
}
