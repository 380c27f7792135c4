package apply

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestWaveOf(t *testing.T) {
	for _, test := range []struct {
		kind string
		want Wave
	}{
		{"Namespace", Definitions},
		{"CustomResourceDefinition.apiextensions.k8s.io", Definitions},
		{"ServiceAccount", Accounts},
		{"ConfigMap", Configuration},
		{"Secret", Configuration},
		{"Service", Configuration},
		{"PersistentVolumeClaim", Configuration},
		{"ClusterRole.rbac.authorization.k8s.io", Accounts},
		{"Role.rbac.authorization.k8s.io", Accounts},
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
		if got := WaveOf(schema.ParseGroupKind(test.kind)); got != test.want {
			t.Errorf("%s is in the wave of %s, not of %s", test.kind, got.Title(), test.want.Title())
		}
	}
}

// TestWaves lists them in order, each with a title of its own.
func TestWaves(t *testing.T) {
	if !slices.IsSorted(Waves) || len(Waves) != int(Admission)+1 {
		t.Errorf("the waves are %v", Waves)
	}
	titles := map[string]bool{}
	for _, wave := range Waves {
		titles[wave.Title()] = true
	}
	if len(titles) != len(Waves) || titles[""] {
		t.Errorf("the titles are %v", titles)
	}
}
