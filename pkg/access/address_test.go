package access

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func node(name string, ready bool, addresses ...string) corev1.Node {
	node := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
	for i := 0; i < len(addresses); i += 2 {
		node.Status.Addresses = append(node.Status.Addresses, corev1.NodeAddress{Type: corev1.NodeAddressType(addresses[i]), Address: addresses[i+1]})
	}
	if ready {
		node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}}
	}
	return node
}

func TestBestAddress(t *testing.T) {
	inside := node("inside", true, "Hostname", "inside", "InternalIP", "10.0.0.1")
	outside := node("outside", true, "InternalIP", "10.0.0.2", "ExternalIP", "203.0.113.2")
	down := node("down", false, "ExternalIP", "203.0.113.3")
	odd := node("odd", true, "ExternalIP", "$(reboot)", "InternalIP", "10.0.0.4")
	for _, test := range []struct {
		nodes      []corev1.Node
		name, host string
	}{
		{nil, "", ""},
		{[]corev1.Node{node("bare", true, "Hostname", "bare")}, "", ""},
		{[]corev1.Node{inside, outside}, "outside", "203.0.113.2"},
		{[]corev1.Node{down, inside}, "inside", "10.0.0.1"},
		{[]corev1.Node{down}, "down", "203.0.113.3"},
		{[]corev1.Node{odd}, "odd", "10.0.0.4"},
	} {
		if name, host, _ := bestAddress(test.nodes); name != test.name || host != test.host {
			t.Errorf("it is %s at %s and not %s at %s", name, host, test.name, test.host)
		}
	}
}

func TestWebPort(t *testing.T) {
	status, plain := corev1.ServicePort{Name: "status-port", Port: 15021}, corev1.ServicePort{Name: "http2", Port: 8000}
	usual, secure := corev1.ServicePort{Name: "web", Port: 80}, corev1.ServicePort{Name: "https", Port: 8443}
	for _, test := range []struct {
		ports []corev1.ServicePort
		want  string
	}{
		{nil, ""},
		{[]corev1.ServicePort{status}, ""},
		{[]corev1.ServicePort{status, secure}, "https"},
		{[]corev1.ServicePort{status, secure, plain}, "http2"},
		{[]corev1.ServicePort{secure, plain, usual}, "web"},
	} {
		if got, ok := webPort(test.ports); got.Name != test.want || ok != (test.want != "") {
			t.Errorf("of %v it is %q", test.ports, got.Name)
		}
	}
}

func TestTargetPort(t *testing.T) {
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Ports: []corev1.ContainerPort{{Name: "web", ContainerPort: 8080}}}}}}
	for _, test := range []struct {
		target intstr.IntOrString
		want   int
	}{
		{intstr.FromInt32(8443), 8443},
		{intstr.IntOrString{}, 80},
		{intstr.FromString("web"), 8080},
		{intstr.FromString("nope"), 0},
	} {
		got, err := targetPort(pod, corev1.ServicePort{Port: 80, TargetPort: test.target})
		if got != test.want || (err != nil) != (test.want == 0) {
			t.Errorf("%v leads to %d, %v", test.target, got, err)
		}
	}
}

func TestReachURL(t *testing.T) {
	a := &Address{Namespace: "istio-system", Gateway: DefaultGateway}
	plain, secure := corev1.ServicePort{Port: 80}, corev1.ServicePort{Port: 443}
	for _, test := range []struct {
		host string
		port int
		of   corev1.ServicePort
		want string
	}{
		{"203.0.113.1", 80, plain, "http://203.0.113.1"},
		{"203.0.113.1", 443, secure, "https://203.0.113.1"},
		{"lb.example.com", 30080, plain, "http://lb.example.com:30080"},
		{"2001:db8::1", 80, plain, "http://[2001:db8::1]"},
		{"2001:db8::1", 30443, secure, "https://[2001:db8::1]:30443"},
	} {
		if got := a.reach(ViaNodePort, test.host, test.port, test.of, "").URL; got != test.want {
			t.Errorf("it is %s and not %s", got, test.want)
		}
	}
}
