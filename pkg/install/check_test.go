package install

import (
	"reflect"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// TestConflictResults wants a result for each refusal, whatever its texts have in
// them.
func TestConflictResults(t *testing.T) {
	ref := event.Object{Kind: "ConfigMap", Namespace: "mesh", Name: "a"}
	got := conflictResults([]*apply.RefusalError{
		{Source: "a; b.yaml", Ref: ref, Message: `"argo" owns .data.a; "kubectl" owns .data.b`, Remedy: "leave them; or take them over"},
		{Source: "c.yaml", Ref: ref, Message: "denied"},
	})
	want := []preflight.Result{
		{Name: "conflicts", Verdict: preflight.Fail, Message: `a; b.yaml: configmap mesh/a: "argo" owns .data.a; "kubectl" owns .data.b`, Remedy: "leave them; or take them over"},
		{Name: "conflicts", Verdict: preflight.Fail, Message: "c.yaml: configmap mesh/a: denied"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the results are\n%+v, want\n%+v", got, want)
	}
}

// TestCheckKinds does the same for kinds.
func TestCheckKinds(t *testing.T) {
	object := manifest.Object{Unstructured: &unstructured.Unstructured{}, Source: manifest.Source{File: "a; b.yaml", Document: 1, Line: 1}}
	object.SetAPIVersion("example.com/v1")
	object.SetKind("Thing")
	object.SetName("a")
	gone := apiupgrade.Refusal{
		Object: event.Object{Kind: "PetSet", Name: "a"}, Source: "a; b.yaml",
		Why: &apiupgrade.UnsupportedError{Removed: "1.5", Remedy: "write it as a StatefulSet"},
	}
	gone.Why.Kind.Kind = "PetSet"
	known, got := (&Install{}).checkKinds(apiupgrade.Upgraded{Objects: []manifest.Object{object, object}, Refused: []apiupgrade.Refusal{gone}}, discover.Standard())
	want := []preflight.Result{
		{Name: "kinds", Verdict: preflight.Fail, Message: "a; b.yaml: petset a: kind PetSet in version  was removed in Kubernetes 1.5", Remedy: "write it as a StatefulSet, or skip it with --skip-unsupported"},
		{Name: "kinds", Verdict: preflight.Fail, Message: "a; b.yaml, document 1 (line 1): thing a: neither the cluster nor the manifest defines kind Thing in version example.com/v1", Remedy: "add its CRD, or check the spelling"},
	}
	if len(known) != 0 || !reflect.DeepEqual(got, want) {
		t.Errorf("the results are\n%+v, want\n%+v", got, want)
	}
}
