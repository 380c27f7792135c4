package e2e

import (
	"maps"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// undisturbed is an install that nothing disturbs, for all tests that disturb
// theirs.
var undisturbed = struct {
	once sync.Once
	// before is what a new cluster has, added what the install adds.
	before, added map[string]map[string]any
	// requests is how many requests it takes.
	requests int
}{}

func installUndisturbed(t *testing.T) {
	t.Helper()
	undisturbed.once.Do(func() { t.Run("undisturbed", learnUndisturbed) })
	if len(undisturbed.added) < 46 {
		t.Fatalf("the undisturbed install added only %d objects", len(undisturbed.added))
	}
}

// learnUndisturbed installs on a control plane that ends with it.
func learnUndisturbed(t *testing.T) {
	control := startCluster(t, "undisturbed")
	u := newUser(t, control.Kubeconfig)
	// What controllers put into every namespace comes a moment later.
	for _, namespace := range []string{"default", "kube-node-lease", "kube-public", "kube-system"} {
		for _, object := range []string{"serviceaccount/default", "configmap/kube-root-ca.crt"} {
			u.must(t, "kubectl", "wait", "--for=create", "--timeout=60s", "-n", namespace, object)
		}
	}
	before := contents(t, control.Kubeconfig)
	recorder := newRecorder(t, control.Kubeconfig)
	newUser(t, recorder.kubeconfig).must(t, "kubectl", "istio-demo", "install", "--addons=none")
	requests, _ := recorder.take()
	undisturbed.before, undisturbed.requests = before, len(requests)
	undisturbed.added = additions(t, control)
}

// additions gives what a cluster has that is not there from the start.
func additions(t *testing.T, control *cluster.Cluster) map[string]map[string]any {
	t.Helper()
	added := contents(t, control.Kubeconfig)
	maps.DeleteFunc(added, func(key string, _ map[string]any) bool { return undisturbed.before[key] != nil })
	return added
}

// wantUndisturbed compares a cluster with one whose install nothing disturbed.
func wantUndisturbed(t *testing.T, control *cluster.Cluster) {
	t.Helper()
	for _, difference := range compare(undisturbed.added, additions(t, control)) {
		t.Error(difference)
	}
}

// contents is a snapshot that keeps everything that does not count and date
// by itself, also which fields are ours.
func contents(t *testing.T, kubeconfig string) map[string]map[string]any {
	t.Helper()
	return collect(t, kubeconfig, func(object map[string]any) {
		var ours []any
		managers, _, _ := unstructured.NestedSlice(object, "metadata", "managedFields")
		for _, manager := range managers {
			if entry := manager.(map[string]any); entry["manager"] == "kubectl-istio-demo" {
				delete(entry, "time")
				ours = append(ours, entry)
			}
		}
		forgetIdentity(object)
		object["ours"] = ours
	})
}
