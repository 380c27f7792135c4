package cluster

import (
	"net/http"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// TestBusyServer repeats a deletion that names the UID, and no other.
func TestBusyServer(t *testing.T) {
	uid := types.UID("7")
	for name, test := range map[string]struct {
		preconditions *metav1.Preconditions
		requests      int
	}{
		"with a UID":    {&metav1.Preconditions{UID: &uid}, 2},
		"without a UID": {nil, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				requests := 0
				cluster, err := Connect(inmemory.Config(func(*http.Request) any {
					if requests++; requests == 1 {
						return inmemory.Fails(http.StatusServiceUnavailable, metav1.StatusReasonServiceUnavailable, "busy")
					}
					return metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess, Code: http.StatusOK}
				}), nil)
				if err != nil {
					t.Fatal(err)
				}
				err = cluster.Core.ConfigMaps("mesh").Delete(t.Context(), "a", metav1.DeleteOptions{Preconditions: test.preconditions})
				if requests != test.requests || (err == nil) != (test.requests == 2) {
					t.Errorf("%d requests, %v", requests, err)
				}
			})
		})
	}
}
