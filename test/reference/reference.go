// Package reference has an install that nothing disturbs, for tests that disturb
// theirs: in the end, both have to be the same.
package reference

import (
	"maps"
	"sync"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// Reference is an install of the demo, without addons.
type Reference struct {
	// Added are the objects that it adds to a new cluster.
	Added snapshot.Objects
	// Requests is how many requests it takes.
	Requests int

	before snapshot.Objects
}

var (
	once      sync.Once
	reference Reference
)

// Install gives the reference, and installs it if no test has before.
func Install(t *testing.T) *Reference {
	t.Helper()
	once.Do(func() { t.Run("reference", install) })
	if len(reference.Added) < 46 {
		t.Fatalf("the reference added only %d objects", len(reference.Added))
	}
	return &reference
}

func install(t *testing.T) {
	control := controlplane.Start(t, "reference")
	for _, namespace := range []string{"default", "kube-node-lease", "kube-public", "kube-system"} {
		snapshot.WaitForNamespace(t, user.New(t, control.Kubeconfig), namespace)
	}
	reference.before = snapshot.Take(t, control.Kubeconfig, keepOwnFields)
	proxy := apiproxy.New(t, control.Kubeconfig)
	user.New(t, proxy.Kubeconfig).Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	requests, _ := proxy.Drain()
	reference.Requests = len(requests)
	reference.Added = reference.Additions(t, control)
}

// Additions are the objects that a new cluster does not have.
func (r *Reference) Additions(t *testing.T, control *cluster.Cluster) snapshot.Objects {
	t.Helper()
	added := snapshot.Take(t, control.Kubeconfig, keepOwnFields)
	maps.DeleteFunc(added, func(key string, _ map[string]any) bool { return r.before[key] != nil })
	return added
}

// WantSame fails the test for each difference between a cluster and that of the
// reference.
func (r *Reference) WantSame(t *testing.T, control *cluster.Cluster) {
	t.Helper()
	snapshot.WantEqual(t, r.Added, r.Additions(t, control))
}

// keepOwnFields keeps which fields are ours, without when they were set.
func keepOwnFields(object map[string]any) {
	var own []any
	managers, _, _ := unstructured.NestedSlice(object, "metadata", "managedFields")
	for _, manager := range managers {
		if entry := manager.(map[string]any); entry["manager"] == "kubectl-istio-demo" {
			delete(entry, "time")
			own = append(own, entry)
		}
	}
	object["ownFields"] = own
}
