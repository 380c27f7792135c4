package preflight

import (
	"fmt"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestPasted has names that a shell would run in the remedies.
func TestPasted(t *testing.T) {
	for _, name := range pasted.Names {
		orphan := hook{kind: "mutatingwebhookconfiguration", configuration: name, name: "a", service: &admissionv1.ServiceReference{Namespace: name, Name: name},
			rules: []admissionv1.RuleWithOperations{{
				Operations: []admissionv1.OperationType{admissionv1.OperationAll},
				Rule:       admissionv1.Rule{APIGroups: []string{"*"}, APIVersions: []string{"*"}, Resources: []string{"*"}},
			}}}
		failed := &apierrors.StatusError{ErrStatus: metav1.Status{Message: fmt.Sprintf("failed calling webhook %q: no", "a")}}
		gone := map[string]bool{orphan.serviceName(): true}
		for what, results := range map[string][]Result{
			"orphans":       orphans([]hook{orphan}, gone, nil),
			"unreachable":   attempt{namespace: name, hooks: []hook{orphan}}.judge(failed),
			"loadbalancers": pending([]LoadBalancer{{Namespace: name, Name: name}}),
			"deleted":       {deletedNamespace(name, metav1.Now())},
			"missing":       {missingNamespaces([]string{name})},
		} {
			if len(results) != 1 {
				t.Errorf("%s: %v", what, results)
			}
			for _, result := range results {
				pasted.Check(t, name, result.Remedy)
			}
		}
	}
}
