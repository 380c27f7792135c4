package preflight

import (
	"reflect"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestRequested(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	container := func(cpu, memory string) corev1.Container { return corev1.Container{Resources: requests(cpu, memory)} }
	sidecar := func(cpu, memory string) corev1.Container {
		return corev1.Container{Resources: requests(cpu, memory), RestartPolicy: &always}
	}
	limited := func(cpu, memory string) corev1.Container {
		return corev1.Container{Resources: corev1.ResourceRequirements{Limits: resources(cpu, memory)}}
	}
	whole := requests("3", "")
	for _, test := range []struct {
		name string
		pod  corev1.PodSpec
		want string
	}{
		{"nothing", corev1.PodSpec{}, "cpu 0, memory 0, pods 1"},
		{"cpu", corev1.PodSpec{Containers: []corev1.Container{container("100m", "")}}, "cpu 100m, memory 0, pods 1"},
		{"memory is rounded up", corev1.PodSpec{Containers: []corev1.Container{container("", "1000000")}}, "cpu 0, memory 1Mi, pods 1"},
		{"a sum", corev1.PodSpec{Containers: []corev1.Container{container("500m", "1Gi"), container("500m", "512Mi")}}, "cpu 1, memory 1536Mi, pods 1"},
		{"the largest init container", corev1.PodSpec{
			InitContainers: []corev1.Container{container("2", "64Mi"), container("1", "1Gi")},
			Containers:     []corev1.Container{container("500m", "128Mi")},
		}, "cpu 2, memory 1Gi, pods 1"},
		{"a sidecar runs on", corev1.PodSpec{
			InitContainers: []corev1.Container{sidecar("100m", "64Mi"), container("1", "")},
			Containers:     []corev1.Container{container("500m", "")},
		}, "cpu 1100m, memory 64Mi, pods 1"},
		{"a sidecar comes after", corev1.PodSpec{
			InitContainers: []corev1.Container{container("1", ""), sidecar("100m", "")},
			Containers:     []corev1.Container{container("500m", "")},
		}, "cpu 1, memory 0, pods 1"},
		{"limits stand in for requests", corev1.PodSpec{Containers: []corev1.Container{limited("2", "1Gi")}}, "cpu 2, memory 1Gi, pods 1"},
		{"the pod's own", corev1.PodSpec{Resources: &whole, Containers: []corev1.Container{container("1", "1Gi")}}, "cpu 3, memory 1Gi, pods 1"},
		{"overhead", corev1.PodSpec{Overhead: resources("250m", "120Mi"), Containers: []corev1.Container{container("1", "")}}, "cpu 1250m, memory 120Mi, pods 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := test.pod.DeepCopy()
			if got := requested(&test.pod); got.String() != test.want {
				t.Errorf("got %s", got)
			}
			if !reflect.DeepEqual(before, &test.pod) {
				t.Errorf("it has changed: %+v", test.pod)
			}
		})
	}
}
