package addon

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// TestServices are the ports that istioctl, Kiali and proxies know, and leads
// each of them to a port of the pods that the Service selects.
func TestServices(t *testing.T) {
	want := []string{
		"grafana 3000→3000", "jaeger-collector 14250→14250", "jaeger-collector 14268→14268", "jaeger-collector 4317→4317",
		"jaeger-collector 4318→4318", "jaeger-collector 9411→9411", "kiali 20001→20001", "kiali 9090→9090",
		"prometheus 9090→9090", "tracing 16685→16685", "tracing 80→16686", "zipkin 9411→9411",
	}
	objects := all(t, "istio-system", "")
	var got []string
	for _, service := range typed[corev1.Service](t, objects, "Service") {
		selected := 0
		for _, deployment := range deployments(t, objects) {
			if !labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(deployment.Spec.Template.Labels)) {
				continue
			}
			selected++
			for _, port := range service.Spec.Ports {
				got = append(got, fmt.Sprintf("%s %d→%d", service.Name, port.Port, containerPort(t, deployment, port.TargetPort.String())))
				if protocol, _, _ := strings.Cut(port.Name, "-"); protocol != "http" && protocol != "grpc" {
					t.Errorf("%s: Istio learns no protocol from the name %q of a port", service.Name, port.Name)
				}
			}
		}
		if selected != 1 {
			t.Errorf("service %s selects the pods of %d deployments", service.Name, selected)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// containerPort gives the number of a port of the pods, which has a name.
func containerPort(t *testing.T, deployment appsv1.Deployment, name string) int32 {
	t.Helper()
	for _, port := range deployment.Spec.Template.Spec.Containers[0].Ports {
		if port.Name == name {
			return port.ContainerPort
		}
	}
	t.Errorf("the pods of %s have no port %q", deployment.Name, name)
	return 0
}

// TestLabels are what istioctl dashboard selects pods by
// (istioctl/pkg/dashboard of istio.io/istio), and what keeps sidecars out.
func TestLabels(t *testing.T) {
	selectors := map[string]string{
		"grafana": "app.kubernetes.io/name=grafana", "jaeger": "app=jaeger",
		"kiali": "app=kiali", "prometheus": "app.kubernetes.io/name=prometheus",
	}
	for _, deployment := range deployments(t, all(t, "istio-system", "")) {
		of := labels.Set(deployment.Spec.Template.Labels)
		for name, selector := range selectors {
			parsed, err := labels.Parse(selector)
			if err != nil {
				t.Fatal(err)
			}
			if parsed.Matches(of) != (name == deployment.Name) {
				t.Errorf("%s is wrong about the pods of %s", selector, deployment.Name)
			}
		}
		if of["sidecar.istio.io/inject"] != "false" {
			t.Errorf("the pods of %s get a sidecar", deployment.Name)
		}
		if !labels.SelectorFromSet(deployment.Spec.Selector.MatchLabels).Matches(of) {
			t.Errorf("deployment %s does not select its own pods", deployment.Name)
		}
	}
	for _, object := range all(t, "istio-system", "") {
		if object.GetLabels()["app.kubernetes.io/part-of"] != "istio-demo" || object.GetLabels()["app.kubernetes.io/name"] == "" {
			t.Errorf("%s %s has the labels %v", object.GetKind(), object.GetName(), object.GetLabels())
		}
	}
}

// TestSecurity holds every pod to the Pod Security Standard "restricted", and
// to a file system that it cannot write to.
func TestSecurity(t *testing.T) {
	for _, deployment := range deployments(t, all(t, "istio-system", "")) {
		pod := deployment.Spec.Template.Spec
		if of := pod.SecurityContext; of == nil || !*of.RunAsNonRoot || *of.RunAsUser == 0 || of.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault {
			t.Errorf("%s: the pod has the security context %v", deployment.Name, of)
		}
		for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
			of := container.SecurityContext
			if of == nil || *of.AllowPrivilegeEscalation || !*of.ReadOnlyRootFilesystem || !slices.Equal(of.Capabilities.Drop, []corev1.Capability{"ALL"}) {
				t.Errorf("%s: the container has the security context %v", deployment.Name, of)
			}
		}
		talks := deployment.Name == "prometheus" || deployment.Name == "kiali"
		if mounted := pod.AutomountServiceAccountToken == nil; mounted != talks {
			t.Errorf("%s: has a token is %t", deployment.Name, mounted)
		}
	}
}

// TestRoles lets nobody write, nor read Secrets or logs.
func TestRoles(t *testing.T) {
	objects := all(t, "istio-system", "")
	for _, role := range typed[rbacv1.ClusterRole](t, objects, "ClusterRole") {
		for _, rule := range role.Rules {
			if !slices.Equal(rule.Verbs, []string{"get", "list", "watch"}) || len(rule.NonResourceURLs) > 0 {
				t.Errorf("%s may %q %q", role.Name, rule.Verbs, rule.NonResourceURLs)
			}
			for _, group := range rule.APIGroups {
				open := slices.Contains(rule.Resources, "*") && !strings.Contains(group, "istio.io") && !strings.Contains(group, "networking.k8s.io")
				if group == "*" || open || slices.Contains(rule.Resources, "secrets") || slices.Contains(rule.Resources, "pods/log") {
					t.Errorf("%s may read %q of %q", role.Name, rule.Resources, group)
				}
			}
		}
	}
	accounts := map[string]bool{}
	for _, account := range typed[corev1.ServiceAccount](t, objects, "ServiceAccount") {
		accounts[account.Name] = true
	}
	for _, binding := range typed[rbacv1.ClusterRoleBinding](t, objects, "ClusterRoleBinding") {
		if binding.RoleRef.Name != binding.Name || len(binding.Subjects) != 1 || !accounts[binding.Subjects[0].Name] || binding.Subjects[0].Namespace != "istio-system" {
			t.Errorf("%s binds %v to %v", binding.Name, binding.RoleRef, binding.Subjects)
		}
	}
	for _, deployment := range deployments(t, objects) {
		if !accounts[deployment.Spec.Template.Spec.ServiceAccountName] {
			t.Errorf("%s runs as %q", deployment.Name, deployment.Spec.Template.Spec.ServiceAccountName)
		}
	}
}

// TestVolumes finds each ConfigMap and key that is mounted, mounts each volume,
// and bounds those that can be written to.
func TestVolumes(t *testing.T) {
	objects := all(t, "istio-system", "")
	files := configuration(t, objects)
	mounted := map[string]bool{}
	for _, deployment := range deployments(t, objects) {
		volumes := map[string]corev1.Volume{}
		for _, volume := range deployment.Spec.Template.Spec.Volumes {
			volumes[volume.Name] = volume
		}
		used := map[string]bool{}
		for _, mount := range deployment.Spec.Template.Spec.Containers[0].VolumeMounts {
			volume, exists := volumes[mount.Name]
			used[mount.Name] = true
			switch {
			case !exists:
				t.Errorf("%s mounts %s, which does not exist", deployment.Name, mount.Name)
			case volume.EmptyDir != nil:
				if volume.EmptyDir.SizeLimit.IsZero() {
					t.Errorf("%s: volume %s has no limit", deployment.Name, mount.Name)
				}
			default:
				found := false
				for file := range files {
					if file == volume.ConfigMap.Name+"/"+mount.SubPath || mount.SubPath == "" && strings.HasPrefix(file, volume.ConfigMap.Name+"/") {
						mounted[file], found = true, true
					}
				}
				if !found || !mount.ReadOnly {
					t.Errorf("%s mounts %s of ConfigMap %s", deployment.Name, mount.SubPath, volume.ConfigMap.Name)
				}
			}
		}
		if len(used) != len(volumes) {
			t.Errorf("%s has %d volumes and mounts %d", deployment.Name, len(volumes), len(used))
		}
	}
	for file := range maps.Keys(files) {
		if !mounted[file] {
			t.Errorf("nobody mounts %s", file)
		}
	}
}

// TestProbes names ports that exist, and requests what a laptop has.
func TestProbes(t *testing.T) {
	var cpu, memory int64
	for _, deployment := range deployments(t, all(t, "istio-system", "")) {
		container := deployment.Spec.Template.Spec.Containers[0]
		for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
			if probe == nil || probe.HTTPGet == nil {
				t.Fatalf("%s lacks a probe", deployment.Name)
			}
			containerPort(t, deployment, probe.HTTPGet.Port.String())
		}
		requests, limits := container.Resources.Requests, container.Resources.Limits
		if limits.Memory().Cmp(*requests.Memory()) < 0 || requests.Memory().IsZero() || requests.Cpu().IsZero() {
			t.Errorf("%s requests %v and has the limits %v", deployment.Name, requests, limits)
		}
		cpu += requests.Cpu().MilliValue()
		memory += requests.Memory().Value() >> 20
	}
	if cpu != 110 || memory != 576 {
		t.Errorf("together they request %dm CPU and %d MiB", cpu, memory)
	}
}
