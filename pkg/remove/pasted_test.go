package remove

import (
	"testing"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestPasted has names that a shell would run in what users are told about
// objects that do not go.
func TestPasted(t *testing.T) {
	for _, name := range pasted.Names {
		object := event.Object{Group: name, Kind: name, Namespace: name, Name: name}
		for _, finalizer := range []string{"example.com/finalizer", apiextensions.CustomResourceCleanupFinalizer} {
			pasted.Check(t, name, Stuck{object, []string{finalizer}}.why())
		}
	}
}
