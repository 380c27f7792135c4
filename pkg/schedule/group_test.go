package schedule

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestGroupOf(t *testing.T) {
	for _, test := range []struct {
		kind string
		want Group
	}{
		{"Namespace", CRDs},
		{"CustomResourceDefinition.apiextensions.k8s.io", CRDs},
		{"ServiceAccount", ServiceAccounts},
		{"ConfigMap", Configuration},
		{"Secret", Configuration},
		{"Service", Configuration},
		{"PersistentVolumeClaim", Configuration},
		{"ClusterRole.rbac.authorization.k8s.io", ServiceAccounts},
		{"Role.rbac.authorization.k8s.io", ServiceAccounts},
		{"RoleBinding.rbac.authorization.k8s.io", Configuration},
		{"Secret", Configuration},
		{"PodDisruptionBudget.policy", Configuration},
		{"NetworkPolicy.networking.k8s.io", Configuration},
		{"PriorityClass.scheduling.k8s.io", Configuration},
		{"Pod", Workloads},
		{"ReplicationController", Workloads},
		{"Deployment.apps", Workloads},
		{"Deployment.extensions", Workloads},
		{"Job.batch", Workloads},
		{"HorizontalPodAutoscaler.autoscaling", Workloads},
		{"Gateway.networking.istio.io", Workloads},
		{"Widget.demo.example.com", Workloads},
		// Namesakes in groups of their own.
		{"Namespace.demo.example.com", Workloads},
		{"Pod.metrics.k8s.io", Configuration},
		{"MutatingWebhookConfiguration.admissionregistration.k8s.io", Admission},
		{"ValidatingAdmissionPolicy.admissionregistration.k8s.io", Admission},
		{"APIService.apiregistration.k8s.io", Admission},
	} {
		if got := GroupOf(schema.ParseGroupKind(test.kind)); got != test.want {
			t.Errorf("%s is in the group of %s, not of %s", test.kind, got.Title(), test.want.Title())
		}
	}
}

// TestGroups lists them in order, each with a title of its own.
func TestGroups(t *testing.T) {
	if !slices.IsSorted(Groups) || len(Groups) != int(Admission)+1 {
		t.Errorf("the groups are %v", Groups)
	}
	titles := map[string]bool{}
	for _, group := range Groups {
		titles[group.Title()] = true
	}
	if len(titles) != len(Groups) || titles[""] {
		t.Errorf("the titles are %v", titles)
	}
}
