package access

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// webPort returns the port for HTTP, or else that for HTTPS.
func webPort(ports []corev1.ServicePort) (corev1.ServicePort, bool) {
	for _, fits := range []func(corev1.ServicePort) bool{
		func(port corev1.ServicePort) bool { return port.Port == 80 },
		func(port corev1.ServicePort) bool { return strings.HasPrefix(port.Name, "http") && !isHTTPS(port) },
		isHTTPS,
	} {
		if i := slices.IndexFunc(ports, fits); i >= 0 {
			return ports[i], true
		}
	}
	return corev1.ServicePort{}, false
}

func isHTTPS(port corev1.ServicePort) bool {
	return port.Port == 443 || strings.HasPrefix(port.Name, "https")
}

// targetPort returns the port of a pod that a Service's port leads to.
func targetPort(pod *corev1.Pod, port corev1.ServicePort) (int, error) {
	if port.TargetPort.Type == intstr.Int {
		if port.TargetPort.IntVal == 0 {
			return int(port.Port), nil
		}
		return int(port.TargetPort.IntVal), nil
	}
	for _, container := range pod.Spec.Containers {
		for _, named := range container.Ports {
			if named.Name == port.TargetPort.StrVal {
				return int(named.ContainerPort), nil
			}
		}
	}
	return 0, fmt.Errorf("pod %s/%s has no port named %q", pod.Namespace, pod.Name, port.TargetPort.StrVal)
}
