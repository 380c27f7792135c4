package install

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestEstablished touches a CRD that an API server has forgotten to
// establish, once and not before its time, and leaves it as it was.
func TestEstablished(t *testing.T) {
	for _, test := range []struct {
		name, namesAccepted string
		// forgotten is a CRD that only an update establishes.
		forgotten bool
		patches   int
		want      time.Duration
	}{
		{"in time", "True", false, 0, time.Second},
		{"forgotten", "True", true, 2, stuckAfter},
		{"names in question", "Unknown", true, 0, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newCRDServer(t, test.namesAccepted, test.forgotten)
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cluster.ErrTimeout)
				defer cancel()
				if !test.forgotten {
					go func() {
						<-time.After(time.Second)
						server.establish(t)
					}()
				}
				began := time.Now()
				install := &Install{Cluster: &cluster.Cluster{Dynamic: server.client}}
				engine := &apply.Engine{Dynamic: server.client, Sink: func(e event.Event) { t.Errorf("told %T", e) }}
				var told []event.Event
				err := install.established(ctx, engine, []apply.Target{server.target}, []apply.Result{{Ref: server.target.Ref, Stored: server.crd("True", "False")}},
					func(e event.Event) { told = append(told, e) })
				if waiting, is := told[0].(event.Waiting); !is || waiting.Object != server.target.Ref {
					t.Errorf("it tells %v", told)
				}
				if _, is := told[len(told)-1].(event.Ready); is != (err == nil) {
					t.Errorf("it tells %v, and ends with %v", told, err)
				}
				if took := time.Since(began); took < test.want || took > test.want+time.Second || errors.Is(err, cluster.ErrTimeout) != (test.want == time.Minute) {
					t.Errorf("%v after %s", err, took)
				}
				if len(server.patches) != test.patches {
					t.Fatalf("%d patches: %v", len(server.patches), server.patches)
				}
				if test.patches > 0 && (server.patches[0].GetAnnotations()[apply.Touched] == "" || server.patches[1].GetAnnotations() != nil) {
					t.Errorf("the patches are %v", server.patches)
				}
			})
		})
	}
}

// crdServer has one CRD, which is not established.
type crdServer struct {
	client  *fake.FakeDynamicClient
	target  apply.Target
	patches []*unstructured.Unstructured
}

func newCRDServer(t *testing.T, namesAccepted string, onUpdate bool) *crdServer {
	resource := schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	s := &crdServer{}
	object := s.crd(namesAccepted, "False")
	s.client = fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(),
		map[schema.GroupVersionResource]string{resource: "CustomResourceDefinitionList"}, object)
	s.client.PrependReactor("patch", "*", func(action clienttesting.Action) (bool, runtime.Object, error) {
		patch := &unstructured.Unstructured{}
		if err := json.Unmarshal(action.(clienttesting.PatchAction).GetPatch(), &patch.Object); err != nil {
			t.Error(err)
		}
		s.patches = append(s.patches, patch)
		if onUpdate {
			s.establish(t)
		}
		return true, patch, nil
	})
	bare := object.DeepCopy()
	unstructured.RemoveNestedField(bare.Object, "status")
	s.target = apply.Target{
		Ref:      event.Object{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition", Name: object.GetName()},
		Object:   bare,
		Resource: resource,
	}
	return s
}

func (s *crdServer) crd(namesAccepted, established string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "widgets.demo.example.com"},
		"status": map[string]any{"conditions": []any{
			map[string]any{"type": "NamesAccepted", "status": namesAccepted},
			map[string]any{"type": "Established", "status": established, "reason": "Installing"},
		}},
	}}
}

func (s *crdServer) establish(t *testing.T) {
	if err := s.client.Tracker().Update(s.target.Resource, s.crd("True", "True"), ""); err != nil {
		t.Error(err)
	}
}
